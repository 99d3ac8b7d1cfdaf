//! Background tasks: work that goes on after the request that asked for it.
//!
//! A task is one record of a bucket, written before its request is answered, so a crash forgets
//! none. The keeper of tasks works them off in any replica, one at a time for each task, and
//! stores how far it came after every step.
//!
//! # Invariants
//! - At most [`RUNNING_MAX`] tasks of an organisation run; those that ended are kept for thirty days,
//!   the newest [`KEPT_MAX`] of them.
//! - A record has at most [`RECORD_MAX`] bytes.
//! - Every change of a record names the revision it was made from.

mod kind;
mod task;
mod work;

use std::time::Duration;

use bytes::Bytes;
use posthaste_api::Problem;
use posthaste_bus::{Bucket, BucketError};
use posthaste_domain::{OrgId, TaskId, Timestamp};

pub(crate) use self::{
    kind::{TaskKind, TaskType},
    task::{LEASE, Progress, Task, TaskStatus},
    work::{DeadLetters, Replay, ReplayFilter, Standing, Work},
};

/// How many tasks of one organisation may run. Requests that meet may exceed it by a few.
pub const RUNNING_MAX: usize = 20;
/// How many ended tasks of one organisation are kept.
pub const KEPT_MAX: usize = 500;
/// For how long an ended task is kept.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
/// The largest record, in bytes: half of what the broker takes as one message.
pub const RECORD_MAX: usize = 512 << 10;
/// When a caller whose task was not confirmed may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The tasks of every organisation. Cheap to clone.
#[derive(Clone)]
pub struct Tasks {
    bucket: Bucket,
}

/// Why a task was not started, or is not known.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// As many run as may.
    #[error("{RUNNING_MAX} tasks run already")]
    TooMany,
    /// The record would have more than [`RECORD_MAX`] bytes.
    #[error("the task is larger than a record may be")]
    TooLarge,
    /// Somebody else changed the record meanwhile.
    #[error("the task has changed meanwhile")]
    Changed,
    /// The broker did not answer. The task may be stored all the same.
    #[error("the broker did not confirm the task")]
    Unavailable(#[source] BucketError),
    /// The record is not in our form.
    #[error("the task cannot be read or written")]
    Unreadable(#[from] serde_json::Error),
}

impl From<BucketError> for TaskError {
    fn from(error: BucketError) -> Self {
        match error {
            BucketError::Changed | BucketError::Taken => Self::Changed,
            BucketError::TooLarge => Self::TooLarge,
            error => Self::Unavailable(error),
        }
    }
}

impl From<TaskError> for Problem {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::TooMany => Self::limit_reached(format!(
                "At most {RUNNING_MAX} background tasks may run at once. Wait until one ends."
            )),
            TaskError::TooLarge => Self::payload_too_large(),
            TaskError::Changed | TaskError::Unavailable(_) => Self::unavailable(RETRY_AFTER, error),
            TaskError::Unreadable(_) => Self::internal(error),
        }
    }
}

impl Tasks {
    /// The tasks in `bucket`.
    #[must_use]
    pub const fn new(bucket: Bucket) -> Self {
        Self { bucket }
    }

    /// Stores a task, for whichever replica comes first to work it off.
    pub(crate) async fn start(
        &self,
        org: &OrgId,
        work: Work,
        now: Timestamp,
    ) -> Result<Task, TaskError> {
        let all = self.list(org).await?;
        let running = all.iter().filter(|task| task.status == TaskStatus::Running).count();
        if running >= RUNNING_MAX {
            return Err(TaskError::TooMany);
        }
        let id = TaskId::generate(now, &mut rand::rng());
        let task = Task::new(id, org.clone(), work, now);
        self.bucket.create(&key(org, &task.id), record(&task)?).await?;
        Ok(task)
    }

    /// A task of an organisation.
    pub(crate) async fn get(&self, org: &OrgId, id: &TaskId) -> Result<Option<Task>, TaskError> {
        Ok(self.at(&key(org, id)).await?.map(|(task, _)| task))
    }

    /// The tasks of an organisation, oldest first. What this version cannot read is left out.
    pub(crate) async fn list(&self, org: &OrgId) -> Result<Vec<Task>, TaskError> {
        let entries = self.bucket.entries(org.as_str()).await?;
        let mut tasks: Vec<Task> =
            entries.iter().filter_map(|entry| read(&entry.value).ok()).collect();
        tasks.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(tasks)
    }

    /// The task under a key, and its revision.
    pub(crate) async fn at(&self, key: &str) -> Result<Option<(Task, u64)>, TaskError> {
        match self.bucket.get(key).await? {
            Some((value, revision)) => Ok(Some((read(&value)?, revision))),
            None => Ok(None),
        }
    }

    /// Writes a task over the revision it was read at; returns the new one.
    pub(crate) async fn store(&self, task: &Task, revision: u64) -> Result<u64, TaskError> {
        let key = key(&task.org, &task.id);
        Ok(self.bucket.update(&key, record(task)?, revision).await?)
    }

    /// Removes the task under a key, where it is still at this revision.
    pub(crate) async fn remove(&self, key: &str, revision: u64) -> Result<(), TaskError> {
        Ok(self.bucket.delete_at(key, revision).await?)
    }

    /// Tells of every task and every change.
    pub(crate) fn watch(&self) -> posthaste_bus::Watch {
        self.bucket.watch()
    }
}

/// Reads a record.
pub(crate) fn read(value: &Bytes) -> Result<Task, serde_json::Error> {
    serde_json::from_slice(value)
}

/// The key of a task: its organisation's tasks are found by the first part.
pub(crate) fn key(org: &OrgId, id: &TaskId) -> String {
    format!("{org}.{id}")
}

fn record(task: &Task) -> Result<Bytes, TaskError> {
    let record = serde_json::to_vec(task)?;
    if record.len() > RECORD_MAX { Err(TaskError::TooLarge) } else { Ok(record.into()) }
}
