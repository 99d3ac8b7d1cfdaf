//! What every claim needs to be carried to its verdict.

use std::{ops::RangeInclusive, time::Duration};

use posthaste_bus::Bus;
use posthaste_domain::{RetrySchedule, Timestamp};
use posthaste_outbound::Client;
use posthaste_profile::HeaderNames;
use posthaste_registry::Registry;
use posthaste_service::clock;
use tokio_util::sync::CancellationToken;

use crate::{metrics::Metrics, record::Recorder};

/// Shared by every claim of a worker.
pub(crate) struct Stage {
    pub(crate) bus: Bus,
    pub(crate) registry: Registry,
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) policy: Policy,
    /// Cancelled when attempts under way must be given up.
    pub(crate) cut: CancellationToken,
}

/// How deliveries are attempted.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) schedule: RetrySchedule,
    pub(crate) attempt_timeout: Duration,
    pub(crate) success: RangeInclusive<u16>,
    pub(crate) header_names: HeaderNames,
    pub(crate) attempt_at_once: usize,
}

impl Stage {
    pub(crate) fn now() -> Timestamp {
        clock::now().into()
    }
}
