//! A process's shell: what every Posthaste process has whatever it does.
//!
//! Read in the order of a process's life: [`config`] says what was asked for, all faults at once;
//! [`telemetry`] gives it a voice; [`admin`] is bound and answers probes and scrapes; a [`Kit`]
//! carries [`ready`], the metrics registry and [`stop`] to whatever the process runs;
//! [`listener`] serves HTTP; a signal ends it in two steps.
//!
//! # Invariants
//! - Nothing here knows about webhooks or the broker.
//! - No globals except the tracing subscriber, so several roles fit in one process.
//! - Whatever is bound may be bound to port 0, and tells its address before it serves.
//! - Every wait has a bound: see [`listener::Limits`], [`stop::drain`] and [`ShutdownConfig`].

pub mod admin;
pub mod clock;
pub mod config;
pub mod kit;
pub mod listener;
pub mod metrics;
pub mod ready;
pub mod role;
mod service_config;
pub mod stop;
pub mod telemetry;

#[cfg(test)]
mod raw_client;

pub use config::{ConfigFaults, Key, Reader, Sensitive, Vars};
pub use kit::Kit;
pub use ready::{Gate, Readiness};
pub use service_config::{KEYS, ServiceConfig};
pub use stop::{ShutdownConfig, Stop};
pub use telemetry::LogConfig;
