//! The management API over a real broker, as clients of the wire contract use it.
#![allow(clippy::unwrap_used, reason = "what is missing here is the failure of a test")]

mod access;
mod application;
mod attempt;
mod authentication;
mod background_task;
mod bed;
mod catalogue;
mod dead_letter;
mod delivery;
mod endpoint;
mod event_type;
mod headers;
mod idempotency;
mod import;
mod message;
mod operational_webhook;
mod past;
mod pause;
mod profile;
mod profile_in_force;
mod replay;
mod secret;
mod secret_key;
mod specification;
mod statistics;
