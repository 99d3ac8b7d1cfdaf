//! Wires control and starts it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::DefaultBodyLimit;
use posthaste_api::{HttpMetrics, Signer, TOKEN_SECRET, Verifier};
use posthaste_bus::{Authority, Bus, ConnectError, IntakeError, TailError, TopologyError};
use posthaste_history::HistoryError;
use posthaste_ingress::{Acceptance, app::BodyLimitError};
use posthaste_outbound::Guard;
use posthaste_registry::{Registry, SEAL_KEYS, StartError, Writer};
use posthaste_service::{
    Key, Kit, Reader, clock,
    listener::{self, BindError},
    role::Role,
};
use tracing::info;

use crate::{
    ControlConfig,
    api::Api,
    config,
    freshness::Freshness,
    idempotency::Idempotency,
    keepers::{
        Announcer, Bench, QueueMetrics, Recorder, RecorderMetrics, TaskKeeper, TaskMetrics,
        fire_overdue, forget_old, release_parked, report_queues,
    },
    merchant::{Pace, Places},
    router, store,
    tasks::Tasks,
};

/// How long the last step may take.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// Why control does not start.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The address is taken, or not ours.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// No broker.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The broker cannot be made what we need.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] StartError),
    /// The streams cannot be read for history.
    #[error(transparent)]
    Tail(#[from] TailError),
    /// What is to be announced cannot be followed.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// There is no store of history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The metrics are there already.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    /// Messages that we would accept are refused by the broker.
    #[error(transparent)]
    BodyLimit(#[from] BodyLimitError),
    /// No token secret or no sealing key was given.
    #[error("the configuration is not complete")]
    Incomplete,
}

/// A running control; it stops with its kit.
pub struct Control {
    bus: Bus,
    address: SocketAddr,
}

impl Control {
    /// Where the API is answered.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Role for Control {
    const NAME: &'static str = "control";
    type Config = ControlConfig;
    type Error = ControlError;

    fn keys() -> Vec<Key> {
        let own = [TOKEN_SECRET, SEAL_KEYS];
        let shared = [posthaste_bus::config::KEYS, posthaste_outbound::KEYS, &own].concat();
        [config::KEYS, posthaste_ingress::config::KEYS, &shared].concat()
    }

    fn read(reader: &mut Reader<'_>) -> ControlConfig {
        ControlConfig::read(reader)
    }

    /// Binds, connects, makes the broker what we need, reads the registry, and starts serving.
    async fn start(config: ControlConfig, kit: &Kit) -> Result<Self, ControlError> {
        let secret = config.token_secret.ok_or(ControlError::Incomplete)?;
        let sealer = config.sealer.ok_or(ControlError::Incomplete)?;
        let listener = listener::bind(&config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| BindError { address: config.listen.clone(), source })?;
        let bus = Bus::connect(config.bus).await?;
        BodyLimitError::check(config.acceptance.body_limit, &bus)?;
        bus.report_health(kit)?;
        bus.ensure_topology(Authority::Owner).await?;
        let bucket = bus.registry_bucket().await?;
        let registry = Registry::start(&bucket, Some(sealer.clone()), kit).await?;
        let writer =
            Writer::new(bucket, registry.clone(), sealer.clone(), config.settle, clock::now);
        let acceptance = Acceptance::new(
            bus.clone(),
            registry.clone(),
            writer.clone(),
            &secret,
            &kit.registry,
            config.acceptance,
        )?;
        // A message may be larger than anything else that is asked of this address.
        let message_limit = DefaultBodyLimit::max(config.acceptance.body_limit);
        let (accept, accept_specification) = acceptance.router();
        let accept = (accept.layer(message_limit), accept_specification);
        let http = HttpMetrics::register(&kit.registry)?;
        let verifier = Verifier::new(&secret);
        let freshness = Freshness::start(bus.clone(), config.history.fresh_within, &kit.registry)?;
        let history = store::open(&config.history.url).await?;
        let recorded = RecorderMetrics::register(&kit.registry)?;
        Recorder::start(&bus, Arc::clone(&history), freshness.clone(), recorded, kit).await?;
        forget_old(Arc::clone(&history), config.history.retention, kit)?;
        let tasks = Tasks::new(bus.tasks_bucket().await?);
        let announcer = Announcer::new(
            bus.clone(),
            registry.clone(),
            Arc::clone(&history),
            freshness.clone(),
            &kit.registry,
        )?;
        announcer.spawn(kit).await?;
        let bench =
            Bench::new(bus.clone(), registry.clone(), Arc::clone(&history), freshness.clone());
        let metrics = TaskMetrics::register(&kit.registry)?;
        TaskKeeper { tasks: tasks.clone(), bench, announcer, metrics }.spawn(kit);
        let idempotency =
            Idempotency::new(bus.idempotency_bucket().await?, sealer, clock::now, &kit.registry)?;
        let known = registry.clone();
        let api = Api {
            bus: bus.clone(),
            registry,
            writer,
            history,
            freshness,
            tasks,
            verifier,
            signer: Signer::new(&secret),
            portal_url: config.portal_url,
            idempotency,
            sent: bus.sent_log().await?,
            verify_pace: Pace::new(config.verify_per_second),
            places: Places::default(),
            guard: Guard::new(config.outbound.allow),
            https_only: config.outbound.https_only,
            clock: clock::now,
        };
        let router = router(Arc::new(api), accept, http);
        kit.spawn("http", listener::serve(listener, router, kit.stop.intake.clone()));
        let queues = QueueMetrics::register(&kit.registry)?;
        let stop = &kit.stop.intake;
        let fired = queues.overdue_fired.clone();
        kit.spawn("overdue keeper", fire_overdue(bus.clone(), fired, stop.clone()));
        kit.spawn("parked keeper", release_parked(bus.clone(), known, stop.clone()));
        kit.spawn("queue figures", report_queues(bus.clone(), queues, stop.clone()));
        info!(%address, "control started");
        Ok(Self { bus, address })
    }

    async fn finish(self) {
        self.bus.flush(FLUSH_WITHIN).await;
    }
}
