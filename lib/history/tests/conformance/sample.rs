//! A platform's history, made up and the same every time.

use std::time::Duration;

use bytes::Bytes;
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptNo, DeadLetter, DeathReason, Delivery, EndpointId, Event,
    FailureKind, Lane, MessageId, OrgId, Timestamp, Trigger,
};
use posthaste_history::{Batch, RecordedEvent};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};

pub(crate) const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
pub(crate) const TYPES: [&str; 3] = ["chargeback.created", "chargeback.updated", "payout"];
pub(crate) const CHANNELS: [&str; 3] = ["eu", "us", "a:b+c"];
pub(crate) const TAGS: [&str; 2] = ["batch/1", "batch/2"];

/// Everything that happened, and to whom.
pub(crate) struct Sample {
    pub(crate) org: OrgId,
    pub(crate) apps: Vec<AppId>,
    /// Endpoints with the application that each belongs to.
    pub(crate) endpoints: Vec<(AppId, EndpointId)>,
    pub(crate) batch: Batch,
}

pub(crate) fn at(second: u64) -> Timestamp {
    START + Duration::from_secs(second)
}

/// `count` messages, a second apart, each attempted up to three times at up to two endpoints.
pub(crate) fn sample(count: usize, seed: u64) -> Sample {
    let rng = &mut StdRng::seed_from_u64(seed);
    let org = OrgId::generate(START, rng);
    let apps: Vec<_> = (0..2).map(|_| AppId::generate(START, rng)).collect();
    let endpoints: Vec<_> =
        (0..4).map(|n| (apps[n % 2].clone(), EndpointId::generate(START, rng))).collect();
    let mut batch = Batch::default();
    for second in 0..count as u64 {
        let accepted_at = at(second);
        let event = Event {
            occurrence: posthaste_domain::Occurrence::default(),
            id: MessageId::generate(accepted_at, rng),
            org: org.clone(),
            app: apps[usize::from(rng.random_ratio(1, 5))].clone(),
            event_type: one_of(&TYPES, rng).parse().unwrap(),
            event_id: rng.random_ratio(1, 3).then(|| format!("e-{second}").parse().unwrap()),
            channels: some_of(&CHANNELS, rng).map(|name| name.parse().unwrap()).collect(),
            tags: some_of(&TAGS, rng).map(|name| name.parse().unwrap()).collect(),
            idempotency_key: None,
            retention_hours: if rng.random_ratio(1, 4) { 1 } else { 2_160 },
            deliver_at: None,
            content_type: None,
            accepted_at,
        };
        let own: Vec<_> = endpoints.iter().filter(|(app, _)| *app == event.app).cloned().collect();
        for (_, endpoint) in own {
            if rng.random_ratio(2, 3) {
                attempts(&event, &endpoint, &mut batch, rng);
            }
        }
        let payload = Bytes::from(format!(r#"{{ "n": {second}.10 }}"#));
        batch.events.push(RecordedEvent { event, payload });
    }
    Sample { org, apps, endpoints, batch }
}

fn attempts(event: &Event, endpoint: &EndpointId, batch: &mut Batch, rng: &mut StdRng) {
    let mut delivery = Delivery::first(event.id.clone(), event.app.clone(), endpoint.clone(), 1);
    let mut started_at = event.accepted_at + Duration::from_millis(20);
    for last in [false, false, true] {
        let is_success = rng.random_ratio(3, 5);
        let status = if is_success { 200 } else { 400 + 100 * u16::from(rng.random_ratio(1, 2)) };
        let answered = is_success || rng.random_ratio(4, 5);
        let next_attempt = (!is_success && !last).then(|| started_at + Duration::from_secs(5));
        let attempt = Attempt {
            profile: None,
            warning: None,
            id: AttemptId::generate(started_at, rng),
            org: event.org.clone(),
            app: event.app.clone(),
            message: event.id.clone(),
            event_type: event.event_type.clone(),
            channels: event.channels.clone(),
            tags: event.tags.clone(),
            endpoint: endpoint.clone(),
            url: "https://example.com/hook".into(),
            number: delivery.attempt,
            trigger: Trigger::Scheduled,
            lane: (delivery.attempt != AttemptNo::FIRST).then_some(Lane::Retry),
            started_at,
            duration_ms: 12,
            status: answered.then_some(status),
            failure: (!is_success).then_some(if answered {
                FailureKind::Status
            } else {
                FailureKind::Timeout
            }),
            refusal: None,
            response: if answered { format!("answer\0 {}", rng.next_u32()) } else { String::new() },
            next_attempt,
        };
        delivery = delivery.after(attempt.summary());
        batch.attempts.push(attempt);
        match next_attempt {
            Some(next) => started_at = next + Duration::from_millis(100),
            None if is_success => return,
            None => {
                let letter = DeadLetter {
                    event: Some(event.clone()),
                    delivery,
                    reason: DeathReason::Exhausted,
                    url: Some("https://example.com/hook".into()),
                    died_at: started_at,
                };
                let seq = batch.dead_letters.len() as u64 + 1;
                return batch.dead_letters.push((seq, letter));
            }
        }
    }
}

fn one_of<'a>(names: &[&'a str], rng: &mut StdRng) -> &'a str {
    names[rng.random_range(0..names.len())]
}

fn some_of<'a>(names: &'a [&'a str], rng: &mut StdRng) -> impl Iterator<Item = &'a str> {
    let wanted: Vec<_> = names.iter().map(|_| rng.random_ratio(1, 3)).collect();
    names.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(name, _)| *name)
}
