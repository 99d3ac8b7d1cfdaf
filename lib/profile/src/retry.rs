//! When to try again.

use std::time::Duration;

use posthaste_domain::{Anchor, RetrySchedule};

use crate::document::{Node, Section, list, one_of, whole};

/// The schedule, and after how long of nothing but failures an endpoint is given up; `ceiling` is
/// the longest wait that a receiver may ask for.
pub(crate) fn read(
    section: &Section<'_>,
    ceiling: Duration,
) -> Option<(RetrySchedule, Option<Duration>)> {
    let wait = whole(0..=RetrySchedule::MAX_WAIT.as_secs());
    let waits = section.want("delays_s", |node| {
        let all = list(node)?;
        let mut waits = Vec::with_capacity(all.len());
        for (place, node) in all.iter().enumerate() {
            let seconds = wait(node).map_err(|problem| format!("at {place}: {problem}"))?;
            waits.push(Duration::from_secs(seconds));
        }
        if waits.len() > RetrySchedule::MAX_WAITS {
            return Err(format!("may hold {} waits", RetrySchedule::MAX_WAITS));
        }
        Ok(waits)
    });
    let anchors = [
        ("previous_attempt_failed", Anchor::AttemptFailed),
        ("previous_attempt_started", Anchor::AttemptStarted),
        ("first_attempt_started", Anchor::FirstStarted),
    ];
    let anchor = section.want("anchor", one_of(&anchors));
    let jitter = section.may("jitter", |node| {
        let number = if let Node::Number(number) = node { number.as_f64() } else { None };
        let within = number.filter(|jitter| (0.0..=0.5).contains(jitter));
        within.ok_or_else(|| "must be a number from 0 to 0.5".to_owned())
    });
    section.may("exhausted", one_of(&[("failed_manual", ())]));
    let disable_after = section.may("disable_endpoint_after_s", whole(3_600..=365 * 86_400));
    let schedule = RetrySchedule::try_new(waits?, ceiling, jitter.unwrap_or(0.0));
    let schedule = match schedule {
        Ok(schedule) => schedule,
        Err(error) => {
            section.fault("delays_s", error.to_string());
            return None;
        }
    };
    Some((schedule.anchored(anchor?), disable_after.map(Duration::from_secs)))
}
