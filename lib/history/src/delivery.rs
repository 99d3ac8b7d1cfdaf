//! How one message fares at one endpoint.

use posthaste_domain::{AppId, AttemptId, AttemptNo, EndpointId, Lane, MessageId, Timestamp};

/// How a delivery stands, judged by its last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// The endpoint took it.
    Success,
    /// The last attempt failed and nothing follows by itself.
    Fail,
    /// The last attempt failed and another is due.
    Sending,
}

/// A delivery of which at least one attempt is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The application.
    pub app: AppId,
    /// The message.
    pub message: MessageId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// How it stands.
    pub status: DeliveryStatus,
    /// The attempt that decides the status: the last, where none succeeded after it.
    pub last_attempt: AttemptId,
    /// Its number.
    pub attempts: AttemptNo,
    /// The status code it was answered with.
    pub last_status: Option<u16>,
    /// When the next attempt is due, where one is.
    pub next_attempt: Option<Timestamp>,
    /// The lane of the last attempt.
    pub lane: Option<Lane>,
    /// When the last attempt was begun.
    pub last_attempt_at: Timestamp,
}
