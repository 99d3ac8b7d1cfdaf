//! A delivery nobody took.

use serde::{Deserialize, Serialize};

use crate::{Delivery, Event, Refusal, Timestamp};

/// A delivery that was given up, with everything needed to understand it and to send it again:
/// the event travels along (its payload beside it), for the event stream forgets sooner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The event; `None` where it was gone before the letter could be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// The delivery, every attempt of it named in [`Delivery::past`].
    pub delivery: Delivery,
    /// Why it was given up.
    pub reason: DeathReason,
    /// The URL of the endpoint as it was last known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeathReason {
    /// Every attempt of the schedule failed.
    Exhausted,
    /// It could not be sent at all.
    Refused(Refusal),
}

impl DeathReason {
    /// The reason's name in lists and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Refused(refusal) => refusal.as_str(),
        }
    }
}
