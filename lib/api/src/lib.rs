//! What both HTTP surfaces share, ingress and control alike.
//!
//! Read in the order of a request: [`surface()`] wraps a table of routes; [`Verifier`] tells whom a
//! request speaks for; [`JsonBody`], [`QueryParams`] and [`PathParams`] read what it says;
//! [`Problem`] is every answer that is not the one hoped for.
//!
//! # Invariants
//! - Every error has a JSON body, also for an unknown path, a wrong method and a panic: the
//!   official clients parse the body of every failure.
//! - No token and no secret reaches a log line, an error or `Debug`.
//! - Of the resources only the application is here: a message may bring its own along.

pub mod application;
mod body;
mod compact;
mod cors;
mod fallback;
mod fault;
pub mod field;
pub mod message;
mod metrics;
mod params;
pub mod patch;
mod problem;
mod profile_choice;
pub mod schema;
mod specification;
mod surface;
mod token;
mod unread;

pub use body::{Json, JsonBody, RawBody, parse_json};
pub use compact::compact;
pub use fault::ValidationFault;
pub use metrics::HttpMetrics;
pub use params::{IDEMPOTENCY_KEY, PathParams, QueryParams, idempotency_key, query_list};
pub use problem::Problem;
pub use profile_choice::{ProfileChoice, ProfileUnfit};
pub use specification::complete;
pub use surface::{RouteName, surface, surface_with_fallback};
pub use token::{
    Capability, Portal, Principal, Signer, TOKEN_SECRET, TokenSecret, TokenSecretError, Verifier,
};
