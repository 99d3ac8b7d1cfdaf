//! What a worker counts. Names and labels are a contract; no label names a tenant.

use std::time::Duration;

use posthaste_domain::{
    AttemptNo, DeadLetter, DeathReason, Delivery, FailureKind, Refusal, Verdict,
};
use prometheus::{
    Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry,
};

use crate::{hindrance::Hindrance, stage::Stage};

const DURATION: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0];
/// 5 s is the bound of the objective, so it is a bucket.
const FIRST_DELAY: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];
const COMPLETION: [f64; 13] = [
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 345_600.0,
];

#[derive(Clone)]
pub(crate) struct Metrics {
    attempts: IntCounterVec,
    duration: HistogramVec,
    first_delay: Histogram,
    completion: HistogramVec,
    completed: IntCounterVec,
    created: IntCounter,
    dead_letters: IntCounterVec,
    redeliveries: IntCounterVec,
    set_aside: IntCounterVec,
    in_flight: IntGauge,
    draining: IntGauge,
}

impl Metrics {
    /// Registers a worker's metrics, every combination of labels at zero, so that the first event
    /// already shows in a rate.
    pub(crate) fn register(registry: &Registry, limit: u64) -> Result<Self, Error> {
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, Error>(counters)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, Error>(gauge)
        };
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "posthaste_delivery_attempt_duration_seconds",
                "How long attempts took, from the lookup to the verdict",
            )
            .buckets(DURATION.into()),
            &["result"],
        )?;
        registry.register(Box::new(duration.clone()))?;
        let first_delay = Histogram::with_opts(
            HistogramOpts::new(
                "posthaste_delivery_first_attempt_delay_seconds",
                "From the acceptance of a message to its first attempt",
            )
            .buckets(FIRST_DELAY.into()),
        )?;
        registry.register(Box::new(first_delay.clone()))?;
        let completion = HistogramVec::new(
            HistogramOpts::new(
                "posthaste_delivery_completion_seconds",
                "From the acceptance of a message to the end of a delivery",
            )
            .buckets(COMPLETION.into()),
            &["outcome"],
        )?;
        registry.register(Box::new(completion.clone()))?;
        let created = IntCounter::new(
            "posthaste_deliveries_created_total",
            "Deliveries planned: one message for one endpoint",
        )?;
        registry.register(Box::new(created.clone()))?;
        let metrics = Self {
            attempts: counters(
                "posthaste_delivery_attempts_total",
                "Attempts made",
                &["attempt", "result", "status_class", "error"],
            )?,
            duration,
            first_delay,
            completion,
            completed: counters(
                "posthaste_deliveries_completed_total",
                "Deliveries that came to an end",
                &["outcome"],
            )?,
            created,
            dead_letters: counters(
                "posthaste_dead_letters_total",
                "Dead letters written, by reason",
                &["reason"],
            )?,
            redeliveries: counters(
                "posthaste_delivery_redeliveries_total",
                "Claims held before by somebody who did not finish",
                &["cause"],
            )?,
            set_aside: counters(
                "posthaste_deliveries_set_aside_total",
                "Deliveries put off uncounted, because of something that is ours and may pass",
                &["reason"],
            )?,
            in_flight: gauge("posthaste_worker_inflight_attempts", "Attempts under way")?,
            draining: gauge("posthaste_worker_draining", "Whether the worker is stopping")?,
        };
        gauge("posthaste_worker_inflight_attempts_limit", "Attempts that may be under way")?
            .set(i64::try_from(limit).unwrap_or(i64::MAX));
        metrics.start_at_zero();
        Ok(metrics)
    }

    fn start_at_zero(&self) {
        for attempt in ["first", "retry"] {
            for class in ["2xx", "3xx", "4xx", "5xx"] {
                let result = if class == "2xx" { "success" } else { "failure" };
                let error = if class == "3xx" { "redirect" } else { "none" };
                self.attempts.with_label_values(&[attempt, result, class, error]);
            }
            for error in ["timeout", "dns", "connect", "tls", "reset", "blocked"] {
                self.attempts.with_label_values(&[attempt, "failure", "none", error]);
            }
        }
        for result in ["success", "failure"] {
            self.duration.with_label_values(&[result]);
        }
        for outcome in ["delivered", "dead_lettered"] {
            self.completed.with_label_values(&[outcome]);
            self.completion.with_label_values(&[outcome]);
        }
        self.dead_letters.with_label_values(&[DeathReason::Exhausted.as_str()]);
        for refusal in Refusal::ALL {
            self.dead_letters.with_label_values(&[refusal.as_str()]);
        }
        for cause in ["ack_timeout", "shutdown"] {
            self.redeliveries.with_label_values(&[cause]);
        }
        for hindrance in Hindrance::ALL {
            self.set_aside.with_label_values(&[hindrance.as_str()]);
        }
    }

    pub(crate) fn deliveries_created(&self, count: usize) {
        self.created.inc_by(count as u64);
    }

    pub(crate) fn first_attempt_after(&self, delay: Duration) {
        self.first_delay.observe(delay.as_secs_f64());
    }

    /// An attempt is under way until the guard is dropped, however it ends.
    pub(crate) fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub(crate) fn attempted(&self, delivery: &Delivery, verdict: &Verdict, took: Duration) {
        let is_first = delivery.attempt == AttemptNo::FIRST && !delivery.single;
        let attempt = if is_first { "first" } else { "retry" };
        let Some((result, class, error)) = labels(verdict) else { return };
        self.attempts.with_label_values(&[attempt, result, class, error]).inc();
        self.duration.with_label_values(&[result]).observe(took.as_secs_f64());
    }

    pub(crate) fn delivered(&self, since_wanted: Duration) {
        self.completed.with_label_values(&["delivered"]).inc();
        self.completion.with_label_values(&["delivered"]).observe(since_wanted.as_secs_f64());
    }

    pub(crate) fn buried(&self, letter: &DeadLetter) {
        self.dead_letters.with_label_values(&[letter.reason.as_str()]).inc();
        self.completed.with_label_values(&["dead_lettered"]).inc();
        if let Some(event) = &letter.event {
            let since_wanted = letter.died_at.since(Stage::wanted_at(event));
            self.completion
                .with_label_values(&["dead_lettered"])
                .observe(since_wanted.as_secs_f64());
        }
    }

    pub(crate) fn redelivered(&self) {
        self.redeliveries.with_label_values(&["ack_timeout"]).inc();
    }

    pub(crate) fn set_aside(&self, hindrance: Hindrance) {
        self.set_aside.with_label_values(&[hindrance.as_str()]).inc();
    }

    pub(crate) fn handed_back(&self) {
        self.redeliveries.with_label_values(&["shutdown"]).inc();
    }

    pub(crate) fn draining(&self) {
        self.draining.set(1);
    }
}

/// Result, status class and error; `None` for what is not an attempt.
const fn labels(verdict: &Verdict) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match verdict {
        Verdict::Delivered { status } => ("success", class(Some(*status)), "none"),
        Verdict::TryAgain(failure) => {
            let error = match failure.kind {
                FailureKind::Status => "none",
                kind => kind.as_str(),
            };
            ("failure", class(failure.status), error)
        }
        Verdict::Refused(Refusal::BlockedAddress) => ("failure", "none", "blocked"),
        Verdict::Refused(Refusal::Gone) => ("failure", "4xx", "none"),
        Verdict::Refused(_) => ("failure", "none", "none"),
        Verdict::HandedBack => return None,
    })
}

const fn class(status: Option<u16>) -> &'static str {
    match status {
        Some(100..=199) => "1xx",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(500..=599) => "5xx",
        Some(_) | None => "none",
    }
}

pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
