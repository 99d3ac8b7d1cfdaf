//! How a delivery stands, judged from all its attempts. Pure, and the same in whatever order they
//! became known.

use posthaste_domain::{Attempt, AttemptId, AttemptNo, EndpointId, Lane, MessageId, Timestamp};

use crate::{AttemptStatus, DeliveryStatus};

/// What counts of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) id: AttemptId,
    pub(crate) message: MessageId,
    pub(crate) endpoint: EndpointId,
    pub(crate) number: AttemptNo,
    pub(crate) is_success: bool,
    pub(crate) status: Option<u16>,
    pub(crate) next_attempt: Option<Timestamp>,
    pub(crate) lane: Option<Lane>,
    pub(crate) started_at: Timestamp,
}

/// How a delivery stands, and the attempt that decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing<'a> {
    pub(crate) status: DeliveryStatus,
    pub(crate) next_attempt: Option<Timestamp>,
    /// The newest success, or else the newest attempt.
    pub(crate) decisive: &'a Outcome,
}

impl From<&Attempt> for Outcome {
    fn from(attempt: &Attempt) -> Self {
        Self {
            id: attempt.id.clone(),
            message: attempt.message.clone(),
            endpoint: attempt.endpoint.clone(),
            number: attempt.number,
            is_success: attempt.is_success(),
            status: attempt.status,
            next_attempt: attempt.next_attempt,
            lane: attempt.lane,
            started_at: attempt.started_at,
        }
    }
}

/// How the delivery of these attempts stands; `None` without any.
///
/// What was taken once is delivered, whatever somebody had sent again since. Otherwise a retry is
/// due where an attempt announced one that has not been made: an attempt beside the schedule
/// announces none and takes none away.
pub(crate) fn standing(attempts: &[Outcome]) -> Option<Standing<'_>> {
    let newest = |of: fn(&&Outcome) -> bool| {
        attempts.iter().filter(of).max_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)))
    };
    if let Some(decisive) = newest(|attempt| attempt.is_success) {
        return Some(Standing { status: DeliveryStatus::Success, next_attempt: None, decisive });
    }
    let decisive = newest(|_| true)?;
    let announced = newest(|attempt| attempt.next_attempt.is_some());
    let next_attempt = announced.and_then(|attempt| attempt.next_attempt).filter(|due| {
        let number = announced.map(|attempt| attempt.number);
        let is_it = |other: &Outcome| other.started_at >= *due && Some(other.number) > number;
        !attempts.iter().any(is_it)
    });
    let status =
        if next_attempt.is_some() { DeliveryStatus::Sending } else { DeliveryStatus::Fail };
    Some(Standing { status, next_attempt, decisive })
}

/// How an attempt ended, as filters name it.
pub(crate) const fn ended(attempt: &Attempt) -> AttemptStatus {
    if attempt.is_success() {
        AttemptStatus::Success
    } else if attempt.next_attempt.is_some() {
        AttemptStatus::Sending
    } else {
        AttemptStatus::Fail
    }
}

/// The class of a status code: 100, 200 … 500, or 0 for no answer.
pub(crate) fn class(status: Option<u16>) -> i64 {
    status.map_or(0, |status| i64::from(status / 100) * 100)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

    fn outcome(second: u64, number: u32, is_success: bool, next_in: Option<u64>) -> Outcome {
        let at = |second| AT + Duration::from_secs(second);
        Outcome {
            id: format!("atmpt_{second:027}").parse().unwrap(),
            message: format!("msg_{:027}", 0).parse().unwrap(),
            endpoint: format!("ep_{:027}", 0).parse().unwrap(),
            number: AttemptNo::parse(&number.to_string()).unwrap(),
            is_success,
            status: Some(if is_success { 200 } else { 500 }),
            next_attempt: next_in.map(|wait| at(second + wait)),
            lane: None,
            started_at: at(second),
        }
    }

    fn status(attempts: &[Outcome]) -> DeliveryStatus {
        standing(attempts).unwrap().status
    }

    #[test]
    fn a_delivery_is_sent_until_it_is_taken_or_given_up() {
        let first = outcome(0, 1, false, Some(5));
        let second = outcome(5, 2, false, Some(300));
        let last = outcome(305, 3, false, None);
        assert_eq!(standing(&[]), None);
        assert_eq!(status(std::slice::from_ref(&first)), DeliveryStatus::Sending);
        assert_eq!(status(&[first.clone(), second.clone()]), DeliveryStatus::Sending);
        assert_eq!(status(&[first.clone(), second, last]), DeliveryStatus::Fail);
        assert_eq!(status(&[first, outcome(6, 2, true, None)]), DeliveryStatus::Success);
    }

    #[test]
    fn an_attempt_beside_the_schedule_neither_ends_it_nor_undoes_a_success() {
        let first = outcome(0, 1, false, Some(300));
        let beside = outcome(10, 1, false, None);
        let both = [first.clone(), beside];
        let found = standing(&both).unwrap();
        assert_eq!(
            (found.status, found.next_attempt),
            (DeliveryStatus::Sending, first.next_attempt)
        );
        let taken = outcome(300, 2, true, None);
        assert_eq!(status(&[first, taken, outcome(400, 2, false, None)]), DeliveryStatus::Success);
    }

    proptest! {
        #[test]
        fn the_order_in_which_they_become_known_does_not_matter(
            seconds in prop::collection::btree_set(0_u64..1_000, 1..8), seed: u64,
        ) {
            let mut attempts: Vec<_> = seconds
                .iter()
                .zip(1..)
                .map(|(second, number)| {
                    let bits = seed.rotate_left(number * 7);
                    let next = (bits & 1 == 1).then_some(bits % 400);
                    outcome(*second, number, bits & 6 == 6, next)
                })
                .collect();
            let known = attempts.clone();
            let first = standing(&known).map(|found| (found.status, found.next_attempt));
            attempts.rotate_left(usize::try_from(seed % 8).unwrap() % known.len());
            attempts.reverse();
            let second = standing(&attempts).map(|found| (found.status, found.next_attempt));
            prop_assert_eq!(first, second);
        }
    }
}
