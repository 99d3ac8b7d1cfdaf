//! A platform's past, made up from a seed: one large application, a few endpoints.

use std::time::Duration;

use bytes::Bytes;
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptNo, DeadLetter, DeathReason, Delivery, EndpointId, Event,
    EventType, FailureKind, MessageId, OrgId, Timestamp, Trigger,
};
use posthaste_history::{Batch, RecordedEvent};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// When it began. Messages are 20 ms apart, so that their ids follow their times.
const START: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);
const APART: Duration = Duration::from_millis(20);
const RETRY: Duration = Duration::from_secs(5);
const TYPES: [&str; 5] =
    ["chargeback.created", "chargeback.updated", "payout", "collection", "payment.succeeded"];
const CHANNELS: [&str; 4] = ["eu", "us", "uk", "za"];
const TAGS: [&str; 3] = ["batch/1", "batch/2", "import"];
const ENDPOINTS: usize = 3;

/// What happened so far, and what happens next.
pub(super) struct Past {
    rng: StdRng,
    pub(super) org: OrgId,
    pub(super) app: AppId,
    /// Every message goes to the first of them, every tenth to another one too.
    pub(super) endpoints: Vec<EndpointId>,
    made: u64,
    letters: u64,
    /// A message that was attempted, for questions about one.
    pub(super) message: Option<MessageId>,
}

impl Past {
    pub(super) fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(20_261_122);
        let (org, app) = (OrgId::generate(START, &mut rng), AppId::generate(START, &mut rng));
        let endpoints = (0..ENDPOINTS).map(|_| EndpointId::generate(START, &mut rng)).collect();
        Self { rng, org, app, endpoints, made: 0, letters: 0, message: None }
    }

    pub(super) fn event_types(&self) -> [EventType; 2] {
        [name(TYPES[0]), name(TYPES[2])]
    }

    pub(super) fn channel(&self) -> posthaste_domain::Channel {
        name(CHANNELS[1])
    }

    pub(super) fn tag(&self) -> posthaste_domain::Tag {
        name(TAGS[2])
    }

    /// A moment when a part of it was over: one half of the messages are older.
    pub(super) fn middle(&self) -> Timestamp {
        START + APART * u32::try_from(self.made / 2).unwrap_or(u32::MAX)
    }

    /// The next `count` messages and what became of them.
    pub(super) fn next(&mut self, count: u32) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..count {
            let accepted_at = START + APART * u32::try_from(self.made).unwrap_or(u32::MAX);
            let event = self.event(accepted_at);
            // Every fifth is attempted twice: of a million messages, a million and a fifth.
            let fails = self.made.is_multiple_of(5);
            let first = &self.endpoints[0].clone();
            self.attempts(&event, first, fails, &mut batch);
            self.message = Some(event.id.clone());
            let payload = Bytes::from(format!(r#"{{"n":{},"amount":"12.50"}}"#, self.made));
            batch.events.push(RecordedEvent { event, payload });
            self.made += 1;
        }
        batch
    }

    fn event(&mut self, accepted_at: Timestamp) -> Event {
        let rng = &mut self.rng;
        let one_of =
            |names: &[&'static str], rng: &mut StdRng| names[rng.random_range(0..names.len())];
        let channels =
            if rng.random_ratio(1, 4) { vec![name(one_of(&CHANNELS, rng))] } else { vec![] };
        let tags = if rng.random_ratio(1, 4) { vec![name(one_of(&TAGS, rng))] } else { vec![] };
        Event {
            occurrence: posthaste_domain::Occurrence::default(),
            id: MessageId::generate(accepted_at, rng),
            org: self.org.clone(),
            app: self.app.clone(),
            event_type: name(one_of(&TYPES, rng)),
            event_id: None,
            channels,
            tags,
            idempotency_key: None,
            retention_hours: Event::RETENTION_HOURS,
            deliver_at: None,
            content_type: None,
            accepted_at,
        }
    }

    fn attempts(&mut self, event: &Event, endpoint: &EndpointId, fails: bool, batch: &mut Batch) {
        let started_at = event.accepted_at + Duration::from_millis(5);
        let next = fails.then(|| started_at + RETRY);
        let first = self.attempt(event, endpoint, AttemptNo::FIRST, started_at, next, fails);
        batch.attempts.push(first.clone());
        let Some(retried_at) = next else { return };
        let dies = self.rng.random_ratio(1, 10);
        let number = AttemptNo::FIRST.next();
        let second = self.attempt(event, endpoint, number, retried_at, None, dies);
        if dies {
            let delivery =
                Delivery::first(event.id.clone(), event.app.clone(), endpoint.clone(), self.made);
            let letter = DeadLetter {
                event: Some(event.clone()),
                delivery: delivery.after(first.summary()).after(second.summary()),
                reason: DeathReason::Exhausted,
                url: Some(second.url.clone()),
                died_at: retried_at,
            };
            self.letters += 1;
            batch.dead_letters.push((self.letters, letter));
        }
        batch.attempts.push(second);
    }

    fn attempt(
        &mut self,
        event: &Event,
        endpoint: &EndpointId,
        number: AttemptNo,
        started_at: Timestamp,
        next_attempt: Option<Timestamp>,
        fails: bool,
    ) -> Attempt {
        Attempt {
            profile: None,
            warning: None,
            id: AttemptId::generate(started_at, &mut self.rng),
            org: event.org.clone(),
            app: event.app.clone(),
            message: event.id.clone(),
            event_type: event.event_type.clone(),
            channels: event.channels.clone(),
            tags: event.tags.clone(),
            endpoint: endpoint.clone(),
            url: "https://example.com/webhooks/payments".to_owned(),
            number,
            trigger: Trigger::Scheduled,
            lane: None,
            started_at,
            duration_ms: 42,
            status: Some(if fails { 503 } else { 200 }),
            failure: fails.then_some(FailureKind::Status),
            refusal: None,
            response: r#"{"received":true}"#.to_owned(),
            next_attempt,
        }
    }
}

fn name<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    #[expect(clippy::expect_used, reason = "the names above are names")]
    text.parse().expect("a constant of this file is a name")
}
