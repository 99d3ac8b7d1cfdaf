//! What makes news: what is read of each stream, and what of it is worth telling.

use posthaste_bus::Claim;
use posthaste_domain::{Attempt, AttemptSummary, DeathReason, Delivery, EventId, OrgId};
use posthaste_registry::EndpointChange;
use tracing::warn;

use crate::operational::OperationalEvent;

/// After how many failed attempts a delivery is said to be failing.
const FAILING_AFTER: u32 = 4;

/// Where causes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Changes of endpoints.
    Registry,
    /// Attempts made.
    Attempts,
    /// Deliveries given up.
    DeadLetters,
}

/// Something that is worth telling, where somebody listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// An endpoint was changed.
    Changed(Box<EndpointChange>),
    /// An attempt was made that makes this of its delivery.
    Attempted(OperationalEvent, Box<Attempt>),
    /// Nothing more will be tried after this attempt.
    Exhausted(Box<Delivery>, Box<AttemptSummary>, Option<EventId>),
}

impl Source {
    /// What a claim tells, and whose news it is. What cannot be read is nobody's: it would be no
    /// more readable the next time.
    pub(super) fn causes(self, claim: &Claim) -> Vec<(OrgId, Cause)> {
        let read = match self {
            Self::Registry => {
                let change = EndpointChange::read(claim);
                let news = change.map(|one| (one.org.clone(), Cause::Changed(Box::new(one))));
                Ok(Vec::from_iter(news))
            }
            Self::Attempts => claim.attempts().map(|all| all.into_iter().filter_map(of).collect()),
            Self::DeadLetters => {
                claim.dead_letter().map(|letter| Vec::from_iter(exhausted(letter)))
            }
        };
        read.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            warn!(source = ?self, seq = claim.seq(), error, "skipped what cannot be read");
            Vec::new()
        })
    }
}

fn of(attempt: Attempt) -> Option<(OrgId, Cause)> {
    let event = made_of(&attempt)?;
    Some((attempt.org.clone(), Cause::Attempted(event, Box::new(attempt))))
}

/// What an attempt makes of its delivery, where that is news.
fn made_of(attempt: &Attempt) -> Option<OperationalEvent> {
    let number = attempt.number.get();
    if attempt.is_success() {
        return (number > FAILING_AFTER).then_some(OperationalEvent::MessageAttemptRecovered);
    }
    // Without another due it is exhausted, or was one of somebody's own.
    let fails = number == FAILING_AFTER && attempt.next_attempt.is_some();
    fails.then_some(OperationalEvent::MessageAttemptFailing)
}

fn exhausted(letter: posthaste_domain::DeadLetter) -> Option<(OrgId, Cause)> {
    if letter.reason != DeathReason::Exhausted {
        return None;
    }
    let event = letter.event?;
    let last = letter.delivery.past.last()?.clone();
    let cause = Cause::Exhausted(Box::new(letter.delivery), Box::new(last), event.event_id);
    Some((event.org, cause))
}

#[cfg(test)]
mod tests {
    use posthaste_domain::{AttemptNo, FailureKind, Timestamp, Trigger};
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn attempt(number: u32, failed: bool, more: bool) -> Attempt {
        Attempt {
            profile: None,
            warning: None,
            id: "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            org: "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
            app: "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            message: "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            event_type: "a.b".parse().unwrap(),
            channels: Vec::new(),
            tags: Vec::new(),
            endpoint: "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            url: String::new(),
            number: AttemptNo::parse(&number.to_string()).unwrap(),
            trigger: Trigger::Scheduled,
            lane: None,
            started_at: AT,
            duration_ms: 1,
            status: Some(if failed { 500 } else { 200 }),
            failure: failed.then_some(FailureKind::Status),
            refusal: None,
            response: String::new(),
            next_attempt: more.then_some(AT),
        }
    }

    proptest! {
        #[test]
        fn the_fourth_failure_and_a_late_success_are_news(
            number in 1_u32..20, failed: bool, more: bool,
        ) {
            let event = made_of(&attempt(number, failed, more));
            let expected = match (number, failed, more) {
                (5.., false, _) => Some(OperationalEvent::MessageAttemptRecovered),
                (4, true, true) => Some(OperationalEvent::MessageAttemptFailing),
                _ => None,
            };
            prop_assert_eq!(event, expected);
        }
    }
}
