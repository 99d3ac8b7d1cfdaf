//! Makes the broker what is declared, whoever else is doing so at the same moment.

use std::time::Duration;

use async_nats::jetstream::{
    self, ErrorCode,
    consumer::{self, pull},
    context::{
        ConsumerInfoErrorKind, CreateKeyValueErrorKind, CreateStreamErrorKind, GetStreamErrorKind,
    },
    kv,
    stream::{Config, ConsumerCreateStrictErrorKind, Stream},
};
use tracing::info;

use super::{
    Authority, IDEMPOTENCY, REGISTRY, SENT, TASKS, Topology, TopologyError, compare::Comparison,
};
use crate::{Bucket, Bus, SentLog};

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
        for bucket in topology.buckets {
            self.ensure_bucket(bucket, authority).await?;
        }
        Ok(())
    }

    /// The bucket of applications, endpoints and event types.
    ///
    /// # Errors
    /// [`TopologyError`] where it cannot be opened.
    pub async fn registry_bucket(&self) -> Result<Bucket, TopologyError> {
        self.bucket(REGISTRY).await
    }

    /// The bucket of work that goes on after the request that asked for it. Nothing in it ages.
    ///
    /// # Errors
    /// [`TopologyError`] where it cannot be opened.
    pub async fn tasks_bucket(&self) -> Result<Bucket, TopologyError> {
        self.bucket(TASKS).await
    }

    /// The bucket of answers to requests that may be repeated. A value has at most 64 KiB and goes
    /// after twelve hours; at [`BusConfig::idempotency_max_bytes`](crate::BusConfig) it is full.
    ///
    /// # Errors
    /// [`TopologyError`] where it cannot be opened.
    pub async fn idempotency_bucket(&self) -> Result<Bucket, TopologyError> {
        self.bucket(IDEMPOTENCY).await
    }

    /// The bucket of what was sent. A note goes after 31 days; at
    /// [`BusConfig::sent_max_bytes`](crate::BusConfig) it is full.
    ///
    /// # Errors
    /// [`TopologyError`] where it cannot be opened.
    pub async fn sent_log(&self) -> Result<SentLog, TopologyError> {
        self.bucket(SENT).await.map(SentLog::new)
    }

    async fn bucket(&self, name: &'static str) -> Result<Bucket, TopologyError> {
        let store = self.jetstream.get_key_value(name).await;
        let store = store.map_err(|error| refused(&format!("bucket {name}"), error))?;
        Ok(Bucket::new(self.clone(), store))
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

    pub(crate) async fn ensure_consumer(
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

    async fn ensure_bucket(
        &self,
        wanted: kv::Config,
        authority: Authority,
    ) -> Result<(), TopologyError> {
        let asset = format!("bucket {}", wanted.bucket);
        match self.jetstream.create_key_value(wanted.clone()).await {
            Ok(_) => {}
            // It exists with other limits, perhaps made by another process at this very moment.
            Err(error) if error.kind() == CreateKeyValueErrorKind::BucketCreate => {}
            Err(error) => return Err(refused(&asset, error)),
        }
        let store = self.jetstream.get_key_value(&wanted.bucket).await;
        let found =
            store.map_err(|error| refused(&asset, error))?.stream.cached_info().config.clone();
        let check = Comparison { asset: &asset };
        let differs = [
            check.may("num_replicas", found.num_replicas, wanted.num_replicas, authority),
            check.may("history", found.max_messages_per_subject, wanted.history, authority),
            check.may("max_age", found.max_age, wanted.max_age, authority),
            check.may("max_bytes", found.max_bytes, limit(wanted.max_bytes), authority),
        ];
        if differs.contains(&true) && authority == Authority::Owner {
            let updated = Config {
                num_replicas: wanted.num_replicas,
                max_messages_per_subject: wanted.history,
                max_age: wanted.max_age,
                max_bytes: limit(wanted.max_bytes),
                ..found
            };
            self.jetstream.update_stream(&updated).await.map_err(|error| refused(&asset, error))?;
        }
        Ok(())
    }
}

/// How the server says that there is no limit.
const fn limit(wanted: i64) -> i64 {
    if wanted == 0 { -1 } else { wanted }
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
