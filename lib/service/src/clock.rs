//! The wall clock.
//!
//! The one place that asks what time it is. Decisions elsewhere take `now` as an argument, so that
//! they can be tested at any time of day.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

/// How far this process's clock is set ahead of the machine's, in microseconds.
static AHEAD: AtomicU64 = AtomicU64::new(0);

/// What time it is now, by the machine's clock. It may jump; measure durations with `Instant`.
#[expect(clippy::disallowed_methods, reason = "the place that others are told to ask")]
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::now() + Duration::from_micros(AHEAD.load(Ordering::Relaxed))
}

/// Sets this process's clock so far ahead of the machine's, for good or until it is set again.
///
/// For simulations of days in which a whole process takes part; no role ever calls it. What runs on
/// the broker's clock does not follow.
pub fn set_ahead(by: Duration) {
    AHEAD.store(u64::try_from(by.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
