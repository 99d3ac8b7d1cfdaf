//! The moment of an attempt in the two forms that receivers read.

use std::{num::NonZeroU64, time::Duration};

use posthaste_domain::Timestamp;

use super::{TimeForm, VerifyError};

impl TimeForm {
    /// The moment, in this form's unit.
    pub(super) const fn count(self, at: Timestamp) -> u64 {
        match self {
            Self::UnixSeconds => at.unix_seconds().unsigned_abs(),
            Self::UnixMillis => at.micros().div_euclid(1_000).unsigned_abs(),
        }
    }

    fn span(self, span: Duration) -> u64 {
        match self {
            Self::UnixSeconds => span.as_secs(),
            Self::UnixMillis => u64::try_from(span.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Whether `text` is a moment that lies no further than `tolerance` from `now`.
    pub(super) fn check(
        self,
        text: &str,
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<(), VerifyError> {
        let (now, tolerance) = (self.count(now), self.span(tolerance));
        let signed = parse(text).ok_or(VerifyError::Timestamp)?;
        if signed.saturating_add(tolerance) < now {
            Err(VerifyError::TooOld)
        } else if signed > now.saturating_add(tolerance) {
            Err(VerifyError::TooNew)
        } else {
            Ok(())
        }
    }
}

/// Digits only: `+1`, `1.0` and ` 1` are refused, as the stricter libraries do. Zero is what a
/// broken clock writes, so it is refused as well.
fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok().map(NonZeroU64::get)).flatten()
}
