//! What happened, as it was accepted.

use serde::{Deserialize, Serialize};

use crate::{AppId, Channel, EventId, EventType, MessageId, OrgId, Timestamp};

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
    /// Labels that narrow which endpoints get it; at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The caller's `idempotency-key`: the same key with the same `event_id` is the same request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// For how many days history keeps the payload, 5 to 90.
    pub retention_days: u16,
    /// When ingress accepted it.
    pub accepted_at: Timestamp,
}
