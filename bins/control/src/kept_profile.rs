//! Under which profile a message is sent once more: the one that its delivery began with, so that
//! it is the same bytes, whatever its endpoint has been given since.
//!
//! # Invariants
//! - Whatever has begun keeps its profile: attempted, or waiting in the broker for its first try.
//! - Nothing slips through between the two: what has left the broker is looked for in history, once
//!   that holds everything that was confirmed by then.
//!
//! Absent: what a worker is trying for the first time at this very moment, straight from the event,
//! is neither waiting nor recorded, and counts as not begun.

use posthaste_api::Problem;
use posthaste_bus::{Bus, ReadError};
use posthaste_domain::{Application, Endpoint, MessageId, ProfileRef};
use posthaste_history::{History, HistoryError};

use crate::{
    api::RETRY_AFTER,
    freshness::{Fresh, Freshness},
};

/// Where deliveries are known.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) bus: &'a Bus,
    pub(crate) history: &'a History,
    pub(crate) freshness: &'a Freshness,
}

/// Why it cannot be said which profile a delivery began with. All of it passes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKnown {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Broker(#[from] ReadError),
    /// An attempt may have been made that is not recorded.
    #[error("history is behind what was confirmed")]
    Behind,
}

impl From<NotKnown> for Problem {
    fn from(error: NotKnown) -> Self {
        Self::unavailable(RETRY_AFTER, error)
    }
}

impl Known<'_> {
    /// The profile that the delivery of `message` to `endpoint` began with; where none began, the
    /// one in force now.
    ///
    /// # Errors
    /// [`NotKnown`].
    pub(crate) async fn kept_profile(
        &self,
        application: &Application,
        endpoint: &Endpoint,
        message: &MessageId,
    ) -> Result<Option<ProfileRef>, NotKnown> {
        // An attempt says it, however old it is; only to find none takes more care.
        if let Some(profile) = self.attempted(endpoint, message).await? {
            return Ok(profile);
        }
        let waiting = self.bus.waiting_deliveries(message, &endpoint.id).await?;
        // What an attempt beside the schedule was given was found like this.
        if let Some(delivery) = waiting.into_iter().min_by_key(|delivery| delivery.single) {
            return Ok(delivery.profile);
        }
        if self.freshness.wait().await == Fresh::Behind {
            return Err(NotKnown::Behind);
        }
        let attempted = self.attempted(endpoint, message).await?;
        Ok(attempted.unwrap_or_else(|| in_force(application, endpoint)))
    }

    /// The profile of the last attempt; the outer `None` is that none is recorded.
    async fn attempted(
        &self,
        endpoint: &Endpoint,
        message: &MessageId,
    ) -> Result<Option<Option<ProfileRef>>, HistoryError> {
        let app = &endpoint.app;
        let Some(delivery) = self.history.delivery(app, message, &endpoint.id).await? else {
            return Ok(None);
        };
        let last = self.history.attempt(app, message, &delivery.last_attempt).await?;
        Ok(last.map(|attempt| attempt.profile))
    }
}

/// The profile that a new message gets.
pub(crate) fn in_force(application: &Application, endpoint: &Endpoint) -> Option<ProfileRef> {
    endpoint.profile.clone().or_else(|| application.profile.clone())
}
