//! Accepts messages, and nothing else: authenticate, validate, publish, answer 202.
//!
//! Read in this order: [`app`] wires; [`Acceptance`] is a request's way from its token to the
//! broker's confirmation, `create` for one message and `batch` for many; `message` is what callers say, `raw` what they
//! say of bodies that are not JSON and `occurrence` beside the payload, `inline` the application that
//! may come along; `payload_schema` holds payloads against the catalogue, where that is wanted.
//!
//! # Invariants
//! - 202 is answered only after the broker has confirmed that the event is stored.
//! - The payload reaches the stream byte for byte as it was sent.
//! - No request waits for a database: applications come from the registry's view in memory.

mod accept;
pub mod app;
mod batch;
pub mod config;
mod create;
mod inline;
mod message;
mod metrics;
mod occurrence;
mod payload_schema;
mod raw;

pub use accept::Acceptance;
pub use app::{Ingress, IngressError};
pub use config::IngressConfig;
pub use inline::find_or_create;
