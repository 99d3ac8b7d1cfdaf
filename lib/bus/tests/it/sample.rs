//! What a test puts into the broker.

use bytes::Bytes;
use posthaste_bus::{Accepted, Bus};
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptNo, DeadLetter, DeathReason, Delivery, EndpointId, Event,
    MessageId, OrgId, Timestamp, Trigger,
};

pub(crate) fn now() -> Timestamp {
    posthaste_service::clock::now().into()
}

pub(crate) fn app() -> AppId {
    AppId::generate(now(), &mut rand::rng())
}

pub(crate) fn endpoint() -> EndpointId {
    EndpointId::generate(now(), &mut rand::rng())
}

/// An event of an application of its own, without a key of the caller's.
pub(crate) fn event() -> Event {
    Event {
        occurrence: posthaste_domain::Occurrence::default(),
        id: MessageId::generate(now(), &mut rand::rng()),
        org: OrgId::generate(now(), &mut rand::rng()),
        app: app(),
        event_type: "chargeback.created".parse().unwrap(),
        event_id: None,
        channels: vec![],
        idempotency_key: None,
        retention_hours: 2_160,
        tags: Vec::new(),
        deliver_at: None,
        content_type: None,
        accepted_at: now(),
    }
}

/// The same event sent anew: another id, everything else alike.
pub(crate) fn repeat(event: &Event) -> Event {
    Event { id: MessageId::generate(now(), &mut rand::rng()), ..event.clone() }
}

/// A first attempt, of a message and for an endpoint of its own.
pub(crate) fn delivery() -> Delivery {
    let event = event();
    Delivery::first(event.id, event.app, endpoint(), 1)
}

pub(crate) fn attempt() -> Attempt {
    let event = event();
    Attempt {
        profile: None,
        warning: None,
        id: AttemptId::generate(now(), &mut rand::rng()),
        org: event.org,
        app: event.app,
        message: event.id,
        event_type: event.event_type,
        channels: event.channels,
        tags: event.tags,
        lane: None,
        endpoint: endpoint(),
        url: "https://example.com/".into(),
        number: AttemptNo::FIRST,
        trigger: Trigger::Scheduled,
        started_at: now(),
        duration_ms: 12,
        status: Some(200),
        failure: None,
        refusal: None,
        response: String::new(),
        next_attempt: None,
    }
}

/// A dead letter of `event` for `endpoint`, after one attempt.
pub(crate) fn letter(event: &Event, endpoint: &EndpointId) -> DeadLetter {
    let first = Delivery::first(event.id.clone(), event.app.clone(), endpoint.clone(), 1);
    DeadLetter {
        event: Some(event.clone()),
        delivery: first.after(attempt().summary()),
        reason: DeathReason::Exhausted,
        url: Some("https://example.com/".into()),
        died_at: now(),
    }
}

/// Has the bus accept so many events, and returns where they are.
pub(crate) async fn accept(bus: &Bus, count: usize) -> Vec<u64> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        match bus.accept(&event(), Bytes::from_static(b"{}")).await.unwrap() {
            Accepted::New(seq) => all.push(seq),
            other => panic!("{other:?}"),
        }
    }
    all
}
