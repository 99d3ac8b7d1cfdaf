//! What steps work with, and whether there is room for what they make.

use std::{sync::Arc, time::Duration};

use posthaste_bus::{Bus, QueueStats, ReadError, Source};
use posthaste_domain::Lane;
use posthaste_history::History;
use posthaste_registry::Registry;
use tokio::{sync::Mutex, time::Instant};

use super::step::StepError;
use crate::freshness::{Fresh, Freshness};

/// How many deliveries may wait in the bulk lane before tasks add no more.
const BULK_READY_MAX: u64 = 10_000;
/// The share of the stream of events, in per cent, beyond which tasks add no more: what is sent
/// again lies in it once more, and new messages must find room.
const EVENTS_FILLED_MAX: u64 = 75;
/// The stream of events, as its figures name it.
const EVENTS: &str = "EVENTS";
/// How long a task rests then.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(2);
/// How old what is known of the queues may be.
const STATS_AGE: Duration = Duration::from_secs(1);

/// What steps work with.
pub(crate) struct Bench {
    pub(crate) bus: Bus,
    pub(crate) registry: Registry,
    pub(crate) history: History,
    pub(crate) freshness: Freshness,
    stats: Mutex<Option<(Instant, Arc<QueueStats>)>>,
}

impl Bench {
    pub(crate) fn new(
        bus: Bus,
        registry: Registry,
        history: History,
        freshness: Freshness,
    ) -> Self {
        Self { bus, registry, history, freshness, stats: Mutex::new(None) }
    }

    /// Waits until history holds what was confirmed before.
    pub(super) async fn fresh(&self) -> Result<(), StepError> {
        match self.freshness.wait().await {
            Fresh::UpToDate => Ok(()),
            Fresh::Behind => Err(StepError::behind()),
        }
    }

    /// Says whether deliveries may be added to the bulk lane now.
    pub(super) async fn has_room(&self) -> Result<(), StepError> {
        if is_roomy(&*self.queues().await?) {
            Ok(())
        } else {
            Err(StepError::NotNow(NO_ROOM_PAUSE))
        }
    }

    /// How much waits in the broker, as of a moment ago.
    pub(super) async fn queues(&self) -> Result<Arc<QueueStats>, ReadError> {
        let mut known = self.stats.lock().await;
        if let Some((asked_at, stats)) = &*known
            && asked_at.elapsed() < STATS_AGE
        {
            return Ok(Arc::clone(stats));
        }
        let stats = Arc::new(self.bus.queue_stats().await?);
        *known = Some((Instant::now(), Arc::clone(&stats)));
        Ok(stats)
    }
}

fn is_roomy(stats: &QueueStats) -> bool {
    let bulk = stats.sources.iter().find(|source| source.source == Source::Lane(Lane::Bulk));
    let is_backed_up = bulk.is_some_and(|bulk| bulk.ready > BULK_READY_MAX);
    let events = stats.streams.iter().find(|stream| stream.stream == EVENTS);
    let limit = events.and_then(|events| events.limit);
    let bytes = events.map_or(0, |events| events.bytes);
    let is_filled = limit.is_some_and(|limit| bytes >= limit / 100 * EVENTS_FILLED_MAX);
    !is_backed_up && !is_filled
}

#[cfg(test)]
mod tests {
    use posthaste_bus::{SourceStats, StreamStats};

    use super::*;

    fn stats(ready: u64, bytes: u64) -> QueueStats {
        let source = Source::Lane(Lane::Bulk);
        QueueStats {
            sources: vec![SourceStats { source, ready, unacked: 0, oldest: None }],
            scheduled: 0,
            dead_letters: 0,
            streams: vec![StreamStats { stream: EVENTS, bytes, limit: Some(1_000_000) }],
        }
    }

    #[test]
    fn new_messages_find_room_whatever_is_sent_again() {
        assert!(is_roomy(&stats(BULK_READY_MAX, 740_000)));
        assert!(!is_roomy(&stats(BULK_READY_MAX + 1, 0)));
        assert!(!is_roomy(&stats(0, 750_000)));
        let unlimited = StreamStats { stream: EVENTS, bytes: u64::MAX, limit: None };
        assert!(is_roomy(&QueueStats { streams: vec![unlimited], ..stats(0, 0) }));
    }
}
