//! Dead letters that fit a filter are sent again.
//!
//! Every step redrives what the one before planned, and plans the next. A letter is put in again,
//! noted, and only then taken out of its stream; the broker knows it by its sequence.

use posthaste_bus::ReadError;
use posthaste_domain::DeadLetterId;
use posthaste_history::{Cursor, DeadLetterFilter, DeadLetterState, Order, Page, TimeRange};

use super::{
    bench::Bench,
    step::{Step, StepError},
};
use crate::tasks::{DeadLetters, Progress, Task};

/// How many letters a step redrives at most. They are put in one after the other.
const STEP: usize = 100;
/// The counts in a task's `data`.
const REDRIVEN: &str = "deadLettersRedriven";
const GONE: &str = "deadLettersGone";

/// Redrives the letters that were planned, and plans the next.
pub(super) async fn step(
    bench: &Bench,
    task: &mut Task,
    letters: &DeadLetters,
) -> Result<Step, StepError> {
    if task.progress == Progress::default() {
        bench.fresh().await?;
        task.count(REDRIVEN, 0);
    }
    let planned = std::mem::take(&mut task.progress.planned);
    if !planned.is_empty() {
        bench.has_room().await?;
    }
    for id in &planned {
        let redriven = redrive(bench, task, id).await?;
        task.count(if redriven { REDRIVEN } else { GONE }, 1);
    }
    if task.progress.seen_all {
        return Ok(Step::Done);
    }
    let cursor = task.progress.cursor.clone().map_or(Cursor::Start, Cursor::After);
    let page = Page { limit: STEP, order: Order::Ascending, cursor };
    let found = bench.history.dead_letters(&task.org, &filter(letters, task), &page).await?;
    let progress = &mut task.progress;
    progress.planned = found.items.iter().map(|row| row.id.to_string()).collect();
    progress.cursor = progress.planned.last().cloned().or(progress.cursor.take());
    progress.seen_all = found.done;
    Ok(if found.done && progress.planned.is_empty() { Step::Done } else { Step::More })
}

/// Says whether the letter was put in again, now or before this step was cut.
async fn redrive(bench: &Bench, task: &Task, id: &str) -> Result<bool, StepError> {
    let Ok(id) = id.parse::<DeadLetterId>() else { return Ok(false) };
    let Some(row) = bench.history.dead_letter(&task.org, &id).await? else { return Ok(false) };
    match row.state {
        DeadLetterState::Waiting => {}
        DeadLetterState::Redriven => return Ok(true),
        DeadLetterState::Discarded => return Ok(false),
    }
    let stored = match bench.bus.dead_letter(row.seq).await {
        // It would be no more readable the next time.
        Ok(None) | Err(ReadError::Malformed(_)) => return Ok(false),
        Ok(Some(stored)) => stored,
        Err(error) => return Err(error.into()),
    };
    let Some(event) = &stored.letter.event else { return Ok(false) };
    bench.bus.redrive(row.seq, &stored.letter, event, stored.payload.clone()).await?;
    bench.history.mark_dead_letter(&id, DeadLetterState::Redriven).await?;
    bench.bus.discard_dead_letter(row.seq).await?;
    Ok(true)
}

/// What is given up after the task was asked for is left to whoever asks again.
fn filter(letters: &DeadLetters, task: &Task) -> DeadLetterFilter {
    let before = letters.until.map_or(task.created_at, |until| until.min(task.created_at));
    DeadLetterFilter {
        app: letters.app.clone(),
        endpoint: letters.endpoint.clone(),
        event_types: letters.event_types.clone(),
        reason: letters.reason.clone(),
        state: Some(DeadLetterState::Waiting),
        range: TimeRange { after: letters.since, before: Some(before) },
    }
}
