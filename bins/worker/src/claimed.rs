//! How the handling of a claim may end.

use std::time::Duration;

use posthaste_bus::{Claim, PublishError, ReadError};
use tracing::{error, warn};

use crate::store::NotStored;

/// How long a claim rests when the broker could not store or give us what it needs.
const BROKER_PAUSE: Duration = Duration::from_secs(1);
/// How long a claim rests that may be ahead of the registry's news.
const NEWS_PAUSE: Duration = Duration::from_millis(500);
/// How long a claim rests that this version cannot read or finish; a newer worker may.
pub(crate) const UNREADABLE_PAUSE: Duration = Duration::from_secs(30);

/// What to tell the broker of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// What became of it is stored.
    Stored,
    /// Somebody else should have it at once.
    HandBack,
    /// It is in trouble that is ours and passes; offer it again later.
    Rest(Duration),
}

impl Done {
    /// The least good of two ends: only if both are stored is the claim done with.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Stored, other) => other,
            (Self::HandBack, _) | (_, Self::HandBack) => Self::HandBack,
            (Self::Rest(wait), _) => Self::Rest(wait),
        }
    }

    pub(crate) async fn settle(self, claim: Claim) {
        match self {
            Self::Stored => claim.ack().await,
            Self::HandBack => claim.release().await,
            Self::Rest(wait) => claim.release_after(wait).await,
        }
    }

    pub(crate) fn after_failed_write(error: &PublishError, what: &'static str) -> Self {
        warn!(error = error as &dyn std::error::Error, what, "not stored; the claim goes back");
        Self::Rest(BROKER_PAUSE)
    }

    pub(crate) fn after_failed_read(error: &ReadError, what: &'static str) -> Self {
        let cause = error as &dyn std::error::Error;
        match error {
            ReadError::Unavailable(_) => {
                warn!(error = cause, what, "not read; the claim goes back");
                Self::Rest(BROKER_PAUSE)
            }
            ReadError::Malformed(_) => {
                error!(error = cause, what, "cannot be read; the claim goes back");
                Self::Rest(UNREADABLE_PAUSE)
            }
        }
    }

    /// Offered again, once we may know what it is about.
    pub(crate) const fn await_news() -> Self {
        Self::Rest(NEWS_PAUSE)
    }

    /// The end of a claim whose outcome is known and was, or was not, stored.
    pub(crate) const fn once_stored(result: Result<(), NotStored>) -> Self {
        match result {
            Ok(()) => Self::Stored,
            Err(NotStored::Ended) => Self::HandBack,
            Err(NotStored::Never) => Self::Rest(UNREADABLE_PAUSE),
        }
    }
}
