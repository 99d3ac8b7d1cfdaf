//! What a dead letter looks like on the wire.

use posthaste_api::{message::shown, schema};
use posthaste_bus::dead_letters::StoredDeadLetter;
use posthaste_domain::{
    AppId, AttemptId, AttemptSummary, DeadLetterId, DeathReason, EndpointId, EventType, MessageId,
    Refusal, Timestamp,
};
use posthaste_history::{DeadLetterRow, DeadLetterState};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api::attempt::failed;

/// What became of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeadLetterState)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It waits for somebody to decide.
    Waiting,
    /// It was sent again.
    Redriven,
    /// It was thrown away, or is kept no longer.
    Discarded,
}

impl From<DeadLetterState> for State {
    fn from(state: DeadLetterState) -> Self {
        match state {
            DeadLetterState::Waiting => Self::Waiting,
            DeadLetterState::Redriven => Self::Redriven,
            DeadLetterState::Discarded => Self::Discarded,
        }
    }
}

impl From<State> for DeadLetterState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Redriven => Self::Redriven,
            State::Discarded => Self::Discarded,
        }
    }
}

/// A delivery that nobody took; `null`s are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterOut {
    /// Its id.
    #[schema(value_type = schema::DeadLetterId)]
    id: DeadLetterId,
    /// The application.
    #[schema(value_type = schema::ApplicationId)]
    app_id: AppId,
    /// The endpoint that did not take it.
    #[schema(value_type = schema::EndpointId)]
    endpoint_id: EndpointId,
    /// The message.
    #[schema(value_type = schema::MessageId)]
    msg_id: MessageId,
    /// The message's event type, where it is known.
    #[schema(value_type = Option<schema::EventTypeName>)]
    event_type: Option<EventType>,
    /// Why it was given up: `exhausted` where every attempt of the schedule failed, else why
    /// there was none (any more).
    #[schema(example = "exhausted")]
    reason: String,
    /// The endpoint's URL as it was last known.
    url: Option<String>,
    /// How many attempts were made.
    attempt_count: u32,
    /// What the last one was answered with, where an answer came.
    #[schema(value_type = Option<i16>, format = "int16")]
    last_response_status_code: Option<u16>,
    /// When it was given up.
    #[schema(value_type = schema::Moment)]
    timestamp: Timestamp,
    /// What became of it.
    state: State,
}

impl From<DeadLetterRow> for DeadLetterOut {
    fn from(row: DeadLetterRow) -> Self {
        Self {
            id: row.id,
            app_id: row.app,
            endpoint_id: row.endpoint,
            msg_id: row.message,
            event_type: row.event_type,
            reason: row.reason,
            url: row.url,
            attempt_count: row.attempts,
            last_response_status_code: row.last_status,
            timestamp: row.died_at,
            state: row.state.into(),
        }
    }
}

/// A dead letter with everything that it remembers; `null`s are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterDetailOut {
    #[serde(flatten)]
    letter: DeadLetterOut,
    /// What was to be sent; `{"expired": true}` where it is gone.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
    /// Every attempt that it remembers, oldest first.
    attempts: Vec<LetterAttemptOut>,
}

/// One of the attempts that a dead letter remembers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterAttemptOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LetterAttemptOut {
    /// Its id.
    #[schema(value_type = schema::AttemptId)]
    id: AttemptId,
    /// Which try it was, counted from 1.
    attempt_number: u32,
    /// When the request was begun.
    #[schema(value_type = schema::Moment)]
    timestamp: Timestamp,
    /// From the request's start to the end of the answer.
    #[schema(value_type = i64)]
    response_duration_ms: u64,
    /// What it was answered with; 0 where no answer came.
    #[schema(value_type = i16, format = "int16")]
    response_status_code: u16,
    /// Why it failed, for programs.
    #[schema(example = "timeout")]
    failure: Option<&'static str>,
    /// Why it failed, for people.
    failure_reason: Option<&'static str>,
}

impl DeadLetterDetailOut {
    /// With the letter as it lies in the stream, where it does; `is_gone` hides its payload.
    pub(super) fn new(row: DeadLetterRow, stored: Option<StoredDeadLetter>, is_gone: bool) -> Self {
        let payload = match &stored {
            Some(stored) if stored.letter.event.is_some() && !is_gone => shown(&stored.payload),
            _ => posthaste_api::message::expired(),
        };
        let past = stored.map(|stored| stored.letter.delivery.past).unwrap_or_default();
        let attempts = past.into_iter().map(LetterAttemptOut::from).collect();
        Self { letter: row.into(), payload, attempts }
    }
}

impl From<AttemptSummary> for LetterAttemptOut {
    fn from(attempt: AttemptSummary) -> Self {
        let failed = failed(attempt.failure, attempt.refusal);
        Self {
            id: attempt.id,
            attempt_number: attempt.number.get(),
            timestamp: attempt.started_at,
            response_duration_ms: attempt.duration_ms,
            response_status_code: attempt.status.unwrap_or(0),
            failure: failed.map(|(code, _)| code),
            failure_reason: failed.map(|(_, reason)| reason),
        }
    }
}

/// Whether a delivery may be given up for a reason of this name.
pub(super) fn is_reason(name: &str) -> bool {
    let refusals = Refusal::ALL.map(DeathReason::Refused);
    std::iter::once(DeathReason::Exhausted).chain(refusals).any(|reason| reason.as_str() == name)
}
