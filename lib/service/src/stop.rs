//! Stopping in two steps, inside a deadline, and saying what was left.
//!
//! First the process takes nothing new ([`Stop::intake`]); what runs may finish. Then what still
//! runs is told to let go ([`Stop::work`]): hand its claim back and end.

use std::time::Duration;

use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;

use crate::config::{Key, Reader};

const DRAIN: Key = Key::new(
    "shutdown.drain_ms",
    "45000",
    "ms",
    "How long work in flight may go on after the process was told to stop.",
);
const DELAY: Key = Key::new(
    "shutdown.delay_ms",
    "0",
    "ms",
    "How long the process goes on taking work after it was told to stop, not ready any more, \
     while load balancers take notice.",
);

/// The settings of this module.
pub const KEYS: &[Key] = &[DRAIN, DELAY];

/// How long work that was told to let go may take to do so, before it is left behind. Enough for a
/// round trip to hand back a claim; the whole stop takes at most delay, drain and this.
pub const RELEASE_BOUND: Duration = Duration::from_secs(10);

/// How a process stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownConfig {
    /// How long work in flight may go on.
    pub drain: Duration,
    /// How long to go on taking work while not ready.
    pub delay: Duration,
}

impl ShutdownConfig {
    /// Reads [`KEYS`].
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self { drain: reader.millis(&DRAIN), delay: reader.millis(&DELAY) }
    }
}

/// The two steps of stopping. Cheap to clone; every clone is the same stop.
#[derive(Clone, Debug)]
pub struct Stop {
    /// First: claim nothing, accept nothing, start nothing. What runs goes on.
    pub intake: CancellationToken,
    /// Then: whatever still runs lets go of what it holds, uncounted, and ends. Cancelling this
    /// cancels the intake too.
    pub work: CancellationToken,
}

impl Stop {
    /// Nothing stops yet.
    #[must_use]
    pub fn new() -> Self {
        let work = CancellationToken::new();
        Self { intake: work.child_token(), work }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

/// How stopping ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Everything finished by itself.
    Drained,
    /// What was left at the end of the grace was told to let go, and did.
    HandedBack,
    /// So many tasks did not even let go within [`RELEASE_BOUND`]. Others will find their claims
    /// once they run out.
    Abandoned(usize),
}

/// Stops what `tracker` tracks: no new work; up to `grace` for what runs to finish; then
/// [`Stop::work`] is cancelled and what is left has [`RELEASE_BOUND`] to let go.
///
/// Without grace, work is cancelled at once. Cancelling [`Stop::work`] meanwhile ends the grace.
/// When this returns both tokens are cancelled. Tasks spawned meanwhile are waited for as well.
pub async fn drain(stop: &Stop, tracker: &TaskTracker, grace: Duration) -> Stopped {
    stop.intake.cancel();
    tracker.close();
    let drained = if grace.is_zero() {
        tracker.is_empty()
    } else {
        select! {
            biased;
            () = tracker.wait() => true,
            () = stop.work.cancelled() => false,
            () = sleep(grace) => false,
        }
    };
    stop.work.cancel();
    if drained {
        return Stopped::Drained;
    }
    match timeout(RELEASE_BOUND, tracker.wait()).await {
        Ok(()) => Stopped::HandedBack,
        Err(_) => Stopped::Abandoned(tracker.len()),
    }
}

/// What told the process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: what Kubernetes, systemd and `docker stop` send first. SIGKILL follows when their
    /// own grace is over, so that one must be longer than ours.
    Terminate,
    /// SIGINT: Ctrl-C at a terminal.
    Interrupt,
}

/// Waits for SIGTERM or SIGINT. From the first poll on neither ends the process by itself.
pub async fn wait_for_signal() -> Signal {
    select! {
        () = received(SignalKind::terminate()) => Signal::Terminate,
        () = received(SignalKind::interrupt()) => Signal::Interrupt,
    }
}

async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => {
            if signals.recv().await.is_some() {
                return;
            }
        }
        Err(err) => {
            error!(?kind, error = &err as &dyn std::error::Error, "cannot listen for a signal");
        }
    }
    // This signal will not come; another may.
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::time::Instant;

    use super::*;

    const GRACE: Duration = Duration::from_secs(45);

    #[tokio::test(start_paused = true)]
    async fn work_that_finishes_is_drained() {
        let (stop, tracker) = (Stop::new(), TaskTracker::new());
        let (intake, work) = (stop.intake.clone(), stop.work.clone());
        let attempt = tracker.spawn(async move {
            intake.cancelled().await;
            sleep(Duration::from_secs(30)).await;
            work.is_cancelled()
        });
        let began = Instant::now();
        assert_eq!(drain(&stop, &tracker, GRACE).await, Stopped::Drained);
        assert_eq!(began.elapsed(), Duration::from_secs(30));
        assert!(!attempt.await.unwrap(), "work was cut short");
        assert!(stop.work.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_finish_is_handed_back() {
        let (stop, tracker) = (Stop::new(), TaskTracker::new());
        let work = stop.work.clone();
        tracker.spawn(async move { work.cancelled().await });
        let began = Instant::now();
        assert_eq!(drain(&stop, &tracker, GRACE).await, Stopped::HandedBack);
        assert_eq!(began.elapsed(), GRACE);
    }

    // On the real clock, where even a timer of nothing takes a while.
    #[tokio::test]
    async fn without_grace_work_is_cut_at_once() {
        let (stop, tracker) = (Stop::new(), TaskTracker::new());
        let work = stop.work.clone();
        tracker.spawn(async move { work.cancelled().await });
        let mut draining = pin!(drain(&stop, &tracker, Duration::ZERO));
        assert!(poll!(draining.as_mut()).is_pending());
        assert!(stop.work.is_cancelled());
        assert_eq!(draining.await, Stopped::HandedBack);

        let idle = TaskTracker::new();
        assert_eq!(drain(&Stop::new(), &idle, Duration::ZERO).await, Stopped::Drained);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_task_is_left_behind() {
        let (stop, tracker) = (Stop::new(), TaskTracker::new());
        tracker.spawn(std::future::pending::<()>());
        let began = Instant::now();
        assert_eq!(drain(&stop, &tracker, GRACE).await, Stopped::Abandoned(1));
        assert_eq!(began.elapsed(), GRACE + RELEASE_BOUND);
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_work_ends_the_grace() {
        let (stop, tracker) = (Stop::new(), TaskTracker::new());
        let work = stop.work.clone();
        tracker.spawn(async move { work.cancelled().await });
        let mut draining = pin!(drain(&stop, &tracker, GRACE));
        assert!(poll!(draining.as_mut()).is_pending());
        let began = Instant::now();
        stop.work.cancel();
        assert_eq!(draining.await, Stopped::HandedBack);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[test]
    fn cutting_work_also_ends_the_intake() {
        let stop = Stop::new();
        stop.work.cancel();
        assert!(stop.intake.is_cancelled());
        let stop = Stop::new();
        stop.intake.cancel();
        assert!(!stop.work.is_cancelled());
    }
}
