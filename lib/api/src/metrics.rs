//! How many requests, and how long they took.
//!
//! Labels are closed sets: the route's template (never the path), the method and the class of
//! the status. Names and buckets are a contract with dashboards and alerts.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

/// Upper bounds in seconds; the last bucket is everything slower.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The classes a status may be in.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// `posthaste_http_requests_total` and `posthaste_http_request_duration_seconds`.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
}

impl HttpMetrics {
    /// Registers both metrics with `registry`.
    ///
    /// # Errors
    /// Where they are registered already: one process has one set.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "posthaste_http_requests_total",
                "HTTP requests answered, by route template, method and status class",
            ),
            &["route", "method", "status_class"],
        )?;
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "posthaste_http_request_duration_seconds",
                "Time from a request's head to its answer's head, by route template and method",
            )
            .buckets(BUCKETS.to_vec()),
            &["route", "method"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self { requests, duration })
    }

    /// Starts the series of a route at zero, so that a rate sees its first request.
    pub fn declare(&self, route: &str, method: &Method) {
        let method = label(method);
        for class in ["2xx", "4xx", "5xx"] {
            self.requests.with_label_values(&[route, method, class]);
        }
        self.duration.with_label_values(&[route, method]);
    }

    pub(crate) fn record(&self, route: &str, method: &str, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        let class = CLASSES.get(class).copied().unwrap_or("5xx");
        self.requests.with_label_values(&[route, method, class]).inc();
        self.duration.with_label_values(&[route, method]).observe(took.as_secs_f64());
    }
}

/// A method's label; what a caller invents is `other`.
pub(crate) fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
