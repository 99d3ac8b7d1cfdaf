//! The management and query API: applications, endpoints, their secrets, and event types.
//!
//! [`app`] wires. Read the rest in the order of a request: [`router()`] is the table of everything that is answered;
//! `access` says whom a request speaks for; [`api`] holds one resource a file, its shapes and then
//! its handlers; `page` and `patch` are what lists and partial changes have in common. `keepers` look after
//! the broker.
//!
//! # Invariants
//! - Reads come from the registry's memory and never wait; a write is answered once every reader
//!   sees it.
//! - What a body says is checked by pure functions before anything is written.
//! - A secret is shown by one operation only, and never logged.

mod access;
pub mod api;
pub mod app;
pub mod config;
mod keepers;
mod page;
mod patch;
mod router;

pub use app::{Control, ControlError};
pub use config::ControlConfig;
pub use router::router;
