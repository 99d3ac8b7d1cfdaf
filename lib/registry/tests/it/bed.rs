//! The broker a test owns, and processes that share it.

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use posthaste_bus::{Authority, Bucket, Bus, BusConfig, StreamLimits};
use posthaste_registry::{Registry, Sealer, Writer};
use posthaste_service::clock;
use posthaste_testkit::NatsServer;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long anything may take that is to happen at all.
const SOON: Duration = Duration::from_secs(20);
/// How long a write is held back for the other processes to follow.
const SETTLE: Duration = Duration::from_millis(50);

pub(crate) const SEAL_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A broker.
pub(crate) struct Bed {
    pub(crate) nats: NatsServer,
}

/// What one process has of the registry, with a connection of its own.
pub(crate) struct Process {
    pub(crate) bus: Bus,
    pub(crate) bucket: Bucket,
    pub(crate) registry: Registry,
    pub(crate) writer: Writer,
    _running: DropGuard,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        Self { nats: NatsServer::start().await }
    }

    /// A process that may open secrets.
    pub(crate) async fn process(&self) -> Process {
        self.process_with(Some(sealer(SEAL_KEY)), clock::now).await
    }

    pub(crate) async fn process_with(
        &self,
        opens: Option<Sealer>,
        clock: fn() -> SystemTime,
    ) -> Process {
        let bus = Bus::connect(config(&self.nats.url())).await.unwrap();
        bus.ensure_topology(Authority::Owner).await.unwrap();
        let bucket = bus.registry_bucket().await.unwrap();
        let stop = CancellationToken::new();
        let (registry, follower) = Registry::follow(&bucket, opens, stop.clone());
        tokio::spawn(follower);
        soon("the registry", registry.caught_up()).await;
        let sealer = sealer(SEAL_KEY);
        let writer = Writer::new(bucket.clone(), registry.clone(), sealer, SETTLE, clock);
        Process { bus, bucket, registry, writer, _running: stop.drop_guard() }
    }
}

pub(crate) fn sealer(key: &str) -> Sealer {
    Sealer::try_new([key]).unwrap()
}

/// A clock that is far enough ahead that whatever is left behind now has been so for long.
pub(crate) fn two_minutes_ahead() -> SystemTime {
    clock::now() + Duration::from_secs(120)
}

fn config(url: &str) -> BusConfig {
    let limits = StreamLimits { max_age: Duration::from_secs(3_600), max_bytes: 8 << 20 };
    BusConfig {
        urls: vec![url.to_owned()],
        credentials: None,
        root_certificates: None,
        name: "test".into(),
        replicas: 1,
        events: limits,
        attempts: limits,
        dead_letters: limits,
        idempotency_max_bytes: 4 << 20,
        sent_max_bytes: 4 << 20,
        dedup_window: Duration::from_secs(120),
        ack_wait: Duration::from_secs(30),
        max_ack_pending: 1_000,
        publish_timeout: Duration::from_millis(500),
        publish_budget: Duration::from_secs(5),
        connect_budget: Duration::from_secs(5),
    }
}

/// Waits for `event`, and panics where it does not come.
pub(crate) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    within(SOON, what, event).await
}

pub(crate) async fn within<T>(limit: Duration, what: &str, event: impl Future<Output = T>) -> T {
    timeout(limit, event).await.unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// Waits until `holds`, asking again and again; for what no event tells.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    soon(what, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
