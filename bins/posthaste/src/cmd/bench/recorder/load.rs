//! What is to be recorded: messages, and an attempt at each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use posthaste_bus::{Bus, attempts::AttemptBatch};
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptNo, EndpointId, Event, EventType, MessageId, OrgId,
    Timestamp, Trigger,
};
use posthaste_service::clock;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{cmd::token::DEFAULT_ORG, failure::Failure};

/// Messages that wait for their confirmation at once.
const AT_ONCE: usize = 256;
/// Attempts in one message of their stream, about as many as a busy worker puts there.
const ATTEMPTS_EACH: usize = 32;
/// Messages that follow come in bursts this far apart.
const BURST: Duration = Duration::from_millis(20);

/// Messages of one application, with an attempt each, at one endpoint.
#[derive(Clone)]
pub(super) struct Load {
    bus: Bus,
    org: OrgId,
    app: AppId,
    endpoint: EndpointId,
    event_type: EventType,
    payload: Bytes,
    stored: Arc<AtomicU64>,
}

impl Load {
    pub(super) fn new(bus: Bus, payload_bytes: u32) -> Result<Self, Failure> {
        let padding = "x".repeat(payload_bytes.saturating_sub(14) as usize);
        Ok(Self {
            bus,
            org: DEFAULT_ORG.parse()?,
            app: AppId::generate(now(), &mut rand::rng()),
            endpoint: EndpointId::generate(now(), &mut rand::rng()),
            event_type: "bench.sent".parse()?,
            payload: Bytes::from(format!("{{\"padding\":\"{padding}\"}}")),
            stored: Arc::default(),
        })
    }

    /// How many messages were stored so far, each with an attempt.
    pub(super) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Stores so many messages and as many attempts, and returns once all are confirmed.
    ///
    /// # Errors
    /// The first that the broker does not confirm.
    pub(super) async fn store(&self, count: u32) -> Result<(), Failure> {
        let mut storing = JoinSet::new();
        let mut left = count as usize;
        while left > 0 || !storing.is_empty() {
            while left > 0 && storing.len() < AT_ONCE / ATTEMPTS_EACH {
                let some = left.min(ATTEMPTS_EACH);
                left -= some;
                let load = self.clone();
                storing.spawn(async move { load.store_some(some).await });
            }
            if let Some(stored) = storing.join_next().await {
                stored??;
            }
        }
        Ok(())
    }

    /// Stores `rate` messages a second until `enough`.
    ///
    /// # Errors
    /// As [`Load::store`].
    pub(super) async fn keep_coming(
        &self,
        rate: u32,
        enough: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut bursts = interval(BURST);
        bursts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (began, mut stored) = (bursts.tick().await, 0);
        while enough.run_until_cancelled(bursts.tick()).await.is_some() {
            let due = (began.elapsed().as_secs_f64() * f64::from(rate)) as u64;
            self.store(u32::try_from(due.saturating_sub(stored))?).await?;
            stored = due.max(stored);
        }
        Ok(())
    }

    async fn store_some(&self, count: usize) -> Result<(), Failure> {
        let events: Vec<_> = (0..count).map(|_| self.event()).collect();
        let mut accepting = JoinSet::new();
        let mut attempts = AttemptBatch::default();
        for event in events {
            attempts.push(&self.attempt(&event))?;
            let (bus, payload) = (self.bus.clone(), self.payload.clone());
            accepting.spawn(async move { bus.accept(&event, payload).await.map(|_| ()) });
        }
        while let Some(accepted) = accepting.join_next().await {
            accepted??;
        }
        self.bus.record(&attempts).await?;
        self.stored.fetch_add(count as u64, Ordering::Relaxed);
        Ok(())
    }

    fn event(&self) -> Event {
        let now = now();
        Event {
            occurrence: posthaste_domain::Occurrence::default(),
            id: MessageId::generate(now, &mut rand::rng()),
            org: self.org.clone(),
            app: self.app.clone(),
            event_type: self.event_type.clone(),
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            idempotency_key: None,
            retention_hours: Event::RETENTION_HOURS,
            deliver_at: None,
            content_type: None,
            accepted_at: now,
        }
    }

    fn attempt(&self, event: &Event) -> Attempt {
        let now = now();
        Attempt {
            profile: None,
            warning: None,
            id: AttemptId::generate(now, &mut rand::rng()),
            org: event.org.clone(),
            app: event.app.clone(),
            message: event.id.clone(),
            event_type: event.event_type.clone(),
            channels: Vec::new(),
            tags: Vec::new(),
            lane: None,
            endpoint: self.endpoint.clone(),
            url: "http://127.0.0.1:8000/webhooks".to_owned(),
            number: AttemptNo::FIRST,
            trigger: Trigger::Scheduled,
            started_at: now,
            duration_ms: 12,
            status: Some(200),
            failure: None,
            refusal: None,
            response: "{\"ok\":true}".to_owned(),
            next_attempt: None,
        }
    }
}

fn now() -> Timestamp {
    clock::now().into()
}
