//! A task as it is stored, and the decisions about it: pure.

use std::time::Duration;

use posthaste_domain::{OrgId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{TaskKind, Work};

/// For how long one replica has a task to itself unless it says that it still works on it.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// How often in a row a step may fail.
pub(crate) const FAILURES_MAX: u32 = 16;
/// The wait after the first failure; it doubles with each, up to [`RETRY_MAX`]. All of them
/// together are some forty minutes.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(300);
/// Where `data` says why a task failed.
const REASON: &str = "error";

/// Work that goes on after the request that asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Its id.
    pub(crate) id: TaskId,
    /// Whose it is.
    pub(crate) org: OrgId,
    /// What is to be done.
    pub(crate) work: Work,
    /// How it stands.
    pub(crate) status: TaskStatus,
    /// How far it is.
    #[serde(default)]
    pub(crate) progress: Progress,
    /// What came of it so far: counts, or results.
    #[serde(default)]
    pub(crate) data: Map<String, Value>,
    /// How often in a row the present step failed.
    #[serde(default)]
    pub(crate) failures: u32,
    /// The moment before which nobody works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rests_until: Option<Timestamp>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<Lease>,
    /// Whether its end was told to who wants to hear of it.
    #[serde(default)]
    pub(crate) announced: bool,
    /// When it was asked for.
    pub(crate) created_at: Timestamp,
    /// When something came of it last.
    pub(crate) updated_at: Timestamp,
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = BackgroundTaskStatus)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TaskStatus {
    /// It waits, or is worked on.
    Running,
    /// It is done.
    Finished,
    /// It was given up; `data` says why.
    Failed,
}

/// How far a task is. What is planned is stored before it is done, so that whoever resumes it
/// does and counts the same, no more and no less.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The last thing that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    /// The ids of what is to be done next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) planned: Vec<String>,
    /// Whether everything has been looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) seen_all: bool,
}

/// The right to work on a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// The replica, by a name of its own.
    pub(crate) holder: String,
    /// Until when.
    pub(crate) until: Timestamp,
}

impl Task {
    pub(crate) fn new(id: TaskId, org: OrgId, work: Work, now: Timestamp) -> Self {
        Self {
            id,
            org,
            work,
            status: TaskStatus::Running,
            progress: Progress::default(),
            data: Map::new(),
            failures: 0,
            rests_until: None,
            lease: None,
            announced: false,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) const fn kind(&self) -> TaskKind {
        self.work.kind()
    }

    /// The moment from which anybody may begin or resume it; `None` where nothing is left to do.
    pub(crate) fn free_from(&self) -> Option<Timestamp> {
        let lease_ends = self.lease.as_ref().map(|lease| lease.until);
        (self.status == TaskStatus::Running)
            .then(|| lease_ends.max(self.rests_until).unwrap_or(self.created_at))
    }

    /// Gives `holder` the task for a while.
    pub(crate) fn lease_to(&mut self, holder: &str, now: Timestamp) {
        self.lease = Some(Lease { holder: holder.to_owned(), until: now + LEASE });
        self.rests_until = None;
    }

    /// Lets go of it.
    pub(crate) fn release(&mut self) {
        self.lease = None;
    }

    /// Adds to one of the counts in `data`.
    pub(crate) fn count(&mut self, name: &str, more: u64) {
        let before = self.data.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.data.insert(name.to_owned(), Value::from(before.saturating_add(more)));
    }

    /// A step was made.
    pub(crate) fn advanced(&mut self, now: Timestamp) {
        self.failures = 0;
        self.updated_at = now;
    }

    /// A step failed in a way that may pass: it is tried again later, or given up.
    pub(crate) fn stumbled(&mut self, reason: &str, now: Timestamp) {
        self.failures += 1;
        if self.failures > FAILURES_MAX {
            return self.fail(reason, now);
        }
        self.release();
        self.rests_until = Some(now + retry_after(self.failures));
    }

    /// Nothing is wrong, but it is not the time: it rests for `wait`.
    pub(crate) fn rest(&mut self, wait: Duration, now: Timestamp) {
        self.release();
        self.rests_until = Some(now + wait);
    }

    /// It cannot be done; `reason` is for whoever asked for it.
    pub(crate) fn fail(&mut self, reason: &str, now: Timestamp) {
        self.end(TaskStatus::Failed, now);
        self.data.insert(REASON.to_owned(), Value::from(reason));
    }

    /// It is done.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        self.end(TaskStatus::Finished, now);
    }

    /// Drops what came of it, for want of room.
    pub(crate) fn clear(&mut self) {
        self.data.clear();
    }

    fn end(&mut self, status: TaskStatus, now: Timestamp) {
        self.status = status;
        self.progress = Progress::default();
        self.rests_until = None;
        self.updated_at = now;
        self.release();
    }
}

/// How long a step rests after it failed so often in a row.
fn retry_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (RETRY_FIRST * 2_u32.pow(doublings)).min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tasks::{ReplayFilter, work::Standing};

    const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn task() -> Task {
        let id = "qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        let org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
        Task::new(id, org, Work::EventTypeAggregate, AT)
    }

    #[test]
    fn a_task_is_stored_in_a_form_that_was_pinned() {
        let pinned = r#"{"id":"qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ","org":"org_23rb8YdGqMT0qIzpgGwdXfHirMu","work":{"task":"endpoint.bulk-replay","app":"app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ","endpoint":"ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ","since":"2023-11-14T22:13:20.000000Z","until":"2023-11-14T22:13:21.000000Z","filter":{"standing":"fail","event_types":["a.b"]}},"status":"running","progress":{"cursor":"msg_1","planned":["msg_0"],"seen_all":true},"data":{"messagesSent":3},"failures":1,"rests_until":"2023-11-14T22:13:21.000000Z","lease":{"holder":"one","until":"2023-11-14T22:13:35.000000Z"},"announced":false,"created_at":"2023-11-14T22:13:20.000000Z","updated_at":"2023-11-14T22:13:20.000000Z"}"#;
        let read: Task = serde_json::from_str(pinned).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), pinned);
        let Work::BulkReplay { filter, .. } = &read.work else { panic!("{read:?}") };
        let ReplayFilter { standing, .. } = filter;
        assert_eq!(*standing, Some(Standing::Fail));
        let stored = serde_json::to_value(&read.work).unwrap();
        assert_eq!(stored["task"], read.kind().as_str());
    }

    #[test]
    fn a_lapsed_lease_frees_a_task_and_an_end_leaves_nothing_to_do() {
        let mut task = task();
        assert_eq!(task.free_from(), Some(AT));
        task.lease_to("one", AT);
        assert_eq!(task.free_from(), Some(AT + LEASE));
        task.release();
        assert_eq!(task.free_from(), Some(AT));
        task.finish(AT);
        assert_eq!((task.free_from(), task.status), (None, TaskStatus::Finished));
    }

    #[test]
    fn failures_in_a_row_are_bounded_and_a_step_forgives_them() {
        let mut task = task();
        let mut waited = Duration::ZERO;
        for _ in 0..FAILURES_MAX {
            task.stumbled("the store is away", AT);
            waited += task.free_from().unwrap().since(AT);
        }
        assert!((1_800..3_600).contains(&waited.as_secs()), "{waited:?}");
        task.advanced(AT);
        for _ in 0..FAILURES_MAX {
            task.stumbled("the store is away", AT);
            assert_eq!(task.status, TaskStatus::Running);
        }
        task.stumbled("the store is away", AT);
        assert_eq!(task.status, TaskStatus::Failed);
        assert_eq!(task.data["error"], "the store is away");
    }

    proptest! {
        #[test]
        fn waits_grow_and_are_bounded(failures: u32) {
            let wait = retry_after(failures);
            prop_assert!(wait >= RETRY_FIRST && wait <= RETRY_MAX);
            prop_assert!(retry_after(failures.saturating_add(1)) >= wait);
        }
    }
}
