//! Deliveries that are kept back because their endpoint is paused, and what waits for an endpoint
//! altogether.
//!
//! A parked delivery is a schedule that nobody lives to see fire: in the delivery stream, under a
//! subject of its own that no consumer covers. It is let go as a schedule fires, in one step: the
//! server takes it away when it stores the due delivery, which it does only while the schedule is
//! the last message on its subject. So however often and at however many places it is let go, it is
//! due once. A server that is killed may have kept the due delivery and forgotten that the parked
//! one was taken away; the due one's message id tells that, within the dedup window.

use std::collections::BTreeSet;

use async_nats::{
    HeaderMap,
    header::{
        NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID, NATS_SCHEDULE_NEXT, NATS_SCHEDULER,
    },
    jetstream::message::StreamMessage,
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use posthaste_domain::{AppId, Delivery, EndpointId, Lane, Timestamp};

use crate::{
    Bus, PublishError, ReadError, StoredEvent, deliveries::schedule_headers, read::is_absent,
    subject, topology::DELIVERIES, wire::WireError,
};

/// The year 2200. The server's clock ends in 2262.
const NEVER: Timestamp = Timestamp::from_micros(7_258_118_400_000_000);

/// Which subject's last sequence is meant, where it is not the message's own.
const EXPECTED_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

/// How many deliveries are let go at once.
const RELEASE_WINDOW: usize = 32;

/// What waits for an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that are due and not claimed, or under way.
    pub waiting: u64,
    /// Deliveries that become due later: retries.
    pub scheduled: u64,
    /// Deliveries that are kept back while the endpoint is paused.
    pub parked: u64,
    /// When the oldest of their messages was accepted.
    pub oldest: Option<Timestamp>,
}

/// Why parked deliveries were not let go, or not all of them.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// They could not be read or removed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// One could not be made due.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Bus {
    /// Keeps a delivery back, as it is, until its endpoint is let go. One that is kept already is
    /// replaced, so it is kept once.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn park(&self, delivery: &Delivery) -> Result<(), PublishError> {
        let headers = schedule_headers(NEVER, &subject::due(Lane::Bulk, delivery));
        let body = serde_json::to_vec(delivery).map_err(WireError::from)?;
        self.publish(subject::parked(delivery), headers, body.into()).await?;
        Ok(())
    }

    /// Makes at most `limit` parked deliveries of an endpoint due, those of the oldest messages
    /// first, in the bulk lane; returns how many. Doing it twice, or at several places at once,
    /// sends none twice.
    ///
    /// # Errors
    /// [`ReleaseError`]; some may be let go all the same.
    pub async fn release_parked(
        &self,
        endpoint: &EndpointId,
        limit: usize,
    ) -> Result<usize, ReleaseError> {
        let mut subjects = self.delivery_subjects(subject::parked_for(endpoint)).await?;
        subjects.sort_unstable();
        subjects.truncate(limit);
        futures_util::stream::iter(subjects)
            .map(|subject| async move { self.release(&subject).await })
            .buffered(RELEASE_WINDOW)
            .try_fold(0, |sum, released| async move { Ok(sum + usize::from(released)) })
            .await
    }

    async fn release(&self, subject: &str) -> Result<bool, ReleaseError> {
        let stream = self.stream(DELIVERIES).await?;
        let message = match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => message,
            Err(error) if is_absent(&error) => return Ok(false), // let go meanwhile
            Err(error) => return Err(ReadError::unavailable(error).into()),
        };
        let delivery = read(&message)?;
        let mut headers = HeaderMap::new();
        headers.insert(NATS_SCHEDULER, subject);
        headers.insert(NATS_SCHEDULE_NEXT, "purge");
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, message.sequence.to_string());
        headers.insert(EXPECTED_SUBJECT, subject);
        headers.insert(NATS_MESSAGE_ID, format!("release:{}", message.sequence));
        match self.publish(subject::due(Lane::Bulk, &delivery), headers, message.payload).await {
            Ok(stored) if stored.duplicate => {
                // It is due already; what is left is to take the parked one away.
                match stream.delete_message(message.sequence).await {
                    Ok(_) => Ok(false),
                    Err(error) => Err(ReadError::unavailable(error).into()),
                }
            }
            Ok(_) => Ok(true),
            // Let go by somebody else, or by our own first try, or parked anew.
            Err(PublishError::Changed) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the events of an endpoint's deliveries in again that were parked before `before`, for
    /// this endpoint alone, at most `limit`; returns how many. They are parked anew when they are
    /// claimed, while the endpoint is paused; and so however long it is paused, no event is gone
    /// when it is let go.
    ///
    /// One whose event is gone already is left; it becomes a dead letter that says so. A crash at
    /// the wrong moment leaves a delivery twice.
    ///
    /// # Errors
    /// [`ReleaseError`]; some may be put in again all the same.
    pub async fn renew_parked(
        &self,
        endpoint: &EndpointId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, ReleaseError> {
        let stream = self.stream(DELIVERIES).await?;
        let filter = subject::parked_for(endpoint);
        let (mut next, mut renewed) = (1, 0);
        for _ in 0..limit {
            let request = stream.raw_message_builder().sequence(next).next_by_subject(&*filter);
            let message = match request.send().await {
                Ok(message) => message,
                Err(error) if is_absent(&error) => break,
                Err(error) => return Err(ReadError::unavailable(error).into()),
            };
            if Timestamp::from(std::time::SystemTime::from(message.time)) >= before {
                break;
            }
            next = message.sequence + 1;
            let delivery = read(&message)?;
            if let Some(stored) = self.event_at(delivery.event_seq).await?
                && stored.event.id == delivery.message
            {
                let id = format!("renew:{}", message.sequence);
                let StoredEvent { event, payload, .. } = stored;
                self.put_in_again(id, &event, payload, &delivery, Lane::Bulk).await?;
                stream.delete_message(message.sequence).await.map_err(ReadError::unavailable)?;
                renewed += 1;
            }
        }
        Ok(renewed)
    }

    /// The endpoints for which anything is parked, each with its application. Costs the broker a
    /// look at every parked delivery, and their subjects are sent, about 110 bytes each.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn parked_endpoints(&self) -> Result<Vec<(AppId, EndpointId)>, ReadError> {
        let stream =
            self.jetstream.get_stream_no_info(DELIVERIES).await.map_err(ReadError::unavailable)?;
        let subjects = stream.info_with_subjects(subject::PARKED).await;
        let found = subjects.map_err(ReadError::unavailable)?;
        let add = |mut all: BTreeSet<_>, (subject, _): (String, usize)| async move {
            all.extend(subject::parse_parked(&subject));
            Ok(all)
        };
        let all = found.try_fold(BTreeSet::new(), add).await.map_err(ReadError::unavailable)?;
        Ok(all.into_iter().collect())
    }

    /// What waits for an endpoint. Costs the broker a look at every delivery that waits for anybody,
    /// and the subjects of this endpoint's are sent, about 110 bytes each, of which a page of 100,000
    /// is held at a time. So it is for people who ask, not for dashboards.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn backlog(&self, endpoint: &EndpointId) -> Result<Backlog, ReadError> {
        let stream =
            self.jetstream.get_stream_no_info(DELIVERIES).await.map_err(ReadError::unavailable)?;
        let filter = subject::backlog(endpoint);
        let subjects = stream.info_with_subjects(filter).await.map_err(ReadError::unavailable)?;
        let add = |mut sum: Backlog, (subject, count): (String, usize)| async move {
            let count = count as u64;
            if let Some((kind, message, _)) = subject::parse_delivery(&subject) {
                match kind {
                    "due" => sum.waiting += count,
                    "later" => sum.scheduled += count,
                    _ => sum.parked += count,
                }
                let made_at = message.made_at();
                sum.oldest = match (sum.oldest, made_at) {
                    (Some(known), Some(other)) => Some(known.min(other)),
                    (known, other) => known.or(other),
                };
            }
            Ok(sum)
        };
        subjects.try_fold(Backlog::default(), add).await.map_err(ReadError::unavailable)
    }
}

fn read(parked: &StreamMessage) -> Result<Delivery, ReadError> {
    Ok(serde_json::from_slice(&parked.payload).map_err(WireError::from)?)
}
