//! A bounded piece of work, whatever the task.

use std::{error::Error, time::Duration};

use posthaste_bus::{PublishError, ReadError};
use posthaste_history::HistoryError;

use super::{bench::Bench, purge, redrive, replay, statistics};
use crate::{
    kept_profile::NotKnown,
    tasks::{Task, Work},
};

/// How long a task rests while the stream of events has no room.
const FULL_PAUSE: Duration = Duration::from_secs(10);

/// What is left after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More.
    More,
    /// Nothing.
    Done,
}

/// Why a step was not made. What it had done already is done again with the next, without effect.
#[derive(Debug)]
pub(super) enum StepError {
    /// Nothing is wrong; there is no room now.
    NotNow(Duration),
    /// It may go better later.
    Stumbled {
        /// For whoever asked for the task.
        reason: &'static str,
        /// For the log.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It never will; the reason is for whoever asked for the task.
    Impossible(&'static str),
}

impl StepError {
    /// History does not hold what was confirmed before.
    pub(super) fn behind() -> Self {
        Self::Stumbled {
            reason: "History is behind what was accepted.",
            source: Box::new(NotKnown::Behind),
        }
    }

    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::NotNow(_) => "not_now",
            Self::Stumbled { .. } => "failed",
            Self::Impossible(_) => "impossible",
        }
    }
}

impl From<HistoryError> for StepError {
    fn from(error: HistoryError) -> Self {
        Self::Stumbled { reason: "The history store did not answer.", source: error.into() }
    }
}

impl From<ReadError> for StepError {
    fn from(error: ReadError) -> Self {
        Self::Stumbled { reason: "The broker did not answer.", source: error.into() }
    }
}

impl From<NotKnown> for StepError {
    fn from(error: NotKnown) -> Self {
        match error {
            NotKnown::History(error) => error.into(),
            NotKnown::Broker(error) => error.into(),
            NotKnown::Behind => Self::behind(),
        }
    }
}

impl From<PublishError> for StepError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Full(_) => Self::NotNow(FULL_PAUSE),
            error => Self::Stumbled {
                reason: "The broker did not take a message.",
                source: error.into(),
            },
        }
    }
}

/// Makes the next step of a task: changes its progress and its data.
pub(super) async fn make(bench: &Bench, task: &mut Task) -> Result<Step, StepError> {
    match task.work.clone() {
        Work::Recover(replay) => replay::recover(bench, task, &replay).await,
        Work::ReplayMissing(replay) => replay::missing(bench, task, &replay).await,
        Work::BulkReplay { replay, filter } => replay::bulk(bench, task, &replay, &filter).await,
        Work::PurgeContent { app, until } => purge::step(bench, task, &app, until).await,
        Work::Redrive(letters) => redrive::step(bench, task, &letters).await,
        Work::ApplicationStats { apps, since, until } => {
            statistics::applications(bench, task, apps, since, until).await
        }
        Work::EventTypeAggregate => statistics::event_types(bench, task),
    }
}
