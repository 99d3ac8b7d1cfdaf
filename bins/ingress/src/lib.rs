//! Accepts messages, and nothing else: authenticate, validate, publish, answer 202.
//!
//! Read in this order: [`app`] wires; [`Acceptance`] is the one route, a request's way from its
//! token to the broker's confirmation; `message` is what callers say and hear; `compact` is how
//! they hear their own payload again.
//!
//! # Invariants
//! - 202 is answered only after the broker has confirmed that the event is stored.
//! - The payload reaches the stream byte for byte as it was sent.
//! - No request waits for a database: applications come from the registry's view in memory.

mod accept;
pub mod app;
mod compact;
pub mod config;
mod message;
mod metrics;

pub use accept::Acceptance;
pub use app::{Ingress, IngressError};
pub use config::IngressConfig;
