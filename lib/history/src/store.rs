//! What every store can do; one conformance suite holds each of them to it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use posthaste_domain::{
    AppId, Attempt, AttemptId, DeadLetterId, EndpointId, MessageId, OrgId, Timestamp,
};

use crate::{
    ApplicationUsage, AttemptCounts, AttemptFilter, Batch, DeadLetterFilter, DeadLetterRow,
    DeadLetterState, DeliveryFilter, DeliveryRow, EventTypeUsage, HistoryError, MessageFilter,
    MessageRow, Page, PageOf, TimeRange,
};

/// A shared store.
pub type History = Arc<dyn Store>;

/// For how long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Answers' bodies, from their attempt on. Payloads have their message's own time.
    pub responses: Duration,
    /// Everything else: messages and deliveries from the message's acceptance on, attempts and
    /// dead letters from their own time.
    pub metadata: Duration,
}

/// What one round of forgetting removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Payloads and answers' bodies whose time was over.
    pub contents: u64,
    /// Messages, attempts, deliveries and dead letters.
    pub rows: u64,
    /// Whether the bound of a round was reached, so that more may be due.
    pub more: bool,
}

/// A store of history. Every list is sorted by id; ids of other applications are never found.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Writes a batch in one transaction. Written twice, it changes nothing; what was expunged or
    /// has expired stays gone.
    async fn record(&self, batch: &Batch) -> Result<(), HistoryError>;

    /// The message of this id or, failing that, of this `eventId` (the latest, where an
    /// application used it twice).
    async fn message(
        &self,
        app: &AppId,
        id_or_event_id: &str,
        with_content: bool,
    ) -> Result<Option<MessageRow>, HistoryError>;

    /// The messages of an application.
    async fn messages(
        &self,
        app: &AppId,
        filter: &MessageFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<MessageRow>, HistoryError>;

    /// An attempt at a message.
    async fn attempt(
        &self,
        app: &AppId,
        message: &MessageId,
        attempt: &AttemptId,
    ) -> Result<Option<Attempt>, HistoryError>;

    /// The attempts at an endpoint; without content their `response` is empty. An expunged
    /// response reads [`EXPUNGED`](crate::Store::EXPUNGED) either way.
    async fn attempts_of_endpoint(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        filter: &AttemptFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<Attempt>, HistoryError>;

    /// The attempts at a message, whatever the endpoint.
    async fn attempts_of_message(
        &self,
        app: &AppId,
        message: &MessageId,
        filter: &AttemptFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<Attempt>, HistoryError>;

    /// The messages that were attempted at an endpoint, sorted by message id, each with how it
    /// stands there.
    async fn messages_of_endpoint(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        filter: &DeliveryFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<(MessageRow, DeliveryRow)>, HistoryError>;

    /// The endpoints at which a message was attempted, sorted by endpoint id.
    async fn deliveries_of_message(
        &self,
        app: &AppId,
        message: &MessageId,
        page: &Page,
    ) -> Result<PageOf<DeliveryRow>, HistoryError>;

    /// How a message stands at an endpoint; `None` before its first attempt.
    async fn delivery(
        &self,
        app: &AppId,
        message: &MessageId,
        endpoint: &EndpointId,
    ) -> Result<Option<DeliveryRow>, HistoryError>;

    /// Messages of an application that were never attempted at an endpoint, with their content,
    /// oldest first, after the message `after`: candidates of a replay of what is missing, whoever
    /// asks decides which of them the endpoint wants. The page's `done` says whether that was all.
    async fn messages_missing_at(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        filter: &MessageFilter,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<PageOf<MessageRow>, HistoryError>;

    /// Attempts at an endpoint by how they ended, of those begun in `range`.
    async fn attempt_counts(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        range: TimeRange,
    ) -> Result<AttemptCounts, HistoryError>;

    /// What each of these applications used in `range`; one that used nothing is left out.
    async fn application_usage(
        &self,
        apps: &[AppId],
        range: TimeRange,
    ) -> Result<Vec<ApplicationUsage>, HistoryError>;

    /// How often each event type was sent by an organisation, all applications together.
    async fn event_type_usage(&self, org: &OrgId) -> Result<Vec<EventTypeUsage>, HistoryError>;

    /// The dead letters of an organisation, sorted by id.
    async fn dead_letters(
        &self,
        org: &OrgId,
        filter: &DeadLetterFilter,
        page: &Page,
    ) -> Result<PageOf<DeadLetterRow>, HistoryError>;

    /// A dead letter of an organisation.
    async fn dead_letter(
        &self,
        org: &OrgId,
        id: &DeadLetterId,
    ) -> Result<Option<DeadLetterRow>, HistoryError>;

    /// Notes what became of a dead letter.
    async fn mark_dead_letter(
        &self,
        id: &DeadLetterId,
        state: DeadLetterState,
    ) -> Result<(), HistoryError>;

    /// Removes a message's payload for good; `false` where there is no such message.
    async fn expunge_payload(&self, app: &AppId, message: &MessageId)
    -> Result<bool, HistoryError>;

    /// Removes an attempt's response for good; `false` where there is no such attempt.
    async fn expunge_response(
        &self,
        app: &AppId,
        message: &MessageId,
        attempt: &AttemptId,
    ) -> Result<bool, HistoryError>;

    /// Removes the payloads of at most `limit` messages that fit, and the responses of their
    /// attempts, oldest first, after the message `after`. Returns how many, and the last of them
    /// while there may be more.
    async fn expunge_messages(
        &self,
        app: &AppId,
        filter: &MessageFilter,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<(u64, Option<MessageId>), HistoryError>;

    /// Removes what is older than it may be, at most a bounded number of rows.
    async fn forget(&self, now: Timestamp, retention: Retention)
    -> Result<Forgotten, HistoryError>;
}

impl dyn Store {
    /// What the API shows of a response that was expunged.
    pub const EXPUNGED: &'static str = "EXPUNGED";
}
