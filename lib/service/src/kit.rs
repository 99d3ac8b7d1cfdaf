//! What a process hands to everything it runs.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    pin::pin,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use futures_util::FutureExt as _;
use prometheus::Registry;
use tokio::{select, task::JoinHandle, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    ready::Readiness,
    stop::{ShutdownConfig, Signal, Stop, Stopped, drain, wait_for_signal},
};

/// Readiness, metrics, and the way to stop. Cheap to clone; every clone is the same kit. Roles that
/// share a process may share a kit, or have one each.
#[derive(Clone, Debug, Default)]
pub struct Kit {
    /// Whether the process wants work.
    pub readiness: Readiness,
    /// Where every part registers its metrics.
    pub registry: Registry,
    /// When to stop taking work, and when to let go of it.
    pub stop: Stop,
    /// Every task that stopping waits for.
    pub tracker: TaskTracker,
    lost: Lost,
}

/// The first task that ended when it should not have.
#[derive(Clone, Debug, Default)]
struct Lost {
    name: Arc<OnceLock<&'static str>>,
    noticed: CancellationToken,
}

/// Why a process stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was told to.
    Signal(Signal),
    /// Somebody cancelled [`Stop::intake`].
    Asked,
    /// This task panicked, or ended before anything was to stop. A process that lost a part of
    /// itself is better started anew than half alive.
    TaskLost(&'static str),
}

/// Why and how a process stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub cause: Cause,
    /// What became of its work.
    pub stopped: Stopped,
}

impl Kit {
    /// A kit of its own: nothing runs, nothing stops, not ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a long-lived part of the process and tracks it, so that stopping waits for it.
    ///
    /// It should end once [`Stop::intake`] or [`Stop::work`] is cancelled. If it panics, or ends
    /// before that, the loss is logged, the process is not ready any more, and
    /// [`Kit::until_stopped`] stops the rest. Short work, whose end is no loss, belongs on
    /// [`Kit::tracker`].
    pub fn spawn<F>(&self, name: &'static str, part: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let kit = self.clone();
        self.tracker.spawn(async move {
            match AssertUnwindSafe(part).catch_unwind().await {
                Ok(()) if kit.stop.intake.is_cancelled() => {}
                Ok(()) => {
                    error!(task = name, "task ended unexpectedly");
                    kit.lose(name);
                }
                Err(panic) => {
                    error!(task = name, panic = panic_message(&*panic), "task panicked");
                    kit.lose(name);
                }
            }
        })
    }

    /// Waits until the process is to stop, and stops it: see [`Kit::shut_down`]. A second signal
    /// cancels [`Stop::work`], so that impatient people need no SIGKILL.
    pub async fn until_stopped(&self, config: &ShutdownConfig) -> Ended {
        let cause = select! {
            biased;
            name = self.lost() => Cause::TaskLost(name),
            () = self.stop.intake.cancelled() => Cause::Asked,
            signal = wait_for_signal() => Cause::Signal(signal),
        };
        info!(?cause, drain = ?config.drain, delay = ?config.delay, "stopping");
        let mut stopping = pin!(self.shut_down(config));
        let stopped = select! {
            biased;
            stopped = stopping.as_mut() => stopped,
            signal = wait_for_signal() => {
                warn!(?signal, "told again to stop: letting go of work in flight");
                self.stop.work.cancel();
                stopping.await
            }
        };
        match stopped {
            Stopped::Drained => info!("stopped; all work was finished"),
            Stopped::HandedBack => info!("stopped; unfinished work was handed back"),
            Stopped::Abandoned(tasks) => warn!(tasks, "stopped; some tasks did not let go"),
        }
        Ended { cause, stopped }
    }

    /// Stops: not ready; the delay, while work is still taken; then [`drain`].
    ///
    /// The admin server is best served beside this, until after it: probes should see the process
    /// drain, and the last scrape should see what became of the work.
    pub async fn shut_down(&self, config: &ShutdownConfig) -> Stopped {
        self.readiness.begin_draining();
        let _cut_short = self.stop.intake.run_until_cancelled(sleep(config.delay)).await;
        drain(&self.stop, &self.tracker, config.drain).await
    }

    fn lose(&self, name: &'static str) {
        // Only the first loss is the cause; others follow from it.
        let _ = self.lost.name.set(name);
        drop(self.readiness.gate(name));
        self.lost.noticed.cancel();
    }

    async fn lost(&self) -> &'static str {
        self.lost.noticed.cancelled().await;
        self.lost.name.get().copied().unwrap_or("unknown")
    }
}

impl Ended {
    /// What the process should end with: success where it was told to stop and left nothing stuck.
    #[must_use]
    pub const fn exit_code(&self) -> ExitCode {
        match (self.cause, self.stopped) {
            (Cause::TaskLost(_), _) | (_, Stopped::Abandoned(_)) => ExitCode::FAILURE,
            (Cause::Signal(_) | Cause::Asked, Stopped::Drained | Stopped::HandedBack) => {
                ExitCode::SUCCESS
            }
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not text")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;
    use tokio::{sync::oneshot, time::Instant};

    use super::*;

    const SHUTDOWN: ShutdownConfig =
        ShutdownConfig { drain: Duration::from_secs(45), delay: Duration::from_secs(5) };

    #[tokio::test(start_paused = true)]
    async fn the_delay_comes_before_the_intake_stops() {
        let kit = Kit::new();
        let gate = kit.readiness.gate("bus");
        gate.open();
        let intake = kit.stop.intake.clone();
        let (report, reported) = oneshot::channel();
        let readiness = kit.readiness.clone();
        let began = Instant::now();
        kit.spawn("loop", async move {
            intake.cancelled().await;
            report.send((began.elapsed(), readiness.is_ready())).unwrap();
        });
        assert_eq!(kit.shut_down(&SHUTDOWN).await, Stopped::Drained);
        assert_eq!(reported.await, Ok((SHUTDOWN.delay, false)));
    }

    #[tokio::test(start_paused = true)]
    async fn cutting_work_ends_the_delay() {
        let kit = Kit::new();
        let mut stopping = pin!(kit.shut_down(&SHUTDOWN));
        assert!(poll!(stopping.as_mut()).is_pending());
        let began = Instant::now();
        kit.stop.work.cancel();
        assert_eq!(stopping.await, Stopped::Drained);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_panic_stops_the_process_and_names_the_task() {
        let kit = Kit::new();
        let other = kit.readiness.gate("bus");
        other.open();
        let intake = kit.stop.intake.clone();
        kit.spawn("healthy", async move { intake.cancelled().await });
        kit.spawn("fragile", async { panic!("the lane is {}", "gone") });
        let ended = kit.until_stopped(&ShutdownConfig { delay: Duration::ZERO, ..SHUTDOWN }).await;
        let expected = Ended { cause: Cause::TaskLost("fragile"), stopped: Stopped::Drained };
        assert_eq!(ended, expected);
        assert_eq!(kit.readiness.report().closed[0].gate, "fragile");
        assert_eq!(format!("{:?}", ended.exit_code()), format!("{:?}", ExitCode::FAILURE));
    }

    #[tokio::test]
    async fn ending_early_is_a_loss_too() {
        let kit = Kit::new();
        kit.spawn("short", async {});
        assert_eq!(kit.lost().await, "short");
    }

    #[tokio::test]
    async fn ending_when_asked_to_is_none() {
        let kit = Kit::new();
        let intake = kit.stop.intake.clone();
        kit.spawn("loop", async move { intake.cancelled().await });
        kit.stop.intake.cancel();
        let ended = kit.until_stopped(&SHUTDOWN).await;
        assert_eq!(ended, Ended { cause: Cause::Asked, stopped: Stopped::Drained });
        assert!(!kit.lost.noticed.is_cancelled());
        assert_eq!(format!("{:?}", ended.exit_code()), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn panics_are_read() {
        assert_eq!(panic_message(&"a"), "a");
        assert_eq!(panic_message(&"b".to_owned()), "b");
        assert_eq!(panic_message(&3), "not text");
    }
}
