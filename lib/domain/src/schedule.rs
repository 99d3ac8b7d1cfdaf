//! When to try again.

use std::time::Duration;

use rand::Rng;

use crate::Timestamp;

/// The waits between the attempts of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrySchedule {
    waits: Vec<Duration>,
    retry_after_ceiling: Duration,
    jitter: f64,
    anchor: Anchor,
}

/// From where a wait is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The end of the attempt that failed.
    #[default]
    AttemptFailed,
    /// The start of the attempt that failed.
    AttemptStarted,
    /// The start of the first attempt: all attempts have their places beforehand, however long each
    /// took.
    FirstStarted,
}

/// An attempt that failed, and the run that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Failed {
    /// When the first attempt of the run was begun.
    pub run_began_at: Timestamp,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it had failed.
    pub ended_at: Timestamp,
    /// How long the receiver asked us to wait.
    pub asked: Option<Duration>,
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
        Ok(Self { waits, retry_after_ceiling, jitter, anchor: Anchor::default() })
    }

    /// The same schedule with its waits counted from elsewhere than the end of the failed attempt.
    #[must_use]
    pub fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// When the attempt is due that follows `failures` attempts of this run and the present one,
    /// which has `failed` too; `None` when that was the last.
    ///
    /// A wait that a receiver asked for may lengthen ours up to the ceiling, never shorten it: a
    /// receiver must not be able to ask us to hammer it. Jitter only lengthens too, so a published
    /// schedule is never early.
    pub fn due_after(
        &self,
        failures: usize,
        failed: &Failed,
        rng: &mut impl Rng,
    ) -> Option<Timestamp> {
        let wait = *self.waits.get(failures)?;
        let from = match self.anchor {
            Anchor::AttemptFailed => failed.ended_at,
            Anchor::AttemptStarted => failed.started_at,
            Anchor::FirstStarted => failed.run_began_at + self.waits[..failures].iter().sum(),
        };
        let share = self.jitter * f64::from(rng.next_u32()) / f64::from(u32::MAX);
        let lengthened = |wait: Duration| wait + wait.mul_f64(share);
        let ours = from + lengthened(wait);
        let asked = failed.asked.map(|asked| asked.min(self.retry_after_ceiling));
        Some(asked.map_or(ours, |asked| ours.max(failed.ended_at + lengthened(asked))))
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

    const BEGAN: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    /// How long after the start of the first attempt each later one is due, where every attempt
    /// takes `took`.
    fn offsets(schedule: &RetrySchedule, took: Duration) -> Vec<Duration> {
        let mut rng = StdRng::seed_from_u64(0);
        let mut started_at = BEGAN;
        let next = |failures| {
            let ended_at = started_at + took;
            let failed = Failed { run_began_at: BEGAN, started_at, ended_at, asked: None };
            started_at = schedule.due_after(failures, &failed, &mut rng)?;
            Some(started_at.since(BEGAN))
        };
        (0..).map_while(next).collect()
    }

    #[test]
    fn waits_are_counted_from_where_the_schedule_says() {
        let [second, minute] = [1, 60].map(Duration::from_secs);
        let schedule = RetrySchedule::try_new(vec![minute, minute], DAY, 0.0).unwrap();
        let offsets = |anchor| offsets(&schedule.clone().anchored(anchor), second * 15);
        assert_eq!(offsets(Anchor::AttemptFailed), [second * 75, second * 150]);
        assert_eq!(offsets(Anchor::AttemptStarted), [minute, minute * 2]);
        assert_eq!(offsets(Anchor::FirstStarted), [minute, minute * 2]);
    }

    #[test]
    fn the_default_makes_eight_attempts_over_27_hours() {
        let schedule =
            RetrySchedule::try_new(RetrySchedule::DEFAULT_WAITS.into(), DAY, 0.0).unwrap();
        let due = [5, 305, 2_105, 9_305, 27_305, 63_305, 99_305].map(Duration::from_secs);
        assert_eq!(offsets(&schedule, Duration::ZERO), due);
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
            let failed =
                Failed { run_began_at: BEGAN, started_at: BEGAN, ended_at: BEGAN, asked };
            match (schedule.due_after(failures, &failed, &mut rng), waits.get(failures)) {
                (None, None) => {}
                (Some(due), Some(base)) => {
                    let wait = due.since(BEGAN);
                    let wanted = asked.map_or(*base, |asked| asked.min(DAY).max(*base));
                    prop_assert!(wait >= wanted);
                    prop_assert!(wait <= wanted.mul_f64(1.0 + jitter) + Duration::from_micros(1));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
