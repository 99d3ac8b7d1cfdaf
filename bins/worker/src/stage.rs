//! What every claim needs to be carried to its verdict.

use std::{sync::Arc, time::Duration};

use posthaste_bus::{Bus, SentLog};
use posthaste_domain::{Event, OrgId, ProfileRef, Timestamp};
use posthaste_outbound::Client;
use posthaste_profile::Profile;
use posthaste_registry::{Registry, Writer};
use posthaste_service::clock;
use tokio_util::sync::CancellationToken;

use crate::{metrics::Metrics, record::Recorder};

/// For how long after its acceptance a message may be ahead of the news of its application and its
/// endpoints: ingress hears of changes at a moment of its own, and after an outage the watch may
/// take seconds to resume.
const NEWS_WITHIN: Duration = Duration::from_secs(10);

/// Shared by every claim of a worker.
pub(crate) struct Stage {
    pub(crate) bus: Bus,
    pub(crate) registry: Registry,
    /// Disables endpoints that want no more.
    pub(crate) writer: Writer,
    pub(crate) sent: SentLog,
    /// Held while an endpoint is disabled.
    pub(crate) disabling: tokio::sync::Mutex<()>,
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    /// In force where an endpoint has no profile.
    pub(crate) plain: Arc<Profile>,
    pub(crate) policy: Policy,
    /// Cancelled when attempts under way must be given up.
    pub(crate) cut: CancellationToken,
}

/// What holds for deliveries whatever their profile.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// For how long after the stream got it an event is there for certain.
    pub(crate) event_life: Duration,
    pub(crate) attempt_at_once: usize,
    /// What receivers are told who calls.
    pub(crate) user_agent: String,
}

impl Stage {
    pub(crate) fn now() -> Timestamp {
        clock::now().into()
    }

    /// The profile that a delivery began with; `None` while this process has not heard of it.
    pub(crate) fn profile(
        &self,
        org: &OrgId,
        reference: Option<&ProfileRef>,
    ) -> Option<Arc<Profile>> {
        match reference {
            None => Some(Arc::clone(&self.plain)),
            Some(reference) => self.registry.profile(org, reference),
        }
    }

    /// When an event was to be sent at the earliest: what it waited before is nobody's delay.
    pub(crate) fn wanted_at(event: &Event) -> Timestamp {
        event.deliver_at.map_or(event.accepted_at, |at| at.max(event.accepted_at))
    }

    /// Whether what is not known of an event may be still on its way to us, rather than deleted.
    pub(crate) fn may_overtake_news(event: &Event) -> bool {
        Self::now().since(event.accepted_at) < NEWS_WITHIN
    }
}
