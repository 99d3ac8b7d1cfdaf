//! The store, on whichever engine.

use async_trait::async_trait;
use posthaste_domain::{
    AppId, Attempt, AttemptId, DeadLetterId, EndpointId, MessageId, OrgId, Timestamp,
};

use super::{
    attempts, dead_letters, deliveries, engine::Engine, expunge, forget, messages, record, schema,
    usage,
};
use crate::{
    ApplicationUsage, AttemptCounts, AttemptFilter, Batch, DeadLetterFilter, DeadLetterRow,
    DeadLetterState, DeliveryFilter, DeliveryRow, EventTypeUsage, Forgotten, HistoryError,
    MessageFilter, MessageRow, Page, PageOf, Retention, Store, TimeRange,
};

/// A store in a database.
pub(crate) struct SqlStore<E>(pub(crate) E);

impl<E: Engine> SqlStore<E> {
    /// A store in `engine`, its tables brought to this version's form.
    pub(crate) async fn open(engine: E) -> Result<Self, HistoryError> {
        schema::migrate(&engine).await?;
        Ok(Self(engine))
    }
}

#[async_trait]
impl<E: Engine> Store for SqlStore<E> {
    async fn record(&self, batch: &Batch) -> Result<(), HistoryError> {
        record::record(&self.0, batch).await
    }

    async fn message(
        &self,
        app: &AppId,
        id_or_event_id: &str,
        with_content: bool,
    ) -> Result<Option<MessageRow>, HistoryError> {
        messages::one(&self.0, app, id_or_event_id, with_content).await
    }

    async fn messages(
        &self,
        app: &AppId,
        filter: &MessageFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<MessageRow>, HistoryError> {
        messages::list(&self.0, app, filter, page, with_content).await
    }

    async fn attempt(
        &self,
        app: &AppId,
        message: &MessageId,
        attempt: &AttemptId,
    ) -> Result<Option<Attempt>, HistoryError> {
        attempts::one(&self.0, app, message, attempt).await
    }

    async fn attempts_of_endpoint(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        filter: &AttemptFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<Attempt>, HistoryError> {
        attempts::of_endpoint(&self.0, app, endpoint, filter, page, with_content).await
    }

    async fn attempts_of_message(
        &self,
        app: &AppId,
        message: &MessageId,
        filter: &AttemptFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<Attempt>, HistoryError> {
        attempts::of_message(&self.0, app, message, filter, page, with_content).await
    }

    async fn messages_of_endpoint(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        filter: &DeliveryFilter,
        page: &Page,
        with_content: bool,
    ) -> Result<PageOf<(MessageRow, DeliveryRow)>, HistoryError> {
        deliveries::messages_of_endpoint(&self.0, app, endpoint, filter, page, with_content).await
    }

    async fn deliveries_of_message(
        &self,
        app: &AppId,
        message: &MessageId,
        page: &Page,
    ) -> Result<PageOf<DeliveryRow>, HistoryError> {
        deliveries::of_message(&self.0, app, message, page).await
    }

    async fn delivery(
        &self,
        app: &AppId,
        message: &MessageId,
        endpoint: &EndpointId,
    ) -> Result<Option<DeliveryRow>, HistoryError> {
        deliveries::one(&self.0, app, message, endpoint).await
    }

    async fn messages_missing_at(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        filter: &MessageFilter,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<PageOf<MessageRow>, HistoryError> {
        messages::missing_at(&self.0, app, endpoint, filter, after, limit).await
    }

    async fn attempt_counts(
        &self,
        app: &AppId,
        endpoint: &EndpointId,
        range: TimeRange,
    ) -> Result<AttemptCounts, HistoryError> {
        attempts::counts(&self.0, app, endpoint, range).await
    }

    async fn application_usage(
        &self,
        apps: &[AppId],
        range: TimeRange,
    ) -> Result<Vec<ApplicationUsage>, HistoryError> {
        usage::of_applications(&self.0, apps, range).await
    }

    async fn event_type_usage(&self, org: &OrgId) -> Result<Vec<EventTypeUsage>, HistoryError> {
        usage::of_event_types(&self.0, org).await
    }

    async fn dead_letters(
        &self,
        org: &OrgId,
        filter: &DeadLetterFilter,
        page: &Page,
    ) -> Result<PageOf<DeadLetterRow>, HistoryError> {
        dead_letters::list(&self.0, org, filter, page).await
    }

    async fn dead_letter(
        &self,
        org: &OrgId,
        id: &DeadLetterId,
    ) -> Result<Option<DeadLetterRow>, HistoryError> {
        dead_letters::one(&self.0, org, id).await
    }

    async fn mark_dead_letter(
        &self,
        id: &DeadLetterId,
        state: DeadLetterState,
    ) -> Result<(), HistoryError> {
        dead_letters::mark(&self.0, id, state).await
    }

    async fn expunge_payload(
        &self,
        app: &AppId,
        message: &MessageId,
    ) -> Result<bool, HistoryError> {
        expunge::payload(&self.0, app, message).await
    }

    async fn expunge_response(
        &self,
        app: &AppId,
        message: &MessageId,
        attempt: &AttemptId,
    ) -> Result<bool, HistoryError> {
        expunge::response(&self.0, app, message, attempt).await
    }

    async fn expunge_messages(
        &self,
        app: &AppId,
        filter: &MessageFilter,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<(u64, Option<MessageId>), HistoryError> {
        expunge::of_messages(&self.0, app, filter, after, limit).await
    }

    async fn forget(
        &self,
        now: Timestamp,
        retention: Retention,
    ) -> Result<Forgotten, HistoryError> {
        forget::forget(&self.0, now, retention).await
    }
}
