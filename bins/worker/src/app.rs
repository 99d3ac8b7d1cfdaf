//! Wires a worker and starts it.

use std::{sync::Arc, time::Duration};

use posthaste_bus::{
    Authority, Bus, ConnectError, Intake, IntakeError, Source, TopologyError,
    attempts::AttemptBatch,
};
use posthaste_domain::Lane;
use posthaste_outbound::{Client, ClientError, OutboundConfig, Transport};
use posthaste_profile::{Plain, Profile};
use posthaste_registry::{Registry, SEAL_KEYS, StartError, Writer};
use posthaste_service::{Key, Kit, Reader, clock, role::Role};
use tracing::info;

use crate::{
    WorkerConfig, config,
    metrics::Metrics,
    pull::pull,
    record::Recorder,
    stage::{Policy, Stage},
};

/// How long the last step may take.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// The smallest message limit of a broker that takes every batch of accounts.
const PAYLOAD_NEEDED: usize = AttemptBatch::MAX_BYTES + AttemptBatch::ACCOUNT_MAX;

/// Why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// No broker.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The broker has not what we need.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] StartError),
    /// Nothing can be pulled.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// No client for receivers.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file of trusted certificates cannot be read.
    #[error("cannot read outbound.ca_file")]
    CaFile(#[source] std::io::Error),
    /// What would have to be stored is refused by the broker.
    #[error(
        "the broker takes messages of {0} bytes, but {PAYLOAD_NEEDED} are needed to record \
         attempts: raise its max_payload"
    )]
    PayloadLimit(usize),
    /// The metrics of a worker are there already.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    /// The configuration has no retry schedule or no sealing key.
    #[error("the configuration is not complete")]
    Incomplete,
}

/// A running worker; it stops with its kit.
pub struct Worker {
    bus: Bus,
}

impl Role for Worker {
    const NAME: &'static str = "worker";
    type Config = WorkerConfig;
    type Error = WorkerError;

    fn keys() -> Vec<Key> {
        let shared = [posthaste_bus::config::KEYS, posthaste_outbound::KEYS, &[SEAL_KEYS]];
        [config::KEYS, &shared.concat()].concat()
    }

    fn read(reader: &mut Reader<'_>) -> WorkerConfig {
        WorkerConfig::read(reader)
    }

    /// Connects, reads the registry, and starts claiming.
    async fn start(config: WorkerConfig, kit: &Kit) -> Result<Self, WorkerError> {
        let schedule = config.schedule.clone().ok_or(WorkerError::Incomplete)?;
        let sealer = config.sealer.clone().ok_or(WorkerError::Incomplete)?;
        let outbound = outbound(&config).await?;
        let user_agent = outbound.user_agent.clone();
        let client = Client::try_new(outbound)?;
        let bus = Bus::connect(config.bus.clone()).await?;
        if bus.max_payload() < PAYLOAD_NEEDED {
            return Err(WorkerError::PayloadLimit(bus.max_payload()));
        }
        bus.report_health(kit)?;
        bus.ensure_topology(Authority::Guest).await?;
        let bucket = bus.registry_bucket().await?;
        let registry = Registry::start(&bucket, Some(sealer.clone()), kit).await?;
        // Nobody waits for what it writes to be seen elsewhere.
        let settle = Duration::ZERO;
        let writer = Writer::new(bucket, registry.clone(), sealer, settle, clock::now);
        let slots = config.slots;
        let attempts = config.attempt_at_once as u64;
        let limit = u64::from(slots.events) * attempts
            + u64::from(slots.fresh)
            + u64::from(slots.retry)
            + u64::from(slots.bulk);
        let metrics = Metrics::register(&kit.registry, limit)?;
        let (recorder, recording) = Recorder::new(bus.clone(), kit.stop.work.clone());
        // Ends by itself once the last claim has let go of the recorder.
        kit.spawn("recorder", recording);
        let stage = Arc::new(Stage {
            bus: bus.clone(),
            registry,
            writer,
            sent: bus.sent_log().await?,
            disabling: tokio::sync::Mutex::default(),
            client,
            recorder,
            metrics: metrics.clone(),
            plain: Arc::new(Profile::plain(Plain {
                names: config.header_names,
                schedule,
                total_timeout: config.attempt_timeout,
                connect_timeout: config.outbound.connect_timeout,
                https_only: config.outbound.https_only,
            })),
            policy: Policy {
                event_life: config.bus.events.max_age.saturating_sub(config::HORIZON_MARGIN),
                attempt_at_once: config.attempt_at_once,
                user_agent,
            },
            cut: kit.stop.work.clone(),
        });
        let sources = [
            (Source::Events, slots.events),
            (Source::Lane(Lane::Fresh), slots.fresh),
            (Source::Lane(Lane::Retry), slots.retry),
            (Source::Lane(Lane::Bulk), slots.bulk),
        ];
        let mut intakes = Vec::with_capacity(sources.len());
        for (source, slots) in sources {
            intakes.push((source, Intake::open(&bus, source, slots).await?));
        }
        // Nothing is claimed before nothing can fail any more.
        for (source, intake) in intakes {
            let stop = kit.stop.intake.clone();
            let tasks = kit.tracker.clone();
            kit.spawn("pull", pull(Arc::clone(&stage), intake, source, stop, tasks));
        }
        let stopping = kit.stop.intake.clone();
        kit.spawn("drain gauge", async move {
            stopping.cancelled().await;
            metrics.draining();
        });
        info!(?slots, "worker started");
        Ok(Self { bus })
    }

    /// Sees to it that acknowledgements have left.
    async fn finish(self) {
        self.bus.flush(FLUSH_WITHIN).await;
    }
}

fn transport(config: &WorkerConfig) -> Transport {
    Transport { connect_timeout: config.outbound.connect_timeout, ..Transport::default() }
}

async fn outbound(config: &WorkerConfig) -> Result<OutboundConfig, WorkerError> {
    let extra_ca = match &config.outbound.ca_file {
        Some(path) => Some(tokio::fs::read(path).await.map_err(WorkerError::CaFile)?.into()),
        None => None,
    };
    Ok(OutboundConfig {
        usual: transport(config),
        allow: config.outbound.allow.clone(),
        extra_ca,
        https_only: config.outbound.https_only,
        ..OutboundConfig::default()
    })
}
