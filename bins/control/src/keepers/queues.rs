//! Reports how much waits in the broker, for autoscaling and for people.
//!
//! The figures are global: every replica reports the same, so they are to be read by `max`, never
//! by `sum`.

use std::time::Duration;

use posthaste_bus::{Bus, QueueStats, Source};
use posthaste_domain::Timestamp;
use posthaste_service::clock;
use prometheus::{Error, IntCounter, IntGauge, IntGaugeVec, Opts, Registry};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the broker is asked.
const EVERY: Duration = Duration::from_secs(10);

/// What is reported.
#[derive(Clone)]
pub(crate) struct QueueMetrics {
    messages: IntGaugeVec,
    oldest: IntGaugeVec,
    bytes: IntGaugeVec,
    limit: IntGaugeVec,
    last_success: IntGauge,
    /// Schedules that had to be fired by the keeper.
    pub(crate) overdue_fired: IntCounter,
}

impl QueueMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, Error> {
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(gauges.clone()))?;
            Ok::<_, Error>(gauges)
        };
        let last_success = IntGauge::new(
            "posthaste_queue_stats_last_success_timestamp_seconds",
            "When the broker last told how much waits",
        )?;
        registry.register(Box::new(last_success.clone()))?;
        let overdue_fired = IntCounter::new(
            "posthaste_overdue_schedules_fired_total",
            "Retries that the broker had left behind and that were fired by hand",
        )?;
        registry.register(Box::new(overdue_fired.clone()))?;
        Ok(Self {
            messages: gauges(
                "posthaste_queue_messages",
                "Messages that wait or are held, over the whole fleet: read it by max",
                &["queue", "state"],
            )?,
            oldest: gauges(
                "posthaste_queue_oldest_message_age_seconds",
                "How long the oldest message has waited, over the whole fleet: read it by max",
                &["queue", "state"],
            )?,
            bytes: gauges("posthaste_stream_bytes", "Room a stream takes", &["stream"])?,
            limit: gauges("posthaste_stream_bytes_limit", "Room a stream may take", &["stream"])?,
            last_success,
            overdue_fired,
        })
    }

    fn show(&self, stats: &QueueStats, now: Timestamp) {
        let set = |gauges: &IntGaugeVec, labels: &[&str], value: u64| {
            gauges.with_label_values(labels).set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        let mut deliveries = (0, 0, 0);
        for source in &stats.sources {
            let age = source.oldest.map_or(0, |oldest| now.since(oldest).as_secs());
            let (queue, ready, unacked) = (source.source, source.ready, source.unacked);
            match queue {
                Source::Events => {
                    set(&self.messages, &["events", "ready"], ready);
                    set(&self.messages, &["events", "unacked"], unacked);
                    set(&self.oldest, &["events", "ready"], age);
                }
                Source::Lane(_) => {
                    deliveries.0 += ready;
                    deliveries.1 += unacked;
                    deliveries.2 = age.max(deliveries.2);
                }
            }
        }
        set(&self.messages, &["deliveries", "ready"], deliveries.0);
        set(&self.messages, &["deliveries", "unacked"], deliveries.1);
        set(&self.oldest, &["deliveries", "ready"], deliveries.2);
        set(&self.messages, &["scheduled", "ready"], stats.scheduled);
        set(&self.messages, &["dead_letters", "ready"], stats.dead_letters);
        for stream in &stats.streams {
            set(&self.bytes, &[stream.stream], stream.bytes);
            if let Some(limit) = stream.limit {
                set(&self.limit, &[stream.stream], limit);
            }
        }
        self.last_success.set(now.unix_seconds());
    }
}

/// Keeps the figures current until `stop`. Where the broker does not answer they stay as they
/// were, and the timestamp stays behind.
pub(crate) async fn report_queues(bus: Bus, metrics: QueueMetrics, stop: CancellationToken) {
    loop {
        match stop.run_until_cancelled(bus.queue_stats()).await {
            None => return,
            Some(Ok(stats)) => metrics.show(&stats, clock::now().into()),
            Some(Err(error)) => {
                warn!(error = &error as &dyn std::error::Error, "the queues are not known");
            }
        }
        if stop.run_until_cancelled(sleep(EVERY)).await.is_none() {
            return;
        }
    }
}
