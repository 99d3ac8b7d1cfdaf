//! The operations: one resource a file, its shapes and then its handlers.

pub(crate) mod application;
pub(crate) mod attempt;
pub(crate) mod authentication;
pub(crate) mod background_task;
pub(crate) mod backlog;
pub(crate) mod dead_letter;
pub(crate) mod delivery;
pub(crate) mod endpoint;
pub(crate) mod event_type;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod message;
pub(crate) mod no_store;
pub(crate) mod operational_webhook;
mod path;
pub(crate) mod profile;
pub(crate) mod replay;
mod schema;
pub(crate) mod secret;
pub(crate) mod secret_key;
pub(crate) mod statistics;

use std::time::{Duration, SystemTime};

use posthaste_api::{Problem, Signer, Verifier};
use posthaste_bus::{Bus, SentLog};
use posthaste_domain::{Keyring, Timestamp};
use posthaste_history::History;
use posthaste_outbound::Guard;
use posthaste_registry::{Registry, WriteError, Writer};

use crate::{
    freshness::Freshness,
    idempotency::Idempotency,
    merchant::{Pace, Places},
    tasks::Tasks,
};

/// When a caller whose write was not confirmed may try again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the operations work with.
pub struct Api {
    /// What has things sent, and keeps what nobody took.
    pub bus: Bus,
    /// What is known; asked without waiting.
    pub registry: Registry,
    /// What changes it.
    pub writer: Writer,
    /// What happened.
    pub history: History,
    /// Where to wait until history holds what the caller may have heard of.
    pub freshness: Freshness,
    /// What goes on after the answer.
    pub tasks: Tasks,
    /// Whom a token speaks for.
    pub verifier: Verifier,
    /// Makes the tokens of applications.
    pub signer: Signer,
    /// Where a customer of the platform uses them; `None` for this same address.
    pub portal_url: Option<String>,
    /// What requests with a key were answered before.
    pub idempotency: Idempotency,
    /// What was sent to those who may ask.
    pub sent: SentLog,
    /// How often they may.
    pub verify_pace: Pace,
    /// Where merchants' programs may call.
    pub places: Places,
    /// Where endpoints may be.
    pub guard: Guard,
    /// Whether `http` endpoints are refused, whatever their profile.
    pub https_only: bool,
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
