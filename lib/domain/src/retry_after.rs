//! What a receiver's `Retry-After` asks for.

use std::time::{Duration, SystemTime};

use crate::Timestamp;

/// Reads a `Retry-After` value (RFC 9110 §10.2.3: delay-seconds or an HTTP date) as a wait from
/// `now`. Anything else, and a date that has passed, is `None`.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a u64 holds is still "very long", and the schedule caps it.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    at.duration_since(SystemTime::from(now)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(784_111_777_000_000); // 1994-11-06T08:49:37Z

    #[test]
    fn reads_seconds_and_dates() {
        assert_eq!(retry_after(" 120 ", NOW), Some(Duration::from_secs(120)));
        let in_a_minute = "Sun, 06 Nov 1994 08:50:37 GMT";
        assert_eq!(retry_after(in_a_minute, NOW), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:48:37 GMT", NOW), None);
        assert!(retry_after("99999999999999999999999", NOW).is_some());
        for nonsense in ["", "-1", "1.5", "soon", "0x10"] {
            assert_eq!(retry_after(nonsense, NOW), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(value in "\\PC{0,60}") {
            let _ = retry_after(&value, NOW);
        }
    }
}
