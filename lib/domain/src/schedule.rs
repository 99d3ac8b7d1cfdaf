//! When to try again.

use std::time::Duration;

use rand::Rng;

/// The waits between the attempts of a delivery, each counted from the end of the failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrySchedule {
    waits: Vec<Duration>,
    retry_after_ceiling: Duration,
    jitter: f64,
}

/// Why waits do not make a schedule.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// More waits than a delivery may carry along.
    #[error("at most {} waits", RetrySchedule::MAX_WAITS)]
    TooMany,
    /// A wait so long that nobody can mean it.
    #[error("a wait must be at most {} days", RetrySchedule::MAX_WAIT.as_secs() / 86_400)]
    TooLong,
    /// Jitter outside 0 to 0.5.
    #[error("jitter must be from 0 to 0.5")]
    Jitter,
}

impl RetrySchedule {
    /// The most waits a schedule may have.
    pub const MAX_WAITS: usize = 32;
    /// The longest single wait.
    pub const MAX_WAIT: Duration = Duration::from_secs(7 * 86_400);
    /// The waits the seeds and the Svix server promise: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h.
    pub const DEFAULT_WAITS: [Duration; 7] = [
        Duration::from_secs(5),
        Duration::from_secs(300),
        Duration::from_secs(1_800),
        Duration::from_secs(7_200),
        Duration::from_secs(18_000),
        Duration::from_secs(36_000),
        Duration::from_secs(36_000),
    ];

    /// A schedule of `waits.len() + 1` attempts.
    ///
    /// `jitter` lengthens each wait by up to that share of it, so that receivers that failed
    /// together are not asked again together. `retry_after_ceiling` bounds what a receiver may ask.
    ///
    /// # Errors
    /// [`ScheduleError`] names the bound that is broken.
    pub fn try_new(
        waits: Vec<Duration>,
        retry_after_ceiling: Duration,
        jitter: f64,
    ) -> Result<Self, ScheduleError> {
        if waits.len() > Self::MAX_WAITS {
            return Err(ScheduleError::TooMany);
        }
        if waits.iter().any(|wait| *wait > Self::MAX_WAIT) || retry_after_ceiling > Self::MAX_WAIT {
            return Err(ScheduleError::TooLong);
        }
        if !(0.0..=0.5).contains(&jitter) {
            return Err(ScheduleError::Jitter);
        }
        Ok(Self { waits, retry_after_ceiling, jitter })
    }

    /// The wait after `failures` attempts of this run have failed before the present one, which
    /// failed too; `None` when that was the last.
    ///
    /// A receiver's `asked` wait may lengthen ours up to the ceiling, never shorten it: a receiver
    /// must not be able to ask us to hammer it. Jitter only lengthens too, so a published
    /// schedule is never early.
    pub fn wait_after(
        &self,
        failures: usize,
        asked: Option<Duration>,
        rng: &mut impl Rng,
    ) -> Option<Duration> {
        let base = *self.waits.get(failures)?;
        let wait = asked.map_or(base, |asked| base.max(asked.min(self.retry_after_ceiling)));
        let share = f64::from(rng.next_u32()) / f64::from(u32::MAX);
        Some(wait + wait.mul_f64(self.jitter * share))
    }

    /// The longest that a delivery can take from its first attempt to its last, every wait
    /// lengthened by jitter, each attempt taking `attempt_timeout`.
    ///
    /// `Retry-After` is left out: it stretches single deliveries, and an event that has gone by
    /// then is dead-lettered as such.
    #[must_use]
    pub fn horizon(&self, attempt_timeout: Duration) -> Duration {
        let waits: Duration = self.waits.iter().map(|w| *w + w.mul_f64(self.jitter)).sum();
        waits + attempt_timeout * u32::try_from(self.waits.len() + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn the_default_makes_eight_attempts_over_27_hours() {
        let schedule =
            RetrySchedule::try_new(RetrySchedule::DEFAULT_WAITS.into(), DAY, 0.0).unwrap();
        let mut rng = StdRng::seed_from_u64(0);
        let waits: Vec<_> = (0..).map_while(|n| schedule.wait_after(n, None, &mut rng)).collect();
        assert_eq!(waits, RetrySchedule::DEFAULT_WAITS);
        let hours = schedule.horizon(Duration::ZERO).as_secs_f64() / 3_600.0;
        assert!((27.5..27.7).contains(&hours), "{hours}");
    }

    #[test]
    fn nonsense_is_refused() {
        let too_many = vec![Duration::ZERO; 33];
        assert_eq!(RetrySchedule::try_new(too_many, DAY, 0.0), Err(ScheduleError::TooMany));
        assert_eq!(RetrySchedule::try_new(vec![DAY * 8], DAY, 0.0), Err(ScheduleError::TooLong));
        assert_eq!(RetrySchedule::try_new(vec![], DAY, 0.6), Err(ScheduleError::Jitter));
        assert_eq!(RetrySchedule::try_new(vec![], DAY, f64::NAN), Err(ScheduleError::Jitter));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_promised_nor_longer_than_the_ceiling_allows(
            waits in prop::collection::vec(0_u64..36_000_000, 0..10),
            failures in 0_usize..12,
            asked in prop::option::of(0_u64..1_000_000_000),
            jitter in 0.0_f64..0.5,
            seed: u64,
        ) {
            let waits: Vec<_> = waits.into_iter().map(Duration::from_millis).collect();
            let schedule = RetrySchedule::try_new(waits.clone(), DAY, jitter).unwrap();
            let asked = asked.map(Duration::from_millis);
            let mut rng = StdRng::seed_from_u64(seed);
            match (schedule.wait_after(failures, asked, &mut rng), waits.get(failures)) {
                (None, None) => {}
                (Some(wait), Some(base)) => {
                    let wanted = asked.map_or(*base, |asked| asked.min(DAY).max(*base));
                    prop_assert!(wait >= wanted);
                    prop_assert!(wait <= wanted.mul_f64(1.0 + jitter) + Duration::from_nanos(1));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
