//! How many, of what.

use posthaste_domain::{AppId, EventType};

/// Attempts of an endpoint by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptCounts {
    /// Taken by the receiver.
    pub success: u64,
    /// Failed, with no other attempt due.
    pub fail: u64,
    /// Failed, with another attempt scheduled.
    pub sending: u64,
}

/// What one application used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationUsage {
    /// The application.
    pub app: AppId,
    /// Messages accepted for it.
    pub messages: u64,
    /// Attempts made at those messages, whenever.
    pub attempts: u64,
}

/// How often an event type was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypeUsage {
    /// The event type.
    pub event_type: EventType,
    /// Messages accepted of it.
    pub messages: u64,
}
