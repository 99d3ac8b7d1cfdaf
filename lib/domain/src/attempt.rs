//! One try at one delivery.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    AppId, AttemptId, Channel, EndpointId, EventType, FailureKind, Lane, MessageId, OrgId,
    ProfileRef, Refusal, Tag, Timestamp,
};

/// Which try of a delivery this is, counted from 1 over its whole life, redrives included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNo(u32);

impl AttemptNo {
    /// The first attempt.
    pub const FIRST: Self = Self(1);

    /// The number itself, 1 or more.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The attempt after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How many attempts after `start` this is; 0 for `start` itself.
    #[must_use]
    pub const fn since(self, start: Self) -> usize {
        self.0.saturating_sub(start.0) as usize
    }

    /// Reads a number that [`Display`](fmt::Display) wrote; `None` for zero or anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|n| *n > 0).map(Self)
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What set an attempt off; the numbers are those of the Svix API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The event itself, or the schedule.
    Scheduled,
    /// Somebody asked for it.
    Manual,
}

/// The full account of one attempt, for history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its own id.
    pub id: AttemptId,
    /// The organisation of the message.
    pub org: OrgId,
    /// The application of the message.
    pub app: AppId,
    /// The message that was sent.
    pub message: MessageId,
    /// Its event type.
    pub event_type: EventType,
    /// The message's channels, by which attempts are found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The message's tags, by which attempts are found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Where it was sent.
    pub endpoint: EndpointId,
    /// The URL as it was then.
    pub url: String,
    /// Which try it was.
    pub number: AttemptNo,
    /// What set it off.
    pub trigger: Trigger,
    /// The lane it came from; `None` where it was made as soon as the event was fanned out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// The profile that shaped the request; `None` is the payload as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRef>,
    /// What its receiver's developer should know of the request, whatever came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// When the request was begun.
    pub started_at: Timestamp,
    /// From the start to the verdict, in milliseconds.
    pub duration_ms: u64,
    /// The status code; `None` where no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong; `None` for a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureKind>,
    /// Why it was never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// At most 16 KiB of the answer's body: text as it is, anything else as base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response: String,
    /// When the next attempt is due, where there will be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
}

impl Attempt {
    /// Whether the receiver took it.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.failure.is_none() && self.refusal.is_none()
    }

    /// The line of this attempt that a delivery carries along to its dead letter.
    #[must_use]
    pub fn summary(&self) -> AttemptSummary {
        AttemptSummary {
            id: self.id.clone(),
            number: self.number,
            started_at: self.started_at,
            duration_ms: self.duration_ms,
            status: self.status,
            failure: self.failure,
            refusal: self.refusal,
        }
    }
}

/// What a dead letter says of each attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptSummary {
    /// The attempt.
    pub id: AttemptId,
    /// Which try it was.
    pub number: AttemptNo,
    /// When the request was begun.
    pub started_at: Timestamp,
    /// From the start to the verdict, in milliseconds.
    pub duration_ms: u64,
    /// The status code; `None` where no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureKind>,
    /// Why it was never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}
