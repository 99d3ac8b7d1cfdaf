//! Which rows a list shows.

use posthaste_domain::{Channel, EndpointId, EventType, Tag, Timestamp};

/// A span of time, judged by the ids, which are exact to 4 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// From this moment on, inclusive.
    pub after: Option<Timestamp>,
    /// Until this moment, exclusive.
    pub before: Option<Timestamp>,
}

/// Which messages.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Of one of these types; empty is any.
    pub event_types: Vec<EventType>,
    /// With this channel.
    pub channel: Option<Channel>,
    /// With this tag.
    pub tag: Option<Tag>,
    /// Accepted at these times.
    pub range: TimeRange,
}

/// How an attempt ended, as filters name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptStatus {
    /// The receiver took it.
    Success,
    /// It did not, and no other attempt is due after this one.
    Fail,
    /// It did not, and another attempt was scheduled.
    Sending,
}

/// Which attempts.
#[derive(Clone, Debug, Default)]
pub struct AttemptFilter {
    /// Ended in one of these ways; empty is any.
    pub statuses: Vec<AttemptStatus>,
    /// Answered with a status of this class: 100, 200 … 500, or 0 for no answer.
    pub status_class: Option<u16>,
    /// To this endpoint; for the attempts of one message.
    pub endpoint: Option<EndpointId>,
    /// Of messages of one of these types; empty is any.
    pub event_types: Vec<EventType>,
    /// Of messages with this channel.
    pub channel: Option<Channel>,
    /// Of messages with this tag.
    pub tag: Option<Tag>,
    /// Begun at these times.
    pub range: TimeRange,
}

/// Which deliveries of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Standing like one of these; empty is any.
    pub statuses: Vec<crate::DeliveryStatus>,
    /// The last attempt was answered with a status of this class, or 0 for no answer.
    pub status_class: Option<u16>,
    /// Of messages of one of these types; empty is any.
    pub event_types: Vec<EventType>,
    /// Of messages with this channel.
    pub channel: Option<Channel>,
    /// Of messages with this tag.
    pub tag: Option<Tag>,
    /// Of messages accepted at these times.
    pub range: TimeRange,
}
