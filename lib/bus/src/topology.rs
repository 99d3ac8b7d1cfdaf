//! Every stream, consumer and bucket, declared as one value and made true at start.
//!
//! `compare` says how what exists differs from what is declared; `ensure` makes it so.

mod compare;
mod ensure;

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull},
    kv,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use posthaste_domain::Lane;

use crate::{BusConfig, subject};

pub(crate) const EVENTS: &str = "EVENTS";
pub(crate) const DELIVERIES: &str = "DELIVERIES";
pub(crate) const ATTEMPTS: &str = "ATTEMPTS";
pub(crate) const DEAD_LETTERS: &str = "DEAD";
pub(crate) const REGISTRY: &str = "registry";

/// The durable consumer that fans events out.
pub(crate) const FAN_OUT: &str = "fan-out";

/// Pull requests that may wait at one consumer: two for each of the fleet's processes and more.
const MAX_WAITING: i64 = 4_096;

/// For how long a dead letter written twice is recognised: longer than any claim is held.
const DEAD_DEDUP: Duration = Duration::from_secs(600);

/// Whether this process decides how large streams are, or takes them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Makes limits, ages and replica counts what its configuration says.
    Owner,
    /// Makes what is missing; where limits differ it only says so in the log.
    Guest,
}

/// Why the broker is not as we need it.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// A stream or consumer of that name exists and is something else.
    #[error("{asset} has {field} {found}, but needs {wanted}")]
    Mismatch {
        /// What exists, for example `stream EVENTS`.
        asset: String,
        /// Which setting differs.
        field: &'static str,
        /// Its value.
        found: String,
        /// The value it must have.
        wanted: String,
    },
    /// The broker refused to make or change something.
    #[error("the broker would not make {asset}")]
    Refused {
        /// What was to be made.
        asset: String,
        /// What the broker said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Everything Posthaste keeps in the broker.
struct Topology {
    streams: Vec<Config>,
    consumers: Vec<(&'static str, pull::Config)>,
    registry: kv::Config,
}

impl Topology {
    fn of(config: &BusConfig) -> Self {
        let base = |name: &str, description: &str, subjects: &[&str]| Config {
            name: name.into(),
            description: Some(description.into()),
            subjects: subjects.iter().map(ToString::to_string).collect(),
            storage: StorageType::File,
            num_replicas: config.replicas,
            allow_direct: true,
            max_bytes: -1,
            max_messages: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            ..Config::default()
        };
        let limited = |stream: Config, limits: crate::StreamLimits| Config {
            max_age: limits.max_age,
            max_bytes: i64::try_from(limits.max_bytes).unwrap_or(i64::MAX),
            ..stream
        };
        let events = Config {
            retention: RetentionPolicy::Limits,
            // Refusing is honest: ingress then answers 503 and the caller knows.
            discard: DiscardPolicy::New,
            duplicate_window: config.dedup_window,
            ..limited(base(EVENTS, "Accepted events", &[subject::EVENTS]), config.events)
        };
        let deliveries = Config {
            retention: RetentionPolicy::WorkQueue,
            // No size or age limit: one would drop waiting schedules without a word, and refusing
            // new ones is not allowed beside schedules.
            discard: DiscardPolicy::Old,
            allow_message_schedules: true,
            // What schedules imply; the server sets it and we expect it.
            allow_rollup: true,
            duplicate_window: config.dedup_window,
            ..base(
                DELIVERIES,
                "Deliveries due now, later or when their endpoint is let go",
                &[subject::DUE, subject::LATER, subject::PARKED],
            )
        };
        let attempts = Config {
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            ..limited(base(ATTEMPTS, "Attempts made", &[subject::ATTEMPTS]), config.attempts)
        };
        let dead_letters = Config {
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            duplicate_window: DEAD_DEDUP.min(config.dead_letters.max_age),
            ..limited(
                base(DEAD_LETTERS, "Deliveries nobody took", &[subject::DEAD]),
                config.dead_letters,
            )
        };
        let consumer = |name: String, filter: String| pull::Config {
            durable_name: Some(name),
            filter_subject: filter,
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: config.ack_wait,
            max_ack_pending: i64::from(config.max_ack_pending),
            // The worker decides what is dead. Past a limit here a work queue would keep the
            // message for ever, offered to nobody.
            max_deliver: -1,
            max_waiting: MAX_WAITING,
            ..pull::Config::default()
        };
        // No consumer's filter covers `later.>`: it would be given schedules at once, and its
        // acknowledgement would cancel them.
        let mut consumers = vec![(EVENTS, consumer(FAN_OUT.into(), subject::EVENTS.into()))];
        for lane in Lane::ALL {
            consumers.push((DELIVERIES, consumer(lane.to_string(), subject::due_lane(lane))));
        }
        let registry = kv::Config {
            bucket: REGISTRY.into(),
            description: "Applications, endpoints and event types; secrets sealed".into(),
            history: 1,
            storage: StorageType::File,
            num_replicas: config.replicas,
            ..kv::Config::default()
        };
        Self { streams: vec![events, deliveries, attempts, dead_letters], consumers, registry }
    }
}
