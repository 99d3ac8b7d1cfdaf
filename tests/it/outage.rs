//! The broker goes away and comes back while deliveries and retries are under way; nobody else is
//! restarted.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Mutex,
    time::Duration,
};

use posthaste_bus::Bus;
use posthaste_service::role::Role;
use posthaste_testkit::{Answer, Received, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use crate::{
    bed::{Bed, Running, until},
    client::Client,
};

/// Messages under way in the longer test.
const MESSAGES: usize = 300;
/// How often its broker is killed.
const OUTAGES: usize = 3;
/// How long the roles may take to find the broker again and to make up for the outage.
const RECOVERY: Duration = Duration::from_secs(60);

fn id(request: &Received) -> String {
    request.header("webhook-id").unwrap().to_owned()
}

/// The messages that were answered 200, and those that were refused once.
#[derive(Default)]
struct Ledger {
    refused: Mutex<HashSet<String>>,
    taken: Mutex<BTreeSet<String>>,
}

impl Ledger {
    /// Every third message is refused the first time, so that retries wait in the broker.
    fn answer(&self, request: &Received) -> Answer {
        let id = id(request);
        let third = id.bytes().map(u32::from).sum::<u32>().is_multiple_of(3);
        if third && self.refused.lock().unwrap().insert(id.clone()) {
            return Answer::Status(500);
        }
        self.taken.lock().unwrap().insert(id);
        Answer::OK.after(Duration::from_millis(50))
    }

    fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

async fn is_idle(bus: &Bus) -> bool {
    bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
}

fn assert_unharmed<R: Role>(running: &Running<R>) {
    assert!(!running.kit.stop.intake.is_cancelled(), "{} was told to stop", R::NAME);
    let report = running.kit.readiness.report();
    assert!(report.ready, "{}: {report:?}", R::NAME);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_lives_through_outages_and_delivers_everything() {
    let mut bed = Bed::start(&[
        ("POSTHASTE_WORKER_RETRY_WAITS_MS", "500,1000,2000,4000,4000,4000"),
        ("POSTHASTE_WORKER_ATTEMPT_TIMEOUT_MS", "2000"),
        ("POSTHASTE_WORKER_SLOTS_EVENTS", "8"),
        ("POSTHASTE_NATS_ACK_WAIT_MS", "12000"),
    ])
    .await;
    let control = bed.control().await;
    let ingress = bed.ingress().await;
    let worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let sender = Client::new(ingress.role.address());
    let ledger = std::sync::Arc::new(Ledger::default());
    let answers = std::sync::Arc::clone(&ledger);
    let receiver = Receiver::start(Script::new(move |request| answers.answer(request))).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let bus = bed.bus().await;
    let mut accepted = BTreeSet::new();
    for n in 0..MESSAGES {
        accepted.insert(sender.message(&app, json!({ "n": n })).await);
    }
    for outage in 1..=OUTAGES {
        let share = MESSAGES * outage / (OUTAGES + 1);
        until("another share is delivered", || async { ledger.taken() >= share }).await;
        bed.nats.kill();
        // What is under way ends while there is nobody to tell.
        receiver.wait_idle().await;
        bed.nats.restart().await;
    }

    let all = async {
        until("everything is delivered", || async { ledger.taken() >= MESSAGES }).await;
        until("nothing waits", || is_idle(&bus)).await;
    };
    let came = tokio::time::timeout(RECOVERY, all).await;
    assert!(came.is_ok(), "{} of {MESSAGES} delivered", ledger.taken());
    assert_eq!(*ledger.taken.lock().unwrap(), accepted);
    assert_eq!(bus.dead_letters(None, None, 0, 10).await.unwrap().len(), 0);
    assert_unharmed(&control);
    assert_unharmed(&ingress);
    assert_unharmed(&worker);

    // What they were fed by the broker before, they are fed again.
    let new = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("new").await;
    client.endpoint(&app, &new.url()).await;
    let message = sender.message(&app, json!({})).await;
    assert_eq!(id(&new.next().await), message);
}

#[tokio::test]
async fn an_attempt_that_ended_while_the_broker_was_away_is_not_made_again() {
    let mut bed = Bed::start(&[
        ("POSTHASTE_WORKER_RETRY_WAITS_MS", "500,500"),
        ("POSTHASTE_NATS_PUBLISH_TIMEOUT_MS", "500"),
        ("POSTHASTE_NATS_PUBLISH_BUDGET_MS", "1000"),
    ])
    .await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let refusal = Answer::Status(500).after(Duration::from_millis(1_500));
    let [first, second] = [(); 2].map(|()| Script::sequence(vec![refusal.clone()], Answer::OK));
    let receivers = [Receiver::start(first).await, Receiver::start(second).await];
    let app = client.application("acme").await;
    for receiver in &receivers {
        client.endpoint(&app, &receiver.url()).await;
    }
    client.message(&app, json!({})).await;
    for receiver in &receivers {
        receiver.wait_in_flight(1).await;
    }

    // The server writes down what it has handed out a tenth of a second late, and tells nobody
    // when it has; killed before that, it would hand the event out as new.
    tokio::time::sleep(Duration::from_millis(500)).await;
    bed.nats.kill();
    for receiver in &receivers {
        receiver.wait_idle().await;
    }
    // Whoever wants something stored now hears after the whole publish budget that it is not; the
    // worker was told the same before.
    let body = json!({ "eventType": "a", "payload": {} });
    let path = format!("/api/v1/app/{app}/msg");
    client.call(Method::POST, &path, Some(&body)).await.expect(503);
    bed.nats.restart().await;

    let bus = bed.bus().await;
    for receiver in &receivers {
        receiver.wait_for(2).await;
    }
    until("nothing waits", || is_idle(&bus)).await;
    let mut counts = BTreeMap::new();
    let mut next = 1;
    while let Some((seq, attempts)) = bus.attempts_from(next).await.unwrap() {
        next = seq + 1;
        for attempt in attempts {
            // A batch whose confirmation was lost is there twice, with the same ids.
            let ids: &mut BTreeSet<_> =
                counts.entry((attempt.endpoint.to_string(), attempt.number.get())).or_default();
            ids.insert(attempt.id.to_string());
        }
    }
    let made: Vec<_> = counts.iter().map(|((_, number), ids)| (*number, ids.len())).collect();
    assert_eq!(made, [(1, 1), (2, 1), (1, 1), (2, 1)], "a first and a second attempt each");
    assert_eq!(receivers.map(|receiver| receiver.count()), [2, 2]);
}
