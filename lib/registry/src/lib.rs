//! Applications, endpoints, event types, profiles and merchants' keys: a watched, in-memory view for every process, and the
//! one writer of it.
//!
//! Read in this order: [`Registry`] is what ingress and workers ask, without waiting; a follower
//! task keeps it equal to the bucket; [`Writer`] is how control changes the bucket; [`Sealer`]
//! keeps secrets unreadable there; [`EndpointChange`] is what is noted of each change of an
//! endpoint, for those who announce it.
//!
//! # Invariants
//! - A read never waits and never leaves the process.
//! - A write returns only once this process's own view shows it and a short settling time has
//!   passed, so "create an endpoint, send a message" never misses the endpoint.
//! - A secret is in clear only in memory, in [`posthaste_domain::Keyring`]; a merchant's key is not
//!   kept at all, but its digest.

mod change;
mod follow;
mod key;
mod published;
mod record;
mod reservation;
mod seal;
mod secret_key;
mod view;
mod writer;

pub use change::{ChangeKind, EndpointChange};
pub use follow::{Registry, StartError};
pub use published::Published;
pub use record::{EndpointEntry, Headers};
pub use seal::{SEAL_KEYS, SealError, Sealer};
pub use secret_key::{KeyDigest, SecretKey};
pub use writer::{WriteError, Writer};
