//! One message for one endpoint.

use serde::{Deserialize, Serialize};

use crate::{AppId, AttemptNo, AttemptSummary, EndpointId, MessageId, ProfileRef, Trigger};

/// A delivery on its way: which attempt is next, and what the ones before came to.
///
/// Message and endpoint name it; the payload stays in the event stream, at `event_seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The message.
    pub message: MessageId,
    /// Its application.
    pub app: AppId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Where the event is in its stream.
    pub event_seq: u64,
    /// The attempt that is due.
    pub attempt: AttemptNo,
    /// The attempt with which the present run through the schedule began: 1, or a later one
    /// after a redrive.
    pub run_start: AttemptNo,
    /// What set the present run off.
    pub trigger: Trigger,
    /// One attempt beside the schedule: whatever comes of it, no other follows and no dead letter
    /// is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single: bool,
    /// The profile it began with and keeps; `None` is the payload as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRef>,
    /// Every attempt so far, oldest first. Bounded by the schedule's length and, over redrives,
    /// by [`Delivery::MAX_PAST`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<AttemptSummary>,
}

impl Delivery {
    /// How many past attempts a delivery carries along; the oldest fall off beyond it.
    pub const MAX_PAST: usize = 64;

    /// The first attempt of `message` at `endpoint`.
    #[must_use]
    pub const fn first(
        message: MessageId,
        app: AppId,
        endpoint: EndpointId,
        event_seq: u64,
    ) -> Self {
        Self {
            message,
            app,
            endpoint,
            event_seq,
            attempt: AttemptNo::FIRST,
            run_start: AttemptNo::FIRST,
            trigger: Trigger::Scheduled,
            single: false,
            profile: None,
            past: Vec::new(),
        }
    }

    /// How many attempts of the present run were made before the one that is due.
    #[must_use]
    pub const fn failures_in_run(&self) -> usize {
        self.attempt.since(self.run_start)
    }

    /// The delivery as it stands after one more attempt, with the next one due.
    #[must_use]
    pub fn after(mut self, attempt: AttemptSummary) -> Self {
        if self.past.len() >= Self::MAX_PAST {
            self.past.remove(0);
        }
        self.past.push(attempt);
        self.attempt = self.attempt.next();
        self
    }
}
