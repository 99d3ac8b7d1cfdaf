//! The management and query API: applications, endpoints, their secrets, and event types.
//!
//! [`app`] wires. Read the rest in the order of a request: [`router()`] is the table of everything that is answered;
//! `access` says whom a request speaks for; [`api`] holds one resource a file, its shapes and then
//! its handlers; `page` is what lists have in common. [`merchant`] is what no
//! route answers: what merchants' own programs call. `keepers` look after the broker.
//!
//! # Invariants
//! - Reads come from the registry's memory and never wait; a write is answered once every reader
//!   sees it.
//! - What a body says is checked by pure functions before anything is written.
//! - A secret is shown where it is made, and where it is asked for by who may see it; and never
//!   logged.

mod access;
pub mod api;
pub mod app;
pub mod config;
pub mod freshness;
pub mod idempotency;
mod keepers;
mod kept_profile;
pub mod merchant;
mod not_implemented;
mod operational;
mod page;
mod query;
mod reading;
mod router;
mod specification;
mod store;
pub mod tasks;

pub use app::{Control, ControlError};
pub use config::ControlConfig;
pub use router::{router, specification};
