//! The broker, and the only crate that names it.
//!
//! Read in the order of an event's way: [`events`] keeps what was accepted; [`deliveries`] holds
//! what is due, and what is due later; an [`Intake`] pulls from either as many [`Claim`]s as it has
//! slots; [`attempts`] keeps what each try came to; [`dead_letters`] keeps what nobody took; a
//! [`Tail`] reads all of it again, for history. [`Bucket`] is the watched key-value store behind
//! the registry.
//!
//! # Invariants
//! - [`topology`] declares every stream, consumer and bucket once; [`subject`] is the only place
//!   that spells or parses a subject.
//! - A publish returns only once the broker has confirmed that the message is stored.
//! - A claim is acknowledged by its holder after what became of it is stored, never before.
//! - No header of a received message is ever copied to a published one: `Nats-*` headers steer the
//!   server, and a copied one can purge or fire a schedule.

mod announced;
pub mod attempts;
mod bucket;
mod changes;
mod claim;
pub mod config;
mod connection;
pub mod dead_letters;
pub mod deliveries;
pub mod events;
mod health;
mod intake;
mod parked;
mod publish;
mod queues;
mod read;
mod requests;
mod retry;
mod sent;
mod subject;
mod tail;
pub mod topology;
mod wire;

pub use bucket::{Bucket, BucketEntry, BucketError, Change, Watch};
pub use claim::Claim;
pub use config::{BusConfig, StreamLimits};
pub use connection::{Bus, ConnectError};
pub use events::{Accepted, Recipient, StoredEvent};
pub use intake::{Intake, IntakeError, Source};
pub use parked::{Backlog, ReleaseError};
pub use publish::PublishError;
pub use queues::{QueueStats, SourceStats, StreamStats};
pub use read::ReadError;
pub use sent::{Sent, SentLog};
pub use tail::{
    BatchBounds, Feed, FeedProgress, LastSequences, Receipts, Tail, TailBatch, TailError,
};
pub use topology::{Authority, TopologyError};
