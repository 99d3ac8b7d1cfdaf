//! What operators and machines ask a process: is it alive, is it ready, what does it count.
//!
//! Served on a port of its own, away from callers. Liveness means only that the runtime still
//! turns: it never asks the broker, because starting anew cures no outage. There is nothing here
//! to change a process with, and no authentication.

use std::{io, net::SocketAddr};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    config::Key,
    kit::Kit,
    listener::{self, BindError},
    ready::Readiness,
};

pub(crate) const LISTEN: Key = Key::new(
    "admin.listen",
    "0.0.0.0:9464",
    "host:port",
    "Where probes and scrapes are answered. Keep it away from callers: it has no authentication.",
);

/// The settings of this module.
pub const KEYS: &[Key] = &[LISTEN];

/// The admin server, bound and not yet served.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

impl Admin {
    /// Binds `address` (`host:port`; port 0 lets the system choose) for the process of `kit`. Do
    /// this before anything starts, so that a taken port is found out first.
    ///
    /// # Errors
    /// [`BindError`] where the address cannot be bound.
    pub async fn bind(address: &str, kit: &Kit) -> Result<Self, BindError> {
        let router = router(kit.readiness.clone(), kit.registry.clone());
        let listener = listener::bind(address).await?;
        let local = |source: io::Error| BindError { address: address.to_owned(), source };
        let address = listener.local_addr().map_err(local)?;
        Ok(Self { listener, address, router })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is cancelled, which should be after the process has drained.
    pub async fn serve(self, shutdown: CancellationToken) {
        listener::serve(self.listener, self.router, shutdown).await;
    }
}

/// `GET /livez`, `/readyz` and `/metrics`; anything else is a JSON 404 or 405.
pub fn router(readiness: Readiness, registry: Registry) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready).with_state(readiness))
        .route("/metrics", get(metrics).with_state(registry))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
}

async fn live() -> Response {
    json(StatusCode::OK, &serde_json::json!({ "alive": true }))
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &report)
}

async fn metrics(State(registry): State<Registry>) -> Response {
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(err) => {
            error!(error = &err as &dyn std::error::Error, "cannot encode metrics");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "not_encoded", "Metrics are broken")
        }
    }
}

async fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "not_found", "There are /livez, /readyz and /metrics")
}

async fn method_not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Only GET is allowed")
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    json(status, &serde_json::json!({ "code": code, "detail": detail }))
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(err) => {
            error!(error = &err as &dyn std::error::Error, "cannot encode an answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metrics, raw_client};

    #[tokio::test]
    async fn probes_and_scrapes_are_answered_over_a_socket() {
        let kit = Kit::new();
        metrics::build_info(&kit.registry, "0.1.0", "abc").unwrap();
        let admin = Admin::bind("127.0.0.1:0", &kit).await.unwrap();
        let address = admin.address();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(admin.serve(shutdown.clone()));

        let get = |path| raw_client::get(address, path);
        let gate = kit.readiness.gate("registry");
        let live = get("/livez").await;
        assert_eq!((live.status, live.body.as_str()), (200, r#"{"alive":true}"#));

        let starting = get("/readyz").await;
        assert_eq!(starting.status, 503);
        let expected = r#"{"ready":false,"draining":false,"closed":[{"gate":"registry","reason":"starting"}]}"#;
        assert_eq!(starting.body, expected);
        assert_eq!(starting.header("content-type"), Some("application/json"));

        gate.open();
        assert_eq!(get("/readyz").await.status, 200);
        kit.readiness.begin_draining();
        let draining = get("/readyz").await;
        assert_eq!(draining.status, 503);
        assert!(draining.body.contains(r#""draining":true"#), "{}", draining.body);
        assert_eq!(get("/livez").await.status, 200);

        let scrape = get("/metrics").await;
        assert_eq!(scrape.status, 200);
        assert_eq!(scrape.header("content-type"), Some("text/plain; version=0.0.4"));
        assert!(scrape.body.contains("\nposthaste_build_info{"), "{}", scrape.body);

        let missing = get("/admin").await;
        assert_eq!(missing.status, 404);
        assert!(missing.body.starts_with(r#"{"code":"not_found""#), "{}", missing.body);
        let wrong = raw_client::send(
            address,
            "POST /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        )
        .await;
        assert_eq!(wrong.status, 405);
        assert_eq!(wrong.header("content-type"), Some("application/json"));

        shutdown.cancel();
        serving.await.unwrap();
    }
}
