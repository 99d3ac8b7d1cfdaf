//! What ingress counts.

use std::time::Duration;

use http::StatusCode;
use prometheus::{Error, Histogram, HistogramOpts, IntCounterVec, Opts, Registry};

const PUBLISH: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
const BYTES: [f64; 7] = [256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0];

#[derive(Clone)]
pub(crate) struct Metrics {
    messages: IntCounterVec,
    payload_checks: IntCounterVec,
    publish: Histogram,
    bytes: Histogram,
}

/// What became of a request; only [`Outcome::Unavailable`] is our fault.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Accepted,
    Duplicate,
    RejectedAuth,
    RejectedInvalid,
    RejectedTooLarge,
    Unavailable,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Duplicate,
        Self::RejectedAuth,
        Self::RejectedInvalid,
        Self::RejectedTooLarge,
        Self::Unavailable,
    ];

    /// What an answer of this status says of a message that was not accepted.
    pub(crate) fn of_problem(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::RejectedAuth,
            StatusCode::PAYLOAD_TOO_LARGE => Self::RejectedTooLarge,
            StatusCode::CONFLICT => Self::Duplicate,
            status if status.is_client_error() => Self::RejectedInvalid,
            _ => Self::Unavailable,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::RejectedAuth => "rejected_auth",
            Self::RejectedInvalid => "rejected_invalid",
            Self::RejectedTooLarge => "rejected_too_large",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What came of holding a payload against the schema of its event type, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadCheck {
    Fits,
    Warned,
    Refused,
    /// The schema cannot be used, or not for this payload; it is accepted as it is.
    Unchecked,
}

impl PayloadCheck {
    const ALL: [Self; 4] = [Self::Fits, Self::Warned, Self::Refused, Self::Unchecked];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Warned => "warned",
            Self::Refused => "refused",
            Self::Unchecked => "unchecked",
        }
    }
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, Error> {
        let messages = IntCounterVec::new(
            Opts::new(
                "posthaste_ingress_messages_total",
                "Messages offered, by what became of them",
            ),
            &["outcome"],
        )?;
        for outcome in Outcome::ALL {
            messages.with_label_values(&[outcome.as_str()]);
        }
        let payload_checks = IntCounterVec::new(
            Opts::new(
                "posthaste_ingress_payload_checks_total",
                "Payloads whose event type has a schema, by whether they fit it",
            ),
            &["result"],
        )?;
        for result in PayloadCheck::ALL {
            payload_checks.with_label_values(&[result.as_str()]);
        }
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.into()))
        };
        let publish = histogram(
            "posthaste_ingress_publish_duration_seconds",
            "From the publish to the broker's confirmation",
            &PUBLISH,
        )?;
        let bytes =
            histogram("posthaste_ingress_message_bytes", "Size of accepted payloads", &BYTES)?;
        registry.register(Box::new(messages.clone()))?;
        registry.register(Box::new(payload_checks.clone()))?;
        registry.register(Box::new(publish.clone()))?;
        registry.register(Box::new(bytes.clone()))?;
        Ok(Self { messages, payload_checks, publish, bytes })
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        self.messages.with_label_values(&[outcome.as_str()]).inc();
    }

    pub(crate) fn payload_checked(&self, result: PayloadCheck) {
        self.payload_checks.with_label_values(&[result.as_str()]).inc();
    }

    pub(crate) fn published(&self, took: Duration, bytes: usize) {
        self.publish.observe(took.as_secs_f64());
        self.bytes.observe(bytes as f64);
    }
}
