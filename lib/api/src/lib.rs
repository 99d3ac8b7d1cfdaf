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
//! - Nothing here knows what an application or an endpoint looks like on the wire.

mod body;
mod cors;
mod fallback;
mod fault;
mod metrics;
mod params;
mod problem;
mod surface;
mod token;

pub use body::{Json, JsonBody, RawBody, parse_json};
pub use fault::ValidationFault;
pub use metrics::HttpMetrics;
pub use params::{PathParams, QueryParams};
pub use problem::Problem;
pub use surface::surface;
pub use token::{Principal, Signer, TOKEN_SECRET, TokenSecret, TokenSecretError, Verifier};
