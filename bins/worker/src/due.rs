//! When a failed delivery is tried again: a pure decision.

use posthaste_domain::{Delivery, Failed, RetrySchedule, Timestamp};
use rand::Rng;

/// When `delivery` is due again after its present attempt has `failed`; `None` when that was the
/// last.
///
/// What a receiver asks may use up the time for which its event is kept, until `latest`. Then it
/// waits no longer than that, and is given up where the schedule itself would: a dead letter has
/// the payload only if it is written while there is an event.
pub(crate) fn next_due(
    schedule: &RetrySchedule,
    latest: Timestamp,
    delivery: &Delivery,
    failed: &Failed,
    rng: &mut impl Rng,
) -> Option<Timestamp> {
    let failures = delivery.failures_in_run();
    let due = schedule.due_after(failures, failed, rng)?;
    if due <= latest {
        return Some(due);
    }
    let unasked = Failed { asked: None, ..*failed };
    (schedule.due_after(failures, &unasked, rng)? <= latest).then_some(latest)
}

/// When the first attempt of the present run was begun, the present one having been begun at
/// `started_at`.
pub(crate) fn run_began_at(delivery: &Delivery, started_at: Timestamp) -> Timestamp {
    let first = delivery.past.iter().find(|attempt| attempt.number == delivery.run_start);
    first.map_or(started_at, |first| first.started_at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use posthaste_domain::{AttemptId, AttemptSummary};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const DAY: Duration = Duration::from_secs(86_400);
    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    /// The ends of all attempts of a delivery, each failing at once, whose receiver always asks for
    /// `asked`.
    fn attempts(
        waits: &[Duration],
        event_life: Duration,
        asked: Option<Duration>,
    ) -> Vec<Duration> {
        let schedule = RetrySchedule::try_new(waits.to_vec(), 7 * DAY, 0.0).unwrap();
        let id = |prefix: &str| format!("{prefix}{}", "a".repeat(27));
        let mut delivery = Delivery::first(
            id("msg_").parse().unwrap(),
            id("app_").parse().unwrap(),
            id("ep_").parse().unwrap(),
            1,
        );
        let mut made = Vec::new();
        let mut due = Some(START);
        while let Some(at) = due {
            made.push(at.since(START));
            let run_began_at = run_began_at(&delivery, at);
            let failed = Failed { run_began_at, started_at: at, ended_at: at, asked };
            let latest = START + event_life;
            due = next_due(&schedule, latest, &delivery, &failed, &mut rand::rng());
            delivery = delivery.clone().after(AttemptSummary {
                id: id("atmpt_").parse::<AttemptId>().unwrap(),
                number: delivery.attempt,
                started_at: at,
                duration_ms: 0,
                status: None,
                failure: None,
                refusal: None,
            });
        }
        made
    }

    #[test]
    fn the_schedule_is_kept_while_nobody_asks() {
        assert_eq!(attempts(&[HOUR, HOUR], 3 * DAY, None), [Duration::ZERO, HOUR, 2 * HOUR]);
    }

    #[test]
    fn a_receiver_that_asks_for_days_is_given_up_before_the_event_is_gone() {
        let waits = [HOUR; 8];
        let made = attempts(&waits, 3 * DAY - HOUR, Some(DAY));
        assert_eq!(made, [Duration::ZERO, DAY, 2 * DAY, 3 * DAY - HOUR]);
    }
}
