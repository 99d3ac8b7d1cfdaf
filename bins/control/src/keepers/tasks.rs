//! Works background tasks off, in whichever replica comes first.
//!
//! A [`Board`] shows which tasks there are, in every replica; a turn is one replica's time with one
//! task, under a lease that lapses with it; a step is a bounded piece of work, after which it is
//! stored how far the task came.
//!
//! # Invariants
//! - What a step is to do is stored before it is done, and everything it does is recognised by the
//!   broker when it is done again within the dedup window; so a step that was cut, by a crash or
//!   a stop, is repeated without effect.
//! - Only who holds the lease changes a task's record: every write names the revision before.
//! - A stopping replica lets go of its leases at once; one that dies is followed after
//!   [`LEASE`](crate::tasks::LEASE). Leases are judged by each replica's own clock: where clocks
//!   disagree by more, two may do the same step, which is harmless.
//! - At most [`AT_ONCE`] tasks are worked on in one replica, each at most five steps of 200 messages a
//!   second.

mod bench;
mod board;
mod metrics;
mod purge;
mod redrive;
mod replay;
mod statistics;
mod step;
mod turn;

use std::{collections::HashMap, sync::Arc, time::Duration};

use posthaste_bus::{BucketError, Change};
use posthaste_domain::Timestamp;
use posthaste_service::{Kit, clock};
use tokio::{
    select,
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

pub(crate) use self::{bench::Bench, metrics::TaskMetrics};
use self::{board::Board, turn::Turn};
use super::announcer::Announcer;
use crate::tasks::{TaskError, Tasks};

/// How many tasks one replica works on at once.
const AT_ONCE: usize = 4;
/// How often ended tasks are looked through for what is too old.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How long a task rests here whose turn did not change its record.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long to wait before a watch that could not be begun is tried again.
const WATCH_AGAIN: Duration = Duration::from_millis(500);
/// The longest time between two looks at the board.
const IDLE: Duration = Duration::from_secs(30);
/// How many changes may wait for the board.
const CHANGES: usize = 256;

/// What working tasks off needs.
pub(crate) struct TaskKeeper {
    pub(crate) tasks: Tasks,
    pub(crate) bench: Bench,
    pub(crate) announcer: Announcer,
    pub(crate) metrics: TaskMetrics,
}

impl TaskKeeper {
    /// Works tasks off until the process stops.
    pub(crate) fn spawn(self, kit: &Kit) {
        let (tell, changes) = mpsc::channel(CHANGES);
        let stop = kit.stop.intake.clone();
        kit.spawn("task watch", watch(self.tasks.clone(), tell, stop.clone()));
        kit.spawn("task keeper", self.run(changes, stop));
    }

    async fn run(self, mut changes: mpsc::Receiver<Change>, stop: CancellationToken) {
        let turn = Arc::new(Turn {
            tasks: self.tasks.clone(),
            bench: self.bench,
            announcer: self.announcer,
            metrics: self.metrics.clone(),
            holder: turn::name(),
            stop: stop.clone(),
        });
        let mut board = Board::default();
        let mut turns = JoinSet::new();
        let mut keys = HashMap::new();
        let mut prune_at = Instant::now() + PRUNE_EVERY;
        loop {
            let now = Timestamp::from(clock::now());
            for key in board.take_due(now, AT_ONCE.saturating_sub(turns.len())) {
                let (turn, of) = (Arc::clone(&turn), key.clone());
                let id = turns.spawn(async move { turn.run(&of).await }).id();
                keys.insert(id, key);
            }
            self.metrics.running(board.running());
            let room = turns.len() < AT_ONCE;
            let due = board.next_due().filter(|_| room).map_or(IDLE, |due| due.since(now));
            select! {
                () = stop.cancelled() => break,
                change = changes.recv() => match change {
                    Some(change) => board.apply(change),
                    None => break,
                },
                Some(ended) = turns.join_next_with_id() => {
                    let (id, changed) = ended.unwrap_or_else(|error| {
                        warn!(error = &error as &dyn std::error::Error, "a turn broke off");
                        (error.id(), false)
                    });
                    if let Some(key) = keys.remove(&id) {
                        let rest = if changed { Duration::ZERO } else { LOOK_AGAIN };
                        board.put_back(&key, Timestamp::from(clock::now()) + rest);
                    }
                }
                () = sleep(due.min(IDLE)) => {}
                () = tokio::time::sleep_until(prune_at) => {
                    prune_at = Instant::now() + PRUNE_EVERY;
                    prune(&self.tasks, &board, Timestamp::from(clock::now())).await;
                }
            }
        }
        // Each sees the stop by itself, and lets go of its lease.
        while turns.join_next().await.is_some() {}
    }
}

/// Removes what ended long ago, or what is too much.
async fn prune(tasks: &Tasks, board: &Board, now: Timestamp) {
    for (key, revision) in board.outdated(now) {
        match tasks.remove(&key, revision).await {
            Ok(()) | Err(TaskError::Changed) => {}
            Err(error) => {
                debug!(error = &error as &dyn std::error::Error, "an old task is not removed yet");
                return;
            }
        }
    }
}

/// Tells every change of every task until `stop`.
async fn watch(tasks: Tasks, tell: mpsc::Sender<Change>, stop: CancellationToken) {
    let mut watch = tasks.watch();
    loop {
        match stop.run_until_cancelled(watch.next()).await {
            None => return,
            Some(Ok(change)) => {
                let Some(Ok(())) = stop.run_until_cancelled(tell.send(change)).await else {
                    return;
                };
            }
            Some(Err(error)) => {
                let error: &BucketError = &error;
                warn!(error = error as &dyn std::error::Error, "no watch of the tasks");
                if stop.run_until_cancelled(sleep(WATCH_AGAIN)).await.is_none() {
                    return;
                }
            }
        }
    }
}
