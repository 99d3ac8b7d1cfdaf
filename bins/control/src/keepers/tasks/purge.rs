//! Every payload of an application is removed from history.
//!
//! A step that was cut may have removed what is not counted then: the count may be too low by one
//! step, what is removed never is.

use posthaste_domain::{AppId, MessageId, Timestamp};
use posthaste_history::{MessageFilter, TimeRange};

use super::{
    bench::Bench,
    step::{Step, StepError},
};
use crate::tasks::{Progress, Task};

/// How many messages a step removes at most.
const STEP: usize = 500;
/// The count in a task's `data`.
const PURGED: &str = "messagesPurged";

/// Removes the payloads of messages that were accepted before `until`.
pub(super) async fn step(
    bench: &Bench,
    task: &mut Task,
    app: &AppId,
    until: Timestamp,
) -> Result<Step, StepError> {
    if task.progress == Progress::default() {
        bench.fresh().await?;
    }
    let after = task.progress.cursor.as_deref().and_then(|id| id.parse::<MessageId>().ok());
    let range = TimeRange { after: None, before: Some(until) };
    let filter = MessageFilter { range, ..MessageFilter::default() };
    let (count, last) = bench.history.expunge_messages(app, &filter, after.as_ref(), STEP).await?;
    task.count(PURGED, count);
    match last {
        Some(last) => {
            task.progress.cursor = Some(last.to_string());
            Ok(Step::More)
        }
        None => Ok(Step::Done),
    }
}
