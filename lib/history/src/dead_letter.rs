//! Deliveries that nobody took, as lists show them. The letter itself, with the payload, stays in
//! its stream.

use posthaste_domain::{
    AppId, AttemptNo, DeadLetterId, EndpointId, EventType, MessageId, OrgId, Timestamp,
};

use crate::TimeRange;

/// What became of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadLetterState {
    /// It waits for somebody to decide.
    Waiting,
    /// Its event was put in again.
    Redriven,
    /// Somebody threw it away.
    Discarded,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Its id, made of when it died and whose it was.
    pub id: DeadLetterId,
    /// Where the letter is in its stream.
    pub seq: u64,
    /// The organisation; `None` where the event was gone before the letter was written.
    pub org: Option<OrgId>,
    /// The application.
    pub app: AppId,
    /// The endpoint that did not take it.
    pub endpoint: EndpointId,
    /// The message.
    pub message: MessageId,
    /// The message's event type, where it is known.
    pub event_type: Option<EventType>,
    /// Why it was given up, as `DeathReason::as_str` spells it.
    pub reason: String,
    /// The URL as it was last known.
    pub url: Option<String>,
    /// How many attempts were made.
    pub attempts: u32,
    /// The first attempt of the run that failed.
    pub run_start: AttemptNo,
    /// The status code of the last attempt, where an answer came.
    pub last_status: Option<u16>,
    /// When it was given up.
    pub died_at: Timestamp,
    /// What became of it.
    pub state: DeadLetterState,
}

/// Which dead letters.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterFilter {
    /// Of this application alone.
    pub app: Option<AppId>,
    /// Of this endpoint alone; wants `app` too.
    pub endpoint: Option<EndpointId>,
    /// Of one of these event types; empty is any.
    pub event_types: Vec<EventType>,
    /// Given up for this reason.
    pub reason: Option<String>,
    /// In this state.
    pub state: Option<DeadLetterState>,
    /// Given up at these times.
    pub range: TimeRange,
}
