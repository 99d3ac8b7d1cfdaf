//! The recorder against a real broker, and a store that fails when it is told to.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use posthaste_bus::{Authority, BusConfig, attempts::AttemptBatch};
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptNo, DeadLetter, DeathReason, Delivery, EndpointId, Event,
    MessageId, OrgId, Trigger,
};
use posthaste_service::{Reader, ShutdownConfig, Vars, stop::Stopped};
use posthaste_testkit::NatsServer;

use super::{
    super::fake_store::{FakeStore, Mood},
    *,
};
use crate::freshness::Fresh;

/// How long anything may take that is to happen at all.
const SOON: Duration = Duration::from_secs(20);

/// A broker, a store, and whoever records from one into the other.
struct Bed {
    nats: NatsServer,
    bus: Bus,
    store: Arc<FakeStore>,
}

/// One process that records.
struct Recording {
    kit: Kit,
    freshness: Freshness,
}

impl Bed {
    async fn start() -> Self {
        let nats = NatsServer::start().await;
        let vars = Vars::from_pairs([
            ("POSTHASTE_NATS_URLS", nats.url()),
            ("POSTHASTE_NATS_EVENTS_MAX_BYTES", (64 << 20).to_string()),
            ("POSTHASTE_NATS_ATTEMPTS_MAX_BYTES", (64 << 20).to_string()),
            ("POSTHASTE_NATS_DEAD_LETTERS_MAX_BYTES", (64 << 20).to_string()),
        ]);
        let mut reader = Reader::new(&vars);
        let bus = Bus::connect(BusConfig::read(&mut reader, "test")).await.unwrap();
        bus.ensure_topology(Authority::Owner).await.unwrap();
        Self { nats, bus, store: Arc::default() }
    }

    async fn record(&self) -> Recording {
        let kit = Kit::new();
        let within = Duration::from_millis(500);
        let freshness = Freshness::start(self.bus.clone(), within, &kit.registry).unwrap();
        let store = Arc::clone(&self.store) as History;
        let metrics = RecorderMetrics::register(&kit.registry).unwrap();
        Recorder::start(&self.bus, store, freshness.clone(), metrics, &kit).await.unwrap();
        Recording { kit, freshness }
    }

    /// Puts a message, its attempt and its dead letter into the streams.
    async fn put(&self) -> String {
        let event = event();
        let attempt = attempt(&event);
        self.bus.accept(&event, Bytes::from_static(b"{}")).await.unwrap();
        let mut attempts = AttemptBatch::default();
        attempts.push(&attempt).unwrap();
        self.bus.record(&attempts).await.unwrap();
        let letter = letter(&event, &attempt);
        self.bus.bury(&letter, Bytes::from_static(b"{}")).await.unwrap();
        event.id.to_string()
    }

    async fn pending(&self) -> u64 {
        self.bus.feed_progress().await.unwrap().map(|progress| progress.pending()).iter().sum()
    }

    async fn tries(&self, at_least: usize) {
        let mut tries = self.store.tries.subscribe();
        let reached = tries.wait_for(|tries| *tries >= at_least);
        timeout(SOON, reached).await.expect("the store is tried").unwrap();
    }
}

impl Recording {
    async fn stop(self, drain: Duration) -> Stopped {
        self.kit.shut_down(&ShutdownConfig { drain, delay: Duration::ZERO }).await
    }

    async fn until_fresh(&self) {
        let fresh = async { while self.freshness.wait().await == Fresh::Behind {} };
        timeout(SOON, fresh).await.expect("history is up to date");
    }
}

fn event() -> Event {
    let now = clock::now().into();
    Event {
        occurrence: posthaste_domain::Occurrence::default(),
        id: MessageId::generate(now, &mut rand::rng()),
        org: OrgId::generate(now, &mut rand::rng()),
        app: AppId::generate(now, &mut rand::rng()),
        event_type: "chargeback.created".parse().unwrap(),
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        idempotency_key: None,
        retention_hours: Event::RETENTION_HOURS,
        deliver_at: None,
        content_type: None,
        accepted_at: now,
    }
}

fn attempt(event: &Event) -> Attempt {
    let now = clock::now().into();
    Attempt {
        profile: None,
        warning: None,
        id: AttemptId::generate(now, &mut rand::rng()),
        org: event.org.clone(),
        app: event.app.clone(),
        message: event.id.clone(),
        event_type: event.event_type.clone(),
        channels: Vec::new(),
        tags: Vec::new(),
        lane: None,
        endpoint: EndpointId::generate(now, &mut rand::rng()),
        url: "https://example.com/".into(),
        number: AttemptNo::FIRST,
        trigger: Trigger::Scheduled,
        started_at: now,
        duration_ms: 12,
        status: Some(200),
        failure: None,
        refusal: None,
        response: String::new(),
        next_attempt: None,
    }
}

fn letter(event: &Event, attempt: &Attempt) -> DeadLetter {
    let (message, app) = (event.id.clone(), event.app.clone());
    let first = Delivery::first(message, app, attempt.endpoint.clone(), 1);
    DeadLetter {
        event: Some(event.clone()),
        delivery: first.after(attempt.summary()),
        reason: DeathReason::Exhausted,
        url: None,
        died_at: clock::now().into(),
    }
}

#[tokio::test]
async fn what_was_confirmed_before_a_question_is_in_history_when_it_is_answered() {
    let bed = Bed::start().await;
    let recording = bed.record().await;
    assert_eq!(recording.freshness.wait().await, Fresh::UpToDate, "nothing has happened");
    for round in 1..=5 {
        let message = bed.put().await;
        assert_eq!(recording.freshness.wait().await, Fresh::UpToDate);
        let rows = bed.store.rows();
        assert!(rows.messages.contains(&message));
        assert_eq!((rows.attempts.len(), rows.dead_letters.len()), (round, round));
        assert_eq!(rows.given, 3 * round, "nothing was written twice");
    }
    assert_eq!(recording.stop(SOON).await, Stopped::Drained);
}

/// Whatever questions are shared, nobody is told by what was known before it came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_wait_each_finds_its_own() {
    let bed = Arc::new(Bed::start().await);
    let recording = bed.record().await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (bed, freshness) = (Arc::clone(&bed), recording.freshness.clone());
        callers.spawn(async move {
            for _ in 0..10 {
                let message = bed.put().await;
                while freshness.wait().await == Fresh::Behind {}
                assert!(bed.store.rows().messages.contains(&message), "it was not recorded yet");
            }
        });
    }
    timeout(3 * SOON, callers.join_all()).await.expect("all are answered");
    assert_eq!(bed.store.rows().messages.len(), 500);
}

#[tokio::test]
async fn a_store_that_fails_is_tried_again_and_loses_nothing() {
    let bed = Bed::start().await;
    bed.store.mood.send_replace(Mood::Failing);
    let recording = bed.record().await;
    let message = bed.put().await;
    bed.tries(3).await;
    assert_eq!(bed.pending().await, 3, "what is not stored is not acknowledged");
    assert_eq!(recording.freshness.wait().await, Fresh::Behind);
    assert!(!recording.kit.stop.intake.is_cancelled());
    // More than one batch holds, and more than may be asked for: it waits in the streams.
    let mut more = Vec::new();
    for _ in 0..50 {
        more.push(bed.put().await);
    }
    bed.store.mood.send_replace(Mood::Taking);
    recording.until_fresh().await;
    let rows = bed.store.rows();
    assert!(rows.messages.contains(&message) && rows.messages.len() == 51);
    assert_eq!((rows.attempts.len(), rows.dead_letters.len()), (51, 51));
    assert!(more.iter().all(|message| rows.messages.contains(message)));
}

#[tokio::test]
async fn a_batch_in_hand_is_finished_when_the_process_stops() {
    let bed = Bed::start().await;
    bed.store.mood.send_replace(Mood::Silent);
    let recording = bed.record().await;
    bed.put().await;
    bed.tries(1).await;
    let stop = recording.kit.stop.intake.clone();
    let stopping = tokio::spawn(recording.stop(SOON));
    stop.cancelled().await;
    bed.store.mood.send_replace(Mood::Taking);
    assert_eq!(stopping.await.unwrap(), Stopped::Drained);
    assert_eq!(bed.store.rows().messages.len(), 1);
}

#[tokio::test]
async fn what_the_store_does_not_take_is_left_to_the_next_process() {
    for (mood, drain) in [(Mood::Failing, SOON), (Mood::Silent, Duration::from_millis(200))] {
        let bed = Bed::start().await;
        bed.store.mood.send_replace(mood);
        let recording = bed.record().await;
        bed.put().await;
        bed.tries(1).await;
        let began = Instant::now();
        recording.stop(drain).await;
        assert!(began.elapsed() < SOON / 2, "{mood:?}: it waited for a store that does not answer");
        bed.store.mood.send_replace(Mood::Taking);
        let next = bed.record().await;
        // Well before the broker's own patience is over.
        next.until_fresh().await;
        assert_eq!(bed.store.rows().given, 3, "{mood:?}");
    }
}

#[tokio::test]
async fn two_processes_share_the_work() {
    let bed = Bed::start().await;
    let (one, other) = (bed.record().await, bed.record().await);
    for _ in 0..100 {
        bed.put().await;
    }
    // Either's question is answered for what the other has recorded.
    one.until_fresh().await;
    other.until_fresh().await;
    let rows = bed.store.rows();
    assert_eq!((rows.messages.len(), rows.given), (100, 300));
    let by = |recording: &Recording| {
        recording.kit.registry.gather().iter().any(|family| {
            family.name() == "posthaste_history_batch_rows"
                && family.get_metric()[0].get_histogram().get_sample_sum() > 0.0
        })
    };
    assert!(by(&one) && by(&other), "one of them recorded nothing");
}

#[tokio::test]
async fn recording_and_waiting_outlive_the_broker() {
    let mut bed = Bed::start().await;
    let recording = bed.record().await;
    bed.put().await;
    recording.until_fresh().await;
    // The server writes down what was acknowledged a tenth of a second late, and tells nobody when
    // it has; killed before that, it would wait for word of it once more.
    sleep(Duration::from_millis(500)).await;
    bed.nats.kill();
    assert_eq!(recording.freshness.wait().await, Fresh::Behind, "nobody says");
    bed.nats.restart().await;
    bed.put().await;
    recording.until_fresh().await;
    assert_eq!(bed.store.rows().messages.len(), 2);
    assert_eq!(recording.stop(SOON).await, Stopped::Drained);
}
