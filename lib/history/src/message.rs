//! An accepted message, as lists show it.

use bytes::Bytes;
use posthaste_domain::{
    AppId, Channel, Event, EventId, EventType, MessageId, Occurrence, OrgId, Tag, Timestamp,
};

/// What is left of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The producer's JSON, byte for byte.
    Kept(Bytes),
    /// It was not asked for.
    NotAsked,
    /// Its time is over, or somebody had it removed.
    Gone,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// The organisation that sent it.
    pub org: OrgId,
    /// The application it is for.
    pub app: AppId,
    /// What happened.
    pub event_type: EventType,
    /// The platform's own id of it.
    pub event_id: Option<EventId>,
    /// Which endpoints it was narrowed to.
    pub channels: Vec<Channel>,
    /// By what it is found.
    pub tags: Vec<Tag>,
    /// The moment before which nothing was to be sent.
    pub deliver_at: Option<Timestamp>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What its payload is called where it is not JSON.
    pub content_type: Option<String>,
    /// What else the producer said of it.
    pub occurrence: Occurrence,
    /// For how many hours its payload is kept.
    pub retention_hours: u16,
    /// Its payload.
    pub content: Content,
}

impl MessageRow {
    /// The message as an event, to be put into the stream again; without its idempotency key,
    /// which history does not show.
    #[must_use]
    pub fn event(&self) -> Event {
        Event {
            id: self.id.clone(),
            org: self.org.clone(),
            app: self.app.clone(),
            event_type: self.event_type.clone(),
            event_id: self.event_id.clone(),
            channels: self.channels.clone(),
            tags: self.tags.clone(),
            idempotency_key: None,
            retention_hours: self.retention_hours,
            deliver_at: self.deliver_at,
            content_type: self.content_type.clone(),
            occurrence: self.occurrence.clone(),
            accepted_at: self.accepted_at,
        }
    }
}
