//! One replica's time with one task.

use std::{sync::Arc, time::Duration};

use posthaste_domain::Timestamp;
use posthaste_service::clock;
use rand::Rng as _;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    bench::Bench,
    metrics::TaskMetrics,
    step::{self, Step, StepError},
};
use crate::{
    keepers::announcer::Announcer,
    tasks::{LEASE, Task, TaskError, TaskStatus, Tasks},
};

/// How often a lease is renewed during a step.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// After how long another task may come first.
const TURN: Duration = Duration::from_secs(10);
/// From the beginning of one step to that of the next, at least.
const STEP_EVERY: Duration = Duration::from_millis(200);

/// What every turn needs.
pub(super) struct Turn {
    pub(super) tasks: Tasks,
    pub(super) bench: Bench,
    pub(super) announcer: Announcer,
    pub(super) metrics: TaskMetrics,
    /// This replica, by a name that no other has.
    pub(super) holder: String,
    pub(super) stop: CancellationToken,
}

/// A name that no other replica has, now or earlier.
pub(super) fn name() -> String {
    format!("{:016x}", rand::rng().next_u64())
}

/// The task is not ours any more, or the broker does not answer; whoever comes next resumes it
/// from what is stored.
#[derive(Debug, thiserror::Error)]
#[error("the task's record could not be written")]
struct Lost(#[from] TaskError);

/// A task in hand, and its revision.
struct InHand {
    task: Task,
    revision: u64,
}

impl Turn {
    /// Works on a task for a while; says whether its record was changed.
    pub(super) async fn run(self: Arc<Self>, key: &str) -> bool {
        match self.work_on(key).await {
            Ok(changed) => changed,
            Err(error) => {
                debug!(key, error = &error as &dyn std::error::Error, "let go of a task");
                false
            }
        }
    }

    async fn work_on(&self, key: &str) -> Result<bool, Lost> {
        let Some((task, revision)) = self.tasks.at(key).await? else { return Ok(false) };
        let mut held = InHand { task, revision };
        if held.task.status != TaskStatus::Running {
            return self.announce(&mut held).await;
        }
        let now = now();
        if held.task.free_from().is_none_or(|free_from| free_from > now) {
            return Ok(false);
        }
        held.task.lease_to(&self.holder, now);
        self.store(&mut held).await?;
        let turn_ends = Instant::now() + TURN;
        loop {
            let next_step = Instant::now() + STEP_EVERY;
            let stepped = self.step(&mut held).await?;
            self.settle(&mut held.task, stepped, Instant::now() >= turn_ends);
            self.store(&mut held).await?;
            if held.task.status != TaskStatus::Running {
                self.ended(&held.task);
                self.announce(&mut held).await?;
                return Ok(true);
            }
            if held.task.lease.is_none() {
                return Ok(true);
            }
            if self.stop.run_until_cancelled(sleep_until(next_step)).await.is_none() {
                held.task.release();
                self.store(&mut held).await?;
                return Ok(true);
            }
        }
    }

    /// Makes a step on a copy, and renews the lease meanwhile; `None` where the process stops, for
    /// then the step is cut, to be made again by another.
    async fn step(
        &self,
        held: &mut InHand,
    ) -> Result<Option<(Task, Result<Step, StepError>)>, Lost> {
        let mut next = held.task.clone();
        let mut stepping = std::pin::pin!(async {
            let result = step::make(&self.bench, &mut next).await;
            (next, result)
        });
        let mut renewals = interval_at(Instant::now() + RENEW_EVERY, RENEW_EVERY);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(None),
                stepped = &mut stepping => return Ok(Some(stepped)),
                _ = renewals.tick() => {
                    held.task.lease_to(&self.holder, now());
                    self.store(held).await?;
                }
            }
        }
    }

    /// Makes of a task what a step came to.
    fn settle(
        &self,
        task: &mut Task,
        stepped: Option<(Task, Result<Step, StepError>)>,
        turn_is_over: bool,
    ) {
        let now = now();
        let Some((next, result)) = stepped else { return task.release() };
        self.metrics.stepped(task.kind(), &result);
        match result {
            Ok(Step::More) => {
                *task = next;
                task.advanced(now);
                task.lease_to(&self.holder, now);
                if turn_is_over {
                    task.release();
                }
            }
            Ok(Step::Done) => {
                *task = next;
                task.finish(now);
            }
            Err(StepError::NotNow(wait)) => task.rest(wait, now),
            Err(StepError::Impossible(reason)) => task.fail(reason, now),
            Err(StepError::Stumbled { reason, source }) => {
                let (id, error) = (&task.id, &*source as &dyn std::error::Error);
                warn!(task = %id, error, "a step of a background task failed");
                task.stumbled(reason, now);
            }
        }
    }

    /// Writes the task; one whose results are larger than a record may be is given up instead.
    async fn store(&self, held: &mut InHand) -> Result<(), Lost> {
        held.revision = match self.tasks.store(&held.task, held.revision).await {
            Err(TaskError::TooLarge) => {
                held.task.clear();
                held.task.fail("The result is larger than a task may hold. Ask for less.", now());
                self.tasks.store(&held.task, held.revision).await?
            }
            stored => stored?,
        };
        Ok(())
    }

    fn ended(&self, task: &Task) {
        self.metrics.ended(task);
        let took = now().since(task.created_at);
        info!(task = %task.id, kind = task.kind().as_str(), status = ?task.status, ?took, "a task ended");
    }

    /// Tells of the end of a task, and notes that it was told; says whether that was left to do.
    async fn announce(&self, held: &mut InHand) -> Result<bool, Lost> {
        if held.task.announced {
            return Ok(false);
        }
        if let Err(error) = self.announcer.task_ended(&held.task).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "the end of a task is not announced yet"
            );
            return Ok(false);
        }
        held.task.announced = true;
        self.store(held).await?;
        Ok(true)
    }
}

fn now() -> Timestamp {
    clock::now().into()
}

// A lease that is renewed a third of the way through outlasts two renewals that are late.
const _: () = assert!(RENEW_EVERY.as_secs() * 3 <= LEASE.as_secs());
