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
/// The stream behind that bucket.
pub(crate) const REGISTRY_STREAM: &str = "KV_registry";
pub(crate) const TASKS: &str = "tasks";
pub(crate) const IDEMPOTENCY: &str = "idempotency";
pub(crate) const SENT: &str = "sent";

/// Revisions of each key of the registry that are kept, so that whoever announces changes sees
/// those that were made while it was away.
const REGISTRY_HISTORY: i64 = 8;
/// For how long the answer to a request is kept, to be given again to a repeat of it.
const IDEMPOTENCY_AGE: Duration = Duration::from_secs(12 * 3_600);
/// The largest such answer, in bytes.
const IDEMPOTENCY_VALUE: i32 = 64 << 10;
/// For how long it is remembered what was sent: a day longer than any receiver may ask.
const SENT_AGE: Duration = Duration::from_secs(31 * 86_400);

/// The durable consumer that fans events out.
pub(crate) const FAN_OUT: &str = "fan-out";

/// The durable consumer of each stream that history is written from.
pub(crate) const RECORDER: &str = "recorder";
/// How long the broker waits for word of what is being recorded. A process that dies leaves what it
/// held for so long.
const RECORDER_ACK_WAIT: Duration = Duration::from_secs(30);
/// Messages of one stream that may be read and not recorded, over all processes that record.
const RECORDER_ACK_PENDING: i64 = 50_000;

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
    buckets: Vec<kv::Config>,
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
        for (stream, filter) in [
            (EVENTS, subject::EVENTS),
            (ATTEMPTS, subject::ATTEMPTS),
            (DEAD_LETTERS, subject::DEAD),
        ] {
            let recorder = pull::Config {
                ack_wait: RECORDER_ACK_WAIT,
                max_ack_pending: RECORDER_ACK_PENDING,
                ..consumer(RECORDER.into(), filter.into())
            };
            consumers.push((stream, recorder));
        }
        let bucket = |name: &str, description: &str| kv::Config {
            bucket: name.into(),
            description: description.into(),
            history: 1,
            storage: StorageType::File,
            num_replicas: config.replicas,
            ..kv::Config::default()
        };
        let buckets = vec![
            kv::Config {
                history: REGISTRY_HISTORY,
                ..bucket(REGISTRY, "Applications, endpoints and event types; secrets sealed")
            },
            bucket(TASKS, "Work that goes on after the request that asked for it"),
            kv::Config {
                max_age: IDEMPOTENCY_AGE,
                max_bytes: i64::try_from(config.idempotency_max_bytes).unwrap_or(i64::MAX),
                max_value_size: IDEMPOTENCY_VALUE,
                ..bucket(IDEMPOTENCY, "Answers to requests that may be repeated")
            },
            kv::Config {
                max_age: SENT_AGE,
                max_bytes: i64::try_from(config.sent_max_bytes).unwrap_or(i64::MAX),
                ..bucket(SENT, "What was sent, where receivers may ask")
            },
        ];
        Self { streams: vec![events, deliveries, attempts, dead_letters], consumers, buckets }
    }
}
