//! Wires ingress and starts it.

use std::{net::SocketAddr, time::Duration};

use posthaste_api::{HttpMetrics, TOKEN_SECRET, surface};
use posthaste_bus::{Authority, Bus, ConnectError, TopologyError};
use posthaste_registry::{Registry, Sealer, StartError, Writer};
use posthaste_service::{
    Key, Kit, Reader, clock,
    listener::{self, BindError},
    role::Role,
};
use tracing::info;

use crate::{Acceptance, IngressConfig, config};

/// Bytes of a stored message beside the body it came in: our header, the subject, the rest. A dead
/// letter has the most to say, for it names up to 64 attempts. What the header repeats of the body
/// counts by what escapes add to it: for `meta`, at most its own length once more.
const MESSAGE_OVERHEAD: usize = 32 * 1024;

/// How long the last step may take.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// Why ingress does not start.
#[derive(Debug, thiserror::Error)]
pub enum IngressError {
    /// The address is taken, or not ours.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// No broker.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The broker has not what we need.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] StartError),
    /// The metrics are there already.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    /// Bodies that we would accept are refused by the broker.
    #[error(transparent)]
    BodyLimit(#[from] BodyLimitError),
    /// No token secret was given.
    #[error("the configuration is not complete")]
    Incomplete,
}

/// The body limit does not fit into the broker's.
#[derive(Debug, thiserror::Error)]
#[error(
    "ingress.body_limit_bytes is {limit}, but the broker takes messages of {max_payload} bytes, of \
     which {MESSAGE_OVERHEAD} are needed for headers: lower the one or raise the broker's max_payload"
)]
pub struct BodyLimitError {
    limit: usize,
    max_payload: usize,
}

impl BodyLimitError {
    /// Checks that a body of `limit` bytes fits into a message of the broker.
    ///
    /// # Errors
    /// [`BodyLimitError`] where it does not.
    pub fn check(limit: usize, bus: &Bus) -> Result<(), Self> {
        let max_payload = bus.max_payload();
        if limit + MESSAGE_OVERHEAD <= max_payload {
            Ok(())
        } else {
            Err(Self { limit, max_payload })
        }
    }
}

/// A running ingress; it stops with its kit.
pub struct Ingress {
    bus: Bus,
    address: SocketAddr,
}

impl Ingress {
    /// Where messages are accepted.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Role for Ingress {
    const NAME: &'static str = "ingress";
    type Config = IngressConfig;
    type Error = IngressError;

    fn keys() -> Vec<Key> {
        [config::KEYS, posthaste_bus::config::KEYS, &[TOKEN_SECRET]].concat()
    }

    fn read(reader: &mut Reader<'_>) -> IngressConfig {
        IngressConfig::read(reader)
    }

    /// Binds, connects, reads the registry, and starts serving.
    async fn start(config: IngressConfig, kit: &Kit) -> Result<Self, IngressError> {
        let secret = config.token_secret.ok_or(IngressError::Incomplete)?;
        let listener = listener::bind(&config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| BindError { address: config.listen.clone(), source })?;
        let bus = Bus::connect(config.bus).await?;
        BodyLimitError::check(config.acceptance.body_limit, &bus)?;
        bus.report_health(kit)?;
        bus.ensure_topology(Authority::Guest).await?;
        let bucket = bus.registry_bucket().await?;
        let registry = Registry::start(&bucket, None, kit).await?;
        // What it creates, a worker that does not know it yet waits for.
        let settle = Duration::ZERO;
        let sealer = Sealer::without_keys();
        let writer = Writer::new(bucket, registry.clone(), sealer, settle, clock::now);
        let acceptance = Acceptance::new(
            bus.clone(),
            registry,
            writer,
            &secret,
            &kit.registry,
            config.acceptance,
        )?;
        let http = HttpMetrics::register(&kit.registry)?;
        let (router, specification) = acceptance.router();
        for path in specification.paths.paths.keys() {
            http.declare(path, &http::Method::POST);
        }
        let router = surface(router, http, config.acceptance.body_limit);
        kit.spawn("http", listener::serve(listener, router, kit.stop.intake.clone()));
        info!(%address, "ingress started");
        Ok(Self { bus, address })
    }

    async fn finish(self) {
        self.bus.flush(FLUSH_WITHIN).await;
    }
}
