//! What can be chosen about the broker.

use std::{path::PathBuf, time::Duration};

/// How to reach the broker, and how much it may keep.
#[derive(Clone, Debug)]
pub struct BusConfig {
    /// Server addresses, tried in turn (`nats://host:4222`).
    pub urls: Vec<String>,
    /// A `.creds` file with a user's JWT and seed.
    pub credentials: Option<PathBuf>,
    /// PEM certificates to trust beside the system's.
    pub root_certificates: Option<PathBuf>,
    /// What this process calls itself in the server's connection list.
    pub name: String,
    /// How many servers hold each stream: 1, or 3 in production.
    pub replicas: usize,
    /// How much the event stream keeps; it refuses new events beyond its size.
    pub events: StreamLimits,
    /// How much the attempt stream keeps; the oldest go first.
    pub attempts: StreamLimits,
    /// How much the dead-letter stream keeps; the oldest go first.
    pub dead_letters: StreamLimits,
    /// For how long an `eventId` or idempotency key is recognised. The server remembers about 150
    /// bytes for each message of the window.
    pub dedup_window: Duration,
    /// How long the broker waits for word of a claim before it offers it to another worker.
    pub ack_wait: Duration,
    /// How many claims of one queue the whole fleet may hold: workers times slots, and a margin.
    pub max_ack_pending: u32,
    /// How long one publish waits for its confirmation.
    pub publish_timeout: Duration,
    /// How long a publish is retried, with backoff, before it is reported as not confirmed.
    /// Outlasts an election of a stream's leader.
    pub publish_budget: Duration,
    /// How long to wait for the first connection at start.
    pub connect_budget: Duration,
}

/// How much a stream keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// The age at which a message is dropped.
    pub max_age: Duration,
    /// Bytes on disk, per replica.
    pub max_bytes: u64,
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const GIB: u64 = 1 << 30;

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            urls: vec!["nats://127.0.0.1:4222".into()],
            credentials: None,
            root_certificates: None,
            name: "posthaste".into(),
            replicas: 1,
            events: StreamLimits { max_age: DAY * 3, max_bytes: 8 * GIB },
            attempts: StreamLimits { max_age: DAY * 3, max_bytes: 4 * GIB },
            dead_letters: StreamLimits { max_age: DAY * 30, max_bytes: 2 * GIB },
            dedup_window: MINUTE * 2,
            ack_wait: Duration::from_secs(45),
            max_ack_pending: 20_000,
            publish_timeout: Duration::from_secs(2),
            publish_budget: Duration::from_secs(10),
            connect_budget: Duration::from_secs(30),
        }
    }
}
