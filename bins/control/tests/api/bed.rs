//! The API of a test's own: a broker, a registry and a router, and callers of it.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::DefaultBodyLimit, routing::post};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use posthaste_api::{HttpMetrics, RawBody, Signer, TokenSecret, Verifier};
use posthaste_bus::{Authority, Bus, BusConfig};
use posthaste_control::{api::Api, router};
use posthaste_domain::{AppId, EventType, OrgId, Timestamp};
use posthaste_registry::{Registry, Sealer, Writer};
use posthaste_service::{Kit, Reader, Vars, clock};
use posthaste_testkit::NatsServer;
use serde_json::Value;
use tower::ServiceExt as _;

const HOUR: Duration = Duration::from_secs(3_600);

/// The largest message; more than anything else that is asked of the API may have.
pub(crate) const MESSAGE_LIMIT: usize = 500_000;

pub(crate) const ORG: &str = "org_23rb8YdGqMT0qIzpgGwdXfHirMu";

pub(crate) struct Bed {
    pub(crate) nats: NatsServer,
    router: Router,
    signer: Signer,
    kit: Kit,
}

/// Somebody with a token, or without.
pub(crate) struct Caller {
    router: Router,
    authorization: Option<String>,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        let nats = NatsServer::start().await;
        let vars = Vars::from_pairs([
            ("POSTHASTE_NATS_URLS", nats.url()),
            ("POSTHASTE_NATS_EVENTS_MAX_BYTES", (16 << 20).to_string()),
            ("POSTHASTE_NATS_ATTEMPTS_MAX_BYTES", (16 << 20).to_string()),
            ("POSTHASTE_NATS_DEAD_LETTERS_MAX_BYTES", (16 << 20).to_string()),
        ]);
        let mut reader = Reader::new(&vars);
        let config = BusConfig::read(&mut reader, "test");
        reader.finish().unwrap();
        let kit = Kit::new();
        let bus = Bus::connect(config).await.unwrap();
        bus.ensure_topology(Authority::Owner).await.unwrap();
        let bucket = bus.registry_bucket().await.unwrap();
        let sealer = Sealer::try_new(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]).unwrap();
        let registry = Registry::start(&bucket, Some(sealer.clone()), &kit).await.unwrap();
        let writer = Writer::new(bucket, registry.clone(), sealer, Duration::ZERO, clock::now);
        let secret = TokenSecret::new("a secret of a test, longer than 32 bytes").unwrap();
        let verifier = Verifier::new(&secret);
        let api = Api { registry, writer, verifier, clock: clock::now };
        let accept = Router::new()
            .route("/api/v1/app/{app_id}/msg", post(|_: RawBody| async { StatusCode::ACCEPTED }))
            .layer(DefaultBodyLimit::max(MESSAGE_LIMIT));
        let metrics = HttpMetrics::register(&kit.registry).unwrap();
        let router = router(Arc::new(api), accept, metrics);
        Self { nats, router, signer: Signer::new(&secret), kit }
    }

    /// The organisation itself.
    pub(crate) fn platform(&self) -> Caller {
        self.organisation(ORG)
    }

    pub(crate) fn organisation(&self, org: &str) -> Caller {
        let org: OrgId = org.parse().unwrap();
        self.caller(Some(self.signer.organisation_token(&org, now(), HOUR)))
    }

    /// One application of it.
    pub(crate) fn merchant(&self, app: &str, flags: &[&str]) -> Caller {
        let (org, app): (OrgId, AppId) = (ORG.parse().unwrap(), app.parse().unwrap());
        let flags = flags.iter().map(|flag| flag.parse::<EventType>().unwrap()).collect();
        let token = self.signer.flagged_application_token(&org, &app, &flags, now(), HOUR);
        self.caller(Some(token))
    }

    pub(crate) fn caller(&self, token: Option<String>) -> Caller {
        let authorization = token.map(|token| format!("Bearer {token}"));
        Caller { router: self.router.clone(), authorization }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.kit.stop.work.cancel();
    }
}

pub(crate) fn now() -> Timestamp {
    clock::now().into()
}

impl Caller {
    /// Sends a request and insists on the answer's status; returns its JSON, or null.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Body, status: u16) -> Value {
        let (found, json) = self.send_any(method.clone(), path, body).await;
        assert_eq!(found, status, "{method} {path}: {json}");
        json
    }

    /// Sends a request; every failure must have a JSON body.
    pub(crate) async fn send_any(&self, method: Method, path: &str, body: Body) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let status = parts.status.as_u16();
        if bytes.is_empty() {
            assert!(parts.status.is_success(), "{path}: {status} without a body");
            return (status, Value::Null);
        }
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json", "{path}");
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    pub(crate) async fn get(&self, path: &str, status: u16) -> Value {
        self.send(Method::GET, path, Body::empty(), status).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        self.send(Method::POST, path, body.to_string().into(), status).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value, status: u16) -> Value {
        self.send(Method::PUT, path, body.to_string().into(), status).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value, status: u16) -> Value {
        self.send(Method::PATCH, path, body.to_string().into(), status).await
    }

    pub(crate) async fn delete(&self, path: &str, status: u16) -> Value {
        self.send(Method::DELETE, path, Body::empty(), status).await
    }

    /// Creates an application; returns its id.
    pub(crate) async fn application(&self, uid: &str) -> String {
        let created = self.post("/app", serde_json::json!({"name": uid, "uid": uid}), 201).await;
        text(&created["id"])
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The `field` of each item of a page.
pub(crate) fn column(page: &Value, field: &str) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|item| text(&item[field])).collect()
}
