//! Takes events and deliveries off the streams and carries each to a verdict.
//!
//! Read in this order: [`app`] wires; `pull` claims no more than there are slots; `fan_out` turns
//! an event into deliveries by a `plan`; `deliver` takes up a delivery that waited; `attempt`
//! signs and sends; `settle` decides in one match what the broker is told; `due` is when to try
//! again; `record` stores what each attempt came to, and `store` is how long either tries.
//!
//! # Invariants
//! - A claim is acknowledged only after what became of it is stored: the retry schedule or the
//!   dead letter, and the attempt's record.
//! - What an attempt came to is kept until it is stored: a broker that is away costs no second
//!   attempt.
//! - A worker holds nothing that is not also in the broker. Killing it costs duplicates at most.
//! - Being stopped is not an attempt: a delivery that was cut short comes back with its number.
//! - Nothing here reads a database.

pub mod app;
mod attempt;
mod claimed;
pub mod config;
mod deliver;
mod due;
mod fan_out;
mod headers;
mod hindrance;
mod metrics;
mod plan;
mod pull;
mod record;
mod request;
mod settle;
mod stage;
mod store;

pub use app::{Worker, WorkerError};
pub use config::WorkerConfig;
