//! The event stream: every accepted message, its payload kept once.

use async_nats::{HeaderMap, header::NATS_MESSAGE_ID, jetstream::message::StreamMessage};
use bytes::Bytes;
use posthaste_domain::{
    DeadLetter, Delivery, EndpointId, Event, Lane, ProfileRef, Timestamp, Trigger,
};

use crate::{Bus, PublishError, ReadError, subject, topology::EVENTS, wire, wire::WireError};

/// An event as it lies in the stream.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// What is known of it.
    pub event: Event,
    /// The producer's JSON, byte for byte.
    pub payload: Bytes,
    /// Where it is in the stream.
    pub seq: u64,
    /// When the stream got it: it keeps it from then on for as long as it keeps events.
    pub stored_at: Timestamp,
    /// The delivery to take up again, on an event that was put in again for one endpoint.
    pub resume: Option<Delivery>,
    /// The lane in which that delivery is to wait.
    pub lane: Lane,
}

/// What became of an event that was offered.
#[derive(Debug)]
pub enum Accepted {
    /// It is stored, at this sequence.
    New(u64),
    /// An event with the same `eventId` or idempotency key was stored before; this one was not.
    Duplicate(Box<StoredEvent>),
    /// As [`Accepted::Duplicate`], but the first one has left the stream by age since.
    DuplicateOfExpired,
}

/// To whom an event is sent once more, and how.
#[derive(Clone, Debug)]
pub struct Recipient<'a> {
    /// The endpoint.
    pub endpoint: &'a EndpointId,
    /// The profile that shapes the request; `None` is the payload as it is.
    pub profile: Option<ProfileRef>,
}

impl Bus {
    /// Stores an event and waits for the confirmation. Repeats of the same `eventId`, else the
    /// same idempotency key, within the dedup window find the first one.
    ///
    /// # Errors
    /// [`PublishError`]; after [`PublishError::NotConfirmed`] the event may be stored all the
    /// same, and a repeat with the same key finds out.
    pub async fn accept(&self, event: &Event, payload: Bytes) -> Result<Accepted, PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, dedup_id(event));
        wire::put_head(&mut headers, wire::EVENT, event)?;
        let subject = subject::event(&event.app, &event.event_type);
        let ack = self.publish(subject, headers, payload).await?;
        if !ack.duplicate {
            return Ok(Accepted::New(ack.sequence));
        }
        match self.event_at_leader(ack.sequence).await {
            // A repeat of our own publish whose first confirmation was lost.
            Ok(Some(first)) if first.event.id == event.id => Ok(Accepted::New(ack.sequence)),
            Ok(Some(first)) => Ok(Accepted::Duplicate(Box::new(first))),
            Ok(None) => Ok(Accepted::DuplicateOfExpired),
            Err(error) => Err(PublishError::OriginalUnread(Box::new(error))),
        }
    }

    /// Puts the event of a dead letter in again, for its endpoint alone. Asking twice within the
    /// dedup window sends once. The letter stays until it is discarded, which belongs after this.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn redrive(
        &self,
        letter_seq: u64,
        letter: &DeadLetter,
        event: &Event,
        payload: Bytes,
    ) -> Result<(), PublishError> {
        let resumed = Delivery {
            run_start: letter.delivery.attempt,
            trigger: Trigger::Manual,
            ..letter.delivery.clone()
        };
        let id = format!("redrive:{letter_seq}");
        self.put_in_again(id, event, payload, &resumed, Lane::Bulk).await
    }

    /// Puts an event in again for one endpoint alone, for one attempt beside the schedule, which
    /// waits in `lane`: nothing follows from it, and what is scheduled goes on as it would have.
    /// Asking twice with the same `key`, a request's or a task's, within the dedup window sends once.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn resend(
        &self,
        key: &str,
        event: &Event,
        payload: Bytes,
        to: Recipient<'_>,
        lane: Lane,
    ) -> Result<(), PublishError> {
        let Recipient { endpoint, profile } = to;
        // Where it is in the stream is known once it is claimed there.
        let first = Delivery::first(event.id.clone(), event.app.clone(), endpoint.clone(), 0);
        let single = Delivery { single: true, trigger: Trigger::Manual, profile, ..first };
        let id = format!("resend:{key}:{}:{endpoint}", event.id);
        self.put_in_again(id, event, payload, &single, lane).await
    }

    pub(crate) async fn put_in_again(
        &self,
        message_id: String,
        event: &Event,
        payload: Bytes,
        resume: &Delivery,
        lane: Lane,
    ) -> Result<(), PublishError> {
        // It was kept back until then once already.
        let event = Event { deliver_at: None, ..event.clone() };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, message_id);
        wire::put_head(&mut headers, wire::EVENT, &event)?;
        wire::put_head(&mut headers, wire::RESUME, resume)?;
        wire::put_head(&mut headers, wire::LANE, &lane)?;
        let subject = subject::event(&event.app, &event.event_type);
        self.publish(subject, headers, payload).await?;
        Ok(())
    }

    /// The event at `seq`; `None` where the stream no longer has it.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer or the message is not ours.
    pub async fn event_at(&self, seq: u64) -> Result<Option<StoredEvent>, ReadError> {
        let found = self.settled_message_at(EVENTS, seq).await?;
        found.map(from_stream).transpose().map_err(ReadError::from)
    }

    async fn event_at_leader(&self, seq: u64) -> Result<Option<StoredEvent>, ReadError> {
        let found = self.message_at(EVENTS, seq).await?;
        found.map(from_stream).transpose().map_err(ReadError::from)
    }
}

/// The key under which the broker recognises a repeat. Applications never share keys, and the
/// kinds of key never meet.
fn dedup_id(event: &Event) -> String {
    let app = &event.app;
    match (&event.event_id, &event.idempotency_key) {
        (Some(event_id), _) => format!("{app}:event:{event_id}"),
        (None, Some(key)) => format!("{app}:key:{key}"),
        (None, None) => format!("{app}:id:{}", event.id),
    }
}

fn from_stream(message: StreamMessage) -> Result<StoredEvent, WireError> {
    let stored_at = std::time::SystemTime::from(message.time).into();
    parse(Some(&message.headers), message.payload, message.sequence, stored_at)
}

pub(crate) fn parse(
    headers: Option<&HeaderMap>,
    payload: Bytes,
    seq: u64,
    stored_at: Timestamp,
) -> Result<StoredEvent, WireError> {
    Ok(StoredEvent {
        event: wire::head(headers, wire::EVENT)?,
        resume: wire::optional_head(headers, wire::RESUME)?,
        lane: wire::optional_head(headers, wire::LANE)?.unwrap_or(Lane::Bulk),
        payload,
        seq,
        stored_at,
    })
}
