//! How often, and how many at once, applications may ask: a bucket of tokens each.
//!
//! # Invariants
//! - One application that asks too often takes nothing from another.
//! - What is remembered is bounded: a bucket that is full again is forgotten, for a new one is full.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use posthaste_domain::AppId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many applications are remembered at most; of those that ask within two seconds.
const BUCKETS_MAX: usize = 10_000;
/// How many seconds' worth of tokens may be saved up.
const BURST_SECONDS: f64 = 2.0;
/// How many questions of one application are answered at once.
const AT_ONCE_EACH: usize = 16;
/// How many of all applications are: what they hold in memory is so many bodies of 1 MiB,
const AT_ONCE: usize = 128;
/// of which so many may be larger, up to 8 MiB.
const LARGE_AT_ONCE: usize = 16;

/// Lets applications ask, each at its own pace. Cheap to clone.
#[derive(Clone)]
pub struct Pace {
    per_second: f64,
    state: Arc<Mutex<State>>,
    large: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    buckets: HashMap<AppId, Bucket>,
    at_once: usize,
}

struct Bucket {
    tokens: f64,
    at: Instant,
    at_once: usize,
}

/// That a question may be answered; as long as it lives it counts.
pub(crate) struct Pass {
    app: AppId,
    state: Arc<Mutex<State>>,
}

/// Everybody together asks about too many large events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowded;

/// Why a question is not answered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The application asks too often, and may ask again after this long.
    For(Duration),
    /// Everybody together asks too much.
    Crowded,
}

impl Pace {
    /// At most `per_second` questions a second for each application, and twice as many at once
    /// where it has not asked for a while.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let large = Arc::new(Semaphore::new(LARGE_AT_ONCE));
        Self { per_second: per_second.into(), state: Arc::default(), large }
    }

    /// Takes a token of this application.
    pub(crate) fn take(&self, app: &AppId, now: Instant) -> Result<Pass, Wait> {
        let most = self.per_second * BURST_SECONDS;
        let mut state = lock(&self.state);
        if state.at_once >= AT_ONCE {
            return Err(Wait::Crowded);
        }
        if state.buckets.len() >= BUCKETS_MAX && !state.buckets.contains_key(app) {
            let is_idle = |bucket: &Bucket| {
                bucket.at_once == 0 && bucket.tokens_at(now, self.per_second, most) >= most
            };
            state.buckets.retain(|_, bucket| !is_idle(bucket));
            if state.buckets.len() >= BUCKETS_MAX {
                return Err(Wait::Crowded);
            }
        }
        let bucket = state.buckets.entry(app.clone());
        let bucket = bucket.or_insert(Bucket { tokens: most, at: now, at_once: 0 });
        let tokens = bucket.tokens_at(now, self.per_second, most);
        if bucket.at_once >= AT_ONCE_EACH || tokens < 1.0 {
            let missing = (1.0 - tokens).max(0.0) / self.per_second;
            return Err(Wait::For(Duration::from_secs_f64(missing)));
        }
        bucket.tokens = tokens - 1.0;
        bucket.at = now;
        bucket.at_once += 1;
        state.at_once += 1;
        Ok(Pass { app: app.clone(), state: Arc::clone(&self.state) })
    }
}

impl Pace {
    /// Lets a large event be asked about, as long as what is returned lives.
    pub(crate) fn take_large(&self) -> Result<OwnedSemaphorePermit, Crowded> {
        Arc::clone(&self.large).try_acquire_owned().map_err(|_| Crowded)
    }
}

impl Bucket {
    fn tokens_at(&self, now: Instant, per_second: f64, most: f64) -> f64 {
        let waited = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + waited * per_second).min(most)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.at_once = state.at_once.saturating_sub(1);
        if let Some(bucket) = state.buckets.get_mut(&self.app) {
            bucket.at_once = bucket.at_once.saturating_sub(1);
        }
    }
}

/// Nothing is left half done by a panic in here.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use posthaste_domain::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn app() -> AppId {
        AppId::generate(Timestamp::from_micros(1_000_000), &mut rand::rng())
    }

    /// How many of `asked` questions in a row are let through.
    fn let_through(pace: &Pace, app: &AppId, now: Instant, asked: usize) -> usize {
        (0..asked).filter(|_| pace.take(app, now).is_ok()).count()
    }

    #[test]
    fn two_seconds_worth_may_come_at_once_and_then_so_many_a_second() {
        let (pace, app, other, begin) = (Pace::new(5), app(), app(), Instant::now());
        assert_eq!(let_through(&pace, &app, begin, 100), 10);
        let Err(Wait::For(wait)) = pace.take(&app, begin) else { panic!("it must wait") };
        assert_eq!(wait, Duration::from_millis(200));
        assert_eq!(let_through(&pace, &other, begin, 100), 10, "another's is its own");
        assert_eq!(let_through(&pace, &app, begin + wait, 100), 1);
        assert_eq!(let_through(&pace, &app, begin + Duration::from_secs(60), 100), 10);
    }

    #[test]
    fn only_so_many_are_answered_at_once_and_then_the_next() {
        let (pace, now) = (Pace::new(1_000), Instant::now());
        let (apps, greedy): (Vec<_>, _) = ((0..20).map(|_| app()).collect(), app());
        let mut held: Vec<_> = (0..100).filter_map(|_| pace.take(&greedy, now).ok()).collect();
        assert_eq!(held.len(), AT_ONCE_EACH);
        assert!(matches!(pace.take(&greedy, now), Err(Wait::For(_))));
        for app in &apps {
            held.extend((0..AT_ONCE_EACH).filter_map(|_| pace.take(app, now).ok()));
        }
        assert_eq!(held.len(), AT_ONCE);
        assert_eq!(pace.take(&app(), now).err(), Some(Wait::Crowded));
        held.clear();
        assert!(pace.take(&greedy, now).is_ok());
    }

    #[test]
    fn few_are_large_at_once() {
        let pace = Pace::new(1);
        let held: Vec<_> = (0..100).filter_map(|_| pace.take_large().ok()).collect();
        assert_eq!(held.len(), LARGE_AT_ONCE);
        drop(held);
        assert!(pace.take_large().is_ok());
    }

    #[test]
    fn who_has_not_asked_for_a_while_is_forgotten_when_there_are_too_many() {
        let (pace, begin) = (Pace::new(1), Instant::now());
        for _ in 0..BUCKETS_MAX {
            assert!(pace.take(&app(), begin).is_ok());
        }
        assert_eq!(pace.take(&app(), begin).err(), Some(Wait::Crowded));
        assert!(pace.take(&app(), begin + Duration::from_secs(2)).is_ok());
        assert_eq!(lock(&pace.state).buckets.len(), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate(
            gaps in prop::collection::vec(0_u64..700, 1..300),
            per_second in 1_u32..40,
        ) {
            let (pace, app, begin) = (Pace::new(per_second), app(), Instant::now());
            let (mut now, mut passed) = (begin, 0_u32);
            for gap in gaps {
                now += Duration::from_millis(gap);
                passed += u32::from(pace.take(&app, now).is_ok());
                let most = (now - begin).as_secs_f64() * f64::from(per_second)
                    + f64::from(2 * per_second);
                prop_assert!(f64::from(passed) <= most + 1e-6);
            }
        }
    }
}
