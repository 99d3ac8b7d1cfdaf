//! The management API over a real broker, as clients of the wire contract use it.
#![allow(clippy::unwrap_used, reason = "what is missing here is the failure of a test")]

mod access;
mod application;
mod bed;
mod endpoint;
mod event_type;
mod secret;
