//! What recording is measured by.

use std::time::Duration;

use posthaste_bus::Feed;
use posthaste_history::Batch;
use prometheus::{
    Error, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Rows of one batch: from a lone message to a full one.
const ROWS: [f64; 9] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0];
/// Seconds of one transaction.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What is reported of recording.
#[derive(Clone)]
pub(crate) struct RecorderMetrics {
    rows: IntCounterVec,
    batch_rows: Histogram,
    seconds: Histogram,
    errors: IntCounter,
    up: IntGauge,
    unreadable: IntCounterVec,
    lag: IntGaugeVec,
    age: IntGaugeVec,
}

impl RecorderMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, Error> {
        let counters = |name: &str, help: &str, label: &str| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, Error>(counters)
        };
        let gauges = |name: &str, help: &str| {
            let gauges = IntGaugeVec::new(Opts::new(name, help), &["stream"])?;
            registry.register(Box::new(gauges.clone()))?;
            Ok::<_, Error>(gauges)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let histogram = Histogram::with_opts(options)?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, Error>(histogram)
        };
        let errors = IntCounter::new(
            "posthaste_history_record_errors_total",
            "Tries at writing history that failed; what was to be written is kept and tried again",
        )?;
        let up = IntGauge::new(
            "posthaste_history_up",
            "Whether the last try at writing history succeeded",
        )?;
        registry.register(Box::new(errors.clone()))?;
        registry.register(Box::new(up.clone()))?;
        up.set(1);
        let metrics = Self {
            rows: counters(
                "posthaste_history_rows_recorded_total",
                "Rows written to history, those that were there already included",
                "kind",
            )?,
            batch_rows: histogram(
                "posthaste_history_batch_rows",
                "Rows written to history in one transaction",
                &ROWS,
            )?,
            seconds: histogram(
                "posthaste_history_record_duration_seconds",
                "How long one transaction that writes history takes",
                &SECONDS,
            )?,
            errors,
            up,
            unreadable: counters(
                "posthaste_history_unreadable_total",
                "What was found in a stream and could not be read, and was left out of history",
                "stream",
            )?,
            lag: gauges(
                "posthaste_history_unrecorded_messages",
                "Messages of a stream that are not in history yet, over the fleet: read it by max",
            )?,
            age: gauges(
                "posthaste_history_oldest_unrecorded_age_seconds",
                "How long the oldest of them has been in its stream: read it by max",
            )?,
        };
        metrics.count_rows(&Batch::default());
        metrics.unreadable(&[0; 3]);
        Ok(metrics)
    }

    /// A batch was stored; tells whether the store had failed before.
    pub(super) fn stored(&self, batch: &Batch, took: Duration) -> bool {
        self.count_rows(batch);
        self.batch_rows.observe(batch.len() as f64);
        self.seconds.observe(took.as_secs_f64());
        let failed_before = self.up.get() == 0;
        self.up.set(1);
        failed_before
    }

    /// The store failed; tells whether it is the first time since it succeeded.
    pub(super) fn failed(&self) -> bool {
        self.errors.inc();
        let first = self.up.get() == 1;
        self.up.set(0);
        first
    }

    pub(super) fn unreadable(&self, counts: &[u64; 3]) {
        for feed in Feed::ALL {
            self.unreadable.with_label_values(&[feed.as_str()]).inc_by(counts[feed.index()]);
        }
    }

    pub(super) fn lag(&self, feed: Feed, messages: u64, age: Duration) {
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        self.lag.with_label_values(&[feed.as_str()]).set(messages);
        let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        self.age.with_label_values(&[feed.as_str()]).set(age);
    }

    fn count_rows(&self, batch: &Batch) {
        let Batch { events, attempts, dead_letters } = batch;
        for (kind, count) in [
            ("message", events.len()),
            ("attempt", attempts.len()),
            ("dead_letter", dead_letters.len()),
        ] {
            self.rows.with_label_values(&[kind]).inc_by(count as u64);
        }
    }
}
