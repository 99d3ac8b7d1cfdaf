//! Every stream, consumer and bucket, declared as one value and made true at start.

use std::time::Duration;

use async_nats::jetstream::{
    self, ErrorCode,
    consumer::{self, AckPolicy, DeliverPolicy, pull},
    context::{
        ConsumerInfoErrorKind, CreateKeyValueErrorKind, CreateStreamErrorKind, GetStreamErrorKind,
    },
    kv,
    stream::{
        Config, ConsumerCreateStrictErrorKind, DiscardPolicy, RetentionPolicy, StorageType, Stream,
    },
};
use posthaste_domain::Lane;
use tracing::{info, warn};

use crate::{Bus, BusConfig, bucket::Bucket, subject};

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

impl Bus {
    /// Makes every stream, consumer and bucket exist as declared.
    ///
    /// # Errors
    /// [`TopologyError::Mismatch`] where something of that name is of another kind, naming the
    /// setting, what it is and what it must be.
    pub async fn ensure_topology(&self, authority: Authority) -> Result<(), TopologyError> {
        let topology = Topology::of(&self.config);
        for stream in topology.streams {
            self.ensure_stream(stream, authority).await?;
        }
        for (stream, consumer) in topology.consumers {
            self.ensure_consumer(stream, consumer, authority).await?;
        }
        self.ensure_registry(topology.registry).await?;
        Ok(())
    }

    /// The bucket of applications, endpoints and event types.
    ///
    /// # Errors
    /// [`TopologyError`] where it cannot be opened.
    pub async fn registry_bucket(&self) -> Result<Bucket, TopologyError> {
        let store = self.jetstream.get_key_value(REGISTRY).await;
        Ok(Bucket::new(self.clone(), store.map_err(|error| refused("bucket registry", error))?))
    }

    async fn ensure_stream(
        &self,
        wanted: Config,
        authority: Authority,
    ) -> Result<(), TopologyError> {
        let asset = format!("stream {}", wanted.name);
        let found = self.stream_found_or_made(&asset, &wanted).await?;
        let check = Comparison { asset: &asset };
        check.must("subjects", sorted(&found.subjects), sorted(&wanted.subjects))?;
        check.must("retention", found.retention, wanted.retention)?;
        check.must("storage", found.storage, wanted.storage)?;
        check.must("discard", found.discard, wanted.discard)?;
        check.must(
            "allow_msg_schedules",
            found.allow_message_schedules,
            wanted.allow_message_schedules,
        )?;
        let differs = [
            check.may("num_replicas", found.num_replicas, wanted.num_replicas, authority),
            check.may("max_age", found.max_age, wanted.max_age, authority),
            check.may("max_bytes", found.max_bytes, wanted.max_bytes, authority),
            check.may("duplicate_window", found.duplicate_window, window(&wanted), authority),
            check.may("allow_direct", found.allow_direct, wanted.allow_direct, authority),
        ];
        if differs.contains(&true) && authority == Authority::Owner {
            let updated = Config {
                num_replicas: wanted.num_replicas,
                max_age: wanted.max_age,
                max_bytes: wanted.max_bytes,
                duplicate_window: window(&wanted),
                allow_direct: wanted.allow_direct,
                ..found
            };
            self.jetstream.update_stream(&updated).await.map_err(|error| refused(&asset, error))?;
        }
        Ok(())
    }

    async fn stream_found_or_made(
        &self,
        asset: &str,
        wanted: &Config,
    ) -> Result<Config, TopologyError> {
        match self.jetstream.get_stream(&wanted.name).await {
            Ok(found) => return Ok(found.cached_info().config.clone()),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(refused(asset, error)),
        }
        match self.jetstream.create_stream(wanted).await {
            Ok(made) => {
                info!(asset, "made");
                return Ok(made.cached_info().config.clone());
            }
            // Another process made it at the same moment, with limits of its own.
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(refused(asset, error)),
        }
        let found = self.jetstream.get_stream(&wanted.name).await;
        Ok(found.map_err(|error| refused(asset, error))?.cached_info().config.clone())
    }

    async fn ensure_consumer(
        &self,
        stream: &'static str,
        wanted: pull::Config,
        authority: Authority,
    ) -> Result<(), TopologyError> {
        let name = wanted.durable_name.clone().unwrap_or_default();
        let asset = format!("consumer {name} of stream {stream}");
        let stream = self
            .jetstream
            .get_stream_no_info(stream)
            .await
            .map_err(|error| refused(&asset, error))?;
        let found = consumer_found_or_made(&stream, &asset, &name, &wanted).await?;
        let check = Comparison { asset: &asset };
        check.must("filter_subject", &found.filter_subject, &wanted.filter_subject)?;
        check.must("ack_policy", found.ack_policy, wanted.ack_policy)?;
        check.must("max_deliver", found.max_deliver, wanted.max_deliver)?;
        let differs = [
            check.may("ack_wait", found.ack_wait, wanted.ack_wait, authority),
            check.may("max_ack_pending", found.max_ack_pending, wanted.max_ack_pending, authority),
            check.may("max_waiting", found.max_waiting, wanted.max_waiting, Authority::Guest),
        ];
        if differs[..2].contains(&true) && authority == Authority::Owner {
            // The number of waiting pulls cannot be changed later.
            let updated = pull::Config { max_waiting: found.max_waiting, ..wanted };
            stream.update_consumer(updated).await.map_err(|error| refused(&asset, error))?;
        }
        Ok(())
    }

    async fn ensure_registry(&self, wanted: kv::Config) -> Result<(), TopologyError> {
        match self.jetstream.create_key_value(wanted).await {
            Ok(_) => Ok(()),
            // Two processes may make it at the same moment, with different replica counts while
            // the configuration is rolled out; either is a working bucket.
            Err(error) if error.kind() == CreateKeyValueErrorKind::BucketCreate => self
                .jetstream
                .get_key_value(REGISTRY)
                .await
                .map(drop)
                .map_err(|_| refused("bucket registry", error)),
            Err(error) => Err(refused("bucket registry", error)),
        }
    }
}

async fn consumer_found_or_made(
    stream: &Stream<()>,
    asset: &str,
    name: &str,
    wanted: &pull::Config,
) -> Result<consumer::Config, TopologyError> {
    match stream.consumer_info(name).await {
        Ok(found) => return Ok(found.config),
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {}
        Err(error) => return Err(refused(asset, error)),
    }
    // Only made, never changed: between the question and now it may have been made by its owner.
    match stream.create_consumer_strict(wanted.clone()).await {
        Ok(made) => {
            info!(asset, "made");
            return Ok(made.cached_info().config.clone());
        }
        Err(error) if error.kind() == ConsumerCreateStrictErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(asset, error)),
    }
    Ok(stream.consumer_info(name).await.map_err(|error| refused(asset, error))?.config)
}

/// The window the server falls back to where none is asked for.
fn window(wanted: &Config) -> Duration {
    if wanted.duplicate_window.is_zero() {
        Duration::from_secs(120).min(wanted.max_age)
    } else {
        wanted.duplicate_window
    }
}

fn sorted(subjects: &[String]) -> Vec<String> {
    let mut subjects = subjects.to_vec();
    subjects.sort();
    subjects
}

fn is_missing(error: &jetstream::context::GetStreamError) -> bool {
    match error.kind() {
        GetStreamErrorKind::JetStream(error) => error.error_code() == ErrorCode::STREAM_NOT_FOUND,
        _ => false,
    }
}

fn is_taken(error: &jetstream::context::CreateStreamError) -> bool {
    match error.kind() {
        CreateStreamErrorKind::JetStream(error) => {
            error.error_code() == ErrorCode::STREAM_NAME_EXIST
        }
        _ => false,
    }
}

fn refused(
    asset: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> TopologyError {
    TopologyError::Refused { asset: asset.into(), source: source.into() }
}

struct Comparison<'a> {
    asset: &'a str,
}

impl Comparison<'_> {
    /// A setting without which the asset is not ours.
    fn must<T: PartialEq + std::fmt::Debug>(
        &self,
        field: &'static str,
        found: T,
        wanted: T,
    ) -> Result<(), TopologyError> {
        if found == wanted {
            return Ok(());
        }
        Err(TopologyError::Mismatch {
            asset: self.asset.into(),
            field,
            found: format!("{found:?}"),
            wanted: format!("{wanted:?}"),
        })
    }

    /// A setting that may be tuned while the asset is in use; tells whether it differs.
    fn may<T: PartialEq + std::fmt::Debug>(
        &self,
        field: &'static str,
        found: T,
        wanted: T,
        authority: Authority,
    ) -> bool {
        let differs = found != wanted;
        if differs {
            let asset = self.asset;
            match authority {
                Authority::Owner => info!(asset, field, ?found, ?wanted, "changing"),
                Authority::Guest => {
                    warn!(asset, field, ?found, ?wanted, "differs from the configuration");
                }
            }
        }
        differs
    }
}
