//! A store for tests of keepers: it remembers what it was given, fails when it is told to, and
//! answers no question.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use posthaste_domain::{
    AppId, Attempt, AttemptId, DeadLetterId, EndpointId, MessageId, OrgId, Timestamp,
};
use posthaste_history::{
    ApplicationUsage, AttemptCounts, AttemptFilter, Batch, DeadLetterFilter, DeadLetterRow,
    DeadLetterState, DeliveryFilter, DeliveryRow, EventTypeUsage, Forgotten, HistoryError,
    MessageFilter, MessageRow, Page, PageOf, Retention, Store, TimeRange,
};
use tokio::{sync::watch, time::Instant};

/// What it was given and what it does.
#[derive(Default)]
pub(crate) struct FakeStore {
    rows: Mutex<Rows>,
    /// How it treats a batch.
    pub(crate) mood: watch::Sender<Mood>,
    /// How often it was given one.
    pub(crate) tries: watch::Sender<usize>,
    /// What it answers when it is to forget, in turn; then that nothing was due.
    pub(crate) due: Mutex<VecDeque<Forgotten>>,
    /// When it was told to forget.
    pub(crate) forgets: watch::Sender<Vec<Instant>>,
}

/// How a store treats what it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes it.
    #[default]
    Taking,
    /// It fails.
    Failing,
    /// It answers nothing until the mood changes.
    Silent,
}

/// The ids of what it holds, and how many rows it was given in all.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) messages: BTreeSet<String>,
    pub(crate) attempts: BTreeSet<String>,
    pub(crate) dead_letters: BTreeSet<u64>,
    pub(crate) given: usize,
    pub(crate) largest: usize,
}

impl FakeStore {
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }
}

type Found<T> = Result<T, HistoryError>;

fn fails<T>() -> Found<T> {
    Err(HistoryError::Unavailable("it was told to fail".into()))
}

#[async_trait]
impl Store for FakeStore {
    async fn record(&self, batch: &Batch) -> Found<()> {
        self.tries.send_modify(|tries| *tries += 1);
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Silent).await.unwrap();
        if mood == Mood::Failing {
            return fails();
        }
        let mut rows = self.rows();
        rows.given += batch.len();
        rows.largest = rows.largest.max(batch.len());
        rows.messages.extend(batch.events.iter().map(|found| found.event.id.to_string()));
        rows.attempts.extend(batch.attempts.iter().map(|found| found.id.to_string()));
        rows.dead_letters.extend(batch.dead_letters.iter().map(|(seq, _)| *seq));
        Ok(())
    }

    async fn message(&self, _: &AppId, _: &str, _: bool) -> Found<Option<MessageRow>> {
        fails()
    }

    async fn messages(
        &self,
        _: &AppId,
        _: &MessageFilter,
        _: &Page,
        _: bool,
    ) -> Found<PageOf<MessageRow>> {
        fails()
    }

    async fn attempt(&self, _: &AppId, _: &MessageId, _: &AttemptId) -> Found<Option<Attempt>> {
        fails()
    }

    async fn attempts_of_endpoint(
        &self,
        _: &AppId,
        _: &EndpointId,
        _: &AttemptFilter,
        _: &Page,
        _: bool,
    ) -> Found<PageOf<Attempt>> {
        fails()
    }

    async fn attempts_of_message(
        &self,
        _: &AppId,
        _: &MessageId,
        _: &AttemptFilter,
        _: &Page,
        _: bool,
    ) -> Found<PageOf<Attempt>> {
        fails()
    }

    async fn messages_of_endpoint(
        &self,
        _: &AppId,
        _: &EndpointId,
        _: &DeliveryFilter,
        _: &Page,
        _: bool,
    ) -> Found<PageOf<(MessageRow, DeliveryRow)>> {
        fails()
    }

    async fn deliveries_of_message(
        &self,
        _: &AppId,
        _: &MessageId,
        _: &Page,
    ) -> Found<PageOf<DeliveryRow>> {
        fails()
    }

    async fn delivery(
        &self,
        _: &AppId,
        _: &MessageId,
        _: &EndpointId,
    ) -> Found<Option<DeliveryRow>> {
        fails()
    }

    async fn messages_missing_at(
        &self,
        _: &AppId,
        _: &EndpointId,
        _: &MessageFilter,
        _: Option<&MessageId>,
        _: usize,
    ) -> Found<PageOf<MessageRow>> {
        fails()
    }

    async fn attempt_counts(
        &self,
        _: &AppId,
        _: &EndpointId,
        _: TimeRange,
    ) -> Found<AttemptCounts> {
        fails()
    }

    async fn application_usage(&self, _: &[AppId], _: TimeRange) -> Found<Vec<ApplicationUsage>> {
        fails()
    }

    async fn event_type_usage(&self, _: &OrgId) -> Found<Vec<EventTypeUsage>> {
        fails()
    }

    async fn dead_letters(
        &self,
        _: &OrgId,
        _: &DeadLetterFilter,
        _: &Page,
    ) -> Found<PageOf<DeadLetterRow>> {
        fails()
    }

    async fn dead_letter(&self, _: &OrgId, _: &DeadLetterId) -> Found<Option<DeadLetterRow>> {
        fails()
    }

    async fn mark_dead_letter(&self, _: &DeadLetterId, _: DeadLetterState) -> Found<()> {
        fails()
    }

    async fn expunge_payload(&self, _: &AppId, _: &MessageId) -> Found<bool> {
        fails()
    }

    async fn expunge_response(&self, _: &AppId, _: &MessageId, _: &AttemptId) -> Found<bool> {
        fails()
    }

    async fn expunge_messages(
        &self,
        _: &AppId,
        _: &MessageFilter,
        _: Option<&MessageId>,
        _: usize,
    ) -> Found<(u64, Option<MessageId>)> {
        fails()
    }

    async fn forget(&self, _: Timestamp, _: Retention) -> Found<Forgotten> {
        self.forgets.send_modify(|forgets| forgets.push(Instant::now()));
        Ok(self.due.lock().unwrap().pop_front().unwrap_or_default())
    }
}
