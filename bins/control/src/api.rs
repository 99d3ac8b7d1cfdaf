//! The operations: one resource a file, its shapes and then its handlers.

pub(crate) mod application;
pub(crate) mod endpoint;
pub(crate) mod event_type;
mod field;
pub(crate) mod health;
mod schema;
pub(crate) mod secret;

use std::time::{Duration, SystemTime};

use posthaste_api::{Problem, Verifier};
use posthaste_domain::{Keyring, Timestamp};
use posthaste_registry::{Registry, WriteError, Writer};

/// When a caller whose write was not confirmed may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the operations work with.
pub struct Api {
    /// What is known; asked without waiting.
    pub registry: Registry,
    /// What changes it.
    pub writer: Writer,
    /// Whom a token speaks for.
    pub verifier: Verifier,
    /// What time it is.
    pub clock: fn() -> SystemTime,
}

impl Api {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from((self.clock)())
    }
}

/// The answer that a write's failure becomes; `taken` is what a taken uid is answered with.
fn refused(error: WriteError, taken: &'static str) -> Problem {
    match error {
        WriteError::UidTaken | WriteError::Exists => Problem::conflict("conflict", taken),
        WriteError::NotFound => Problem::entity_not_found(),
        WriteError::TooManyOldSecrets(_) => Problem::limit_reached(format!(
            "You can only have {} old secrets that are still valid. Wait until one expires.",
            Keyring::MAX_OLD
        )),
        WriteError::Seal(_) => Problem::internal(error),
        WriteError::Unavailable(_) => Problem::unavailable(RETRY_AFTER, error),
    }
}
