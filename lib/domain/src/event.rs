//! What happened, as it was accepted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AppId, Channel, EventId, EventType, MessageId, Occurrence, OrgId, Tag, Timestamp};

/// Everything known of an accepted message but its payload, which travels beside it as bytes
/// and is never re-serialised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The message's id, the same on every endpoint and every attempt.
    pub id: MessageId,
    /// The organisation that sent it.
    pub org: OrgId,
    /// The application it is for.
    pub app: AppId,
    /// What happened.
    pub event_type: EventType,
    /// The platform's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// Labels that narrow which endpoints get it; at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Labels by which it is found again; at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The caller's `idempotency-key`: the same key with the same `event_id` is the same request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// For how many hours history keeps the payload, 1 to 2160.
    #[serde(default = "retention_default")]
    pub retention_hours: u16,
    /// The moment before which nothing is sent; `None` is at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// The content type of a payload that is not JSON, or not to be called so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What else the producer said of it.
    #[serde(default, skip_serializing_if = "Occurrence::is_empty")]
    pub occurrence: Occurrence,
    /// When ingress accepted it.
    pub accepted_at: Timestamp,
}

impl Event {
    /// For how many hours a payload is kept whose message does not say: 90 days.
    pub const RETENTION_HOURS: u16 = 90 * 24;
    /// How far ahead a message may be scheduled. The event stream must keep it for that long
    /// beside the longest run of retries.
    pub const AHEAD_MAX: Duration = Duration::from_secs(24 * 3_600);

    /// When it happened, as far as anybody said.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        self.occurrence.at.unwrap_or(self.accepted_at)
    }
}

const fn retention_default() -> u16 {
    Event::RETENTION_HOURS
}
