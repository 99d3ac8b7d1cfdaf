//! The wall clock.
//!
//! The one place that asks what time it is. Decisions elsewhere take `now` as an argument, so that
//! they can be tested at any time of day.

use std::time::SystemTime;

/// What time it is now, by the machine's clock. It may jump; measure durations with `Instant`.
#[expect(clippy::disallowed_methods, reason = "the place that others are told to ask")]
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::now()
}
