//! The only place that spells or parses a subject.
//!
//! ```text
//! events.<slot>.<app>.<event type>
//! due.<lane>.<message>.<endpoint>.<attempt>
//! later.<bucket>.<message>.<endpoint>.<attempt>
//! parked.<app>.<message>.<endpoint>.<attempt>
//! attempts.recorded
//! dead.<app>.<endpoint>
//! ```
//!
//! Ids are letters, digits and `_`, so they are safe as tokens. An event type comes last because
//! it may hold dots. `due`, `later` and `parked` have one shape, so one filter finds whatever waits
//! for a message. The attempt of a delivery beside the schedule is `once` and the sequence of its
//! event; where a whole event is to be fanned out later, `all` stands for its endpoints.

use posthaste_domain::{
    AppId, AttemptNo, Delivery, EndpointId, EventType, Lane, MessageId, Slot, Timestamp,
};

/// Seconds covered by one `later` bucket. Coarse enough that a keeper can ask for each bucket of
/// the past days, fine enough that a bucket is a page.
const BUCKET_SECONDS: i64 = 600;

pub(crate) const EVENTS: &str = "events.>";
pub(crate) const DUE: &str = "due.>";
pub(crate) const LATER: &str = "later.>";
pub(crate) const PARKED: &str = "parked.>";
pub(crate) const ATTEMPTS: &str = "attempts.>";
pub(crate) const RECORDED: &str = "attempts.recorded";
pub(crate) const DEAD: &str = "dead.>";

pub(crate) fn event(app: &AppId, event_type: &EventType) -> String {
    let mut subject = format!("events.{}.{app}", Slot::of(app));
    for token in event_type.as_str().split('.') {
        // An empty token would make the subject invalid; the event's head has the true name.
        subject.push('.');
        subject.push_str(if token.is_empty() { "_" } else { token });
    }
    subject
}

pub(crate) fn due(lane: Lane, delivery: &Delivery) -> String {
    format!("due.{lane}.{}", tail(delivery))
}

pub(crate) fn due_lane(lane: Lane) -> String {
    format!("due.{lane}.>")
}

pub(crate) fn later(due: Timestamp, delivery: &Delivery) -> String {
    format!("later.{}.{}", bucket(due), tail(delivery))
}

pub(crate) fn parked(delivery: &Delivery) -> String {
    format!("parked.{}.{}", delivery.app, tail(delivery))
}

fn tail(delivery: &Delivery) -> String {
    format!("{}.{}", delivery.message, end(delivery))
}

/// The endpoint and the attempt, as they end a subject of the delivery stream.
pub(crate) fn end(delivery: &Delivery) -> String {
    let Delivery { endpoint, attempt, event_seq, single, .. } = delivery;
    if *single { once(endpoint, *event_seq) } else { format!("{endpoint}.{attempt}") }
}

/// As [`end`], of an attempt beside the schedule.
pub(crate) fn once(endpoint: &EndpointId, event_seq: u64) -> String {
    format!("{endpoint}.once{event_seq}")
}

/// Whether a subject of the delivery stream ends so.
pub(crate) fn ends(subject: &str, end: &str) -> bool {
    subject.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'))
}

/// As [`end`], of an event that is to be fanned out at a time of its own.
pub(crate) const FAN_OUT: &str = "all.1";

/// Where such an event becomes due.
pub(crate) fn due_fan_out(message: &MessageId) -> String {
    format!("due.{}.{message}.{FAN_OUT}", Lane::Fresh)
}

pub(crate) fn later_fan_out(due: Timestamp, message: &MessageId) -> String {
    format!("later.{}.{message}.{FAN_OUT}", bucket(due))
}

/// Everything that is due, or will be, or is kept back, for one endpoint.
pub(crate) fn backlog(endpoint: &EndpointId) -> String {
    format!("*.*.*.{endpoint}.*")
}

/// What is kept back for one endpoint.
pub(crate) fn parked_for(endpoint: &EndpointId) -> String {
    format!("parked.*.*.{endpoint}.*")
}

/// What waits, and where: the kind, the message and the endpoint of a subject of the delivery
/// stream.
pub(crate) fn parse_delivery(subject: &str) -> Option<(&str, MessageId, EndpointId)> {
    let mut tokens = subject.split('.');
    let (kind, _) = (tokens.next()?, tokens.next()?);
    let (message, endpoint) = (tokens.next()?, tokens.next()?);
    Some((kind, message.parse().ok()?, endpoint.parse().ok()?))
}

/// Whose a parked delivery is.
pub(crate) fn parse_parked(subject: &str) -> Option<(AppId, EndpointId)> {
    let mut tokens = subject.strip_prefix("parked.")?.split('.');
    let (app, _, endpoint) = (tokens.next()?, tokens.next()?, tokens.next()?);
    Some((app.parse().ok()?, endpoint.parse().ok()?))
}

/// The number of the `later` bucket that a moment falls into.
pub(crate) const fn bucket(due: Timestamp) -> i64 {
    due.unix_seconds() / BUCKET_SECONDS
}

pub(crate) fn later_bucket(bucket: i64) -> String {
    format!("later.{bucket}.>")
}

/// Everything that is due, or will be, of one message.
pub(crate) fn waiting_for(message: &MessageId) -> String {
    format!("*.*.{message}.*.*")
}

/// The endpoint and attempt of a delivery of the schedule, from its subject.
pub(crate) fn parse_waiting(subject: &str) -> Option<(EndpointId, AttemptNo)> {
    let mut tokens = subject.split('.');
    let (kind, _, _) = (tokens.next()?, tokens.next()?, tokens.next()?);
    let (endpoint, attempt) = (tokens.next()?, tokens.next()?);
    if !matches!(kind, "due" | "later" | "parked") || tokens.next().is_some() {
        return None;
    }
    Some((endpoint.parse().ok()?, AttemptNo::parse(attempt)?))
}

pub(crate) fn dead(app: &AppId, endpoint: &EndpointId) -> String {
    format!("dead.{app}.{endpoint}")
}

pub(crate) fn dead_filter(app: Option<&AppId>, endpoint: Option<&EndpointId>) -> String {
    let app = app.map_or("*", AppId::as_str);
    let endpoint = endpoint.map_or("*", EndpointId::as_str);
    format!("dead.{app}.{endpoint}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn delivery(seed: u64) -> Delivery {
        let mut rng = StdRng::seed_from_u64(seed);
        let message = MessageId::generate(AT, &mut rng);
        let app = AppId::generate(AT, &mut rng);
        Delivery::first(message, app, EndpointId::generate(AT, &mut rng), 1)
    }

    #[test]
    fn what_waits_is_found_by_its_message_and_read_back() {
        let delivery = delivery(1);
        let found = Some((delivery.endpoint.clone(), AttemptNo::FIRST));
        assert_eq!(parse_waiting(&due(Lane::Retry, &delivery)), found);
        assert_eq!(parse_waiting(&later(AT, &delivery)), found);
        assert_eq!(parse_waiting("dead.a.b.c.1"), None);
        let filter = waiting_for(&delivery.message);
        let shape = |subject: &str| subject.split('.').count();
        assert_eq!(shape(&filter), shape(&due(Lane::Fresh, &delivery)));
        assert_eq!(shape(&filter), shape(&later(AT, &delivery)));
    }

    proptest! {
        #[test]
        fn every_event_type_makes_a_literal_subject(name in "[a-zA-Z0-9_.\\-]{1,256}") {
            let subject = event(&delivery(2).app, &name.parse().unwrap());
            prop_assert!(subject.split('.').all(|token| !token.is_empty()));
            prop_assert!(!subject.contains(['*', '>', ' ']));
            prop_assert!(subject.len() < 600);
        }

        #[test]
        fn parsing_never_panics(subject in "\\PC{0,80}") {
            let _ = parse_waiting(&subject);
        }
    }
}
