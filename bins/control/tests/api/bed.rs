//! The API of a test's own: a broker, a registry and a router, and callers of it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::DefaultBodyLimit, routing::post};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header, request, response};
use http_body_util::BodyExt as _;
use posthaste_api::{Capability, HttpMetrics, Portal, RawBody, Signer, TokenSecret, Verifier};
use posthaste_bus::{Authority, Bus, BusConfig};
use posthaste_control::{
    api::Api,
    freshness::Freshness,
    idempotency::Idempotency,
    merchant::{Pace, Places},
    router,
    tasks::Tasks,
};
use posthaste_domain::{AppId, EventType, OrgId, Timestamp};
use posthaste_history::History;
use posthaste_ingress::Acceptance;
use posthaste_outbound::Guard;
use posthaste_registry::{Registry, Sealer, Writer};
use posthaste_service::{Kit, Reader, Vars, clock};
use posthaste_testkit::NatsServer;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

const HOUR: Duration = Duration::from_secs(3_600);

/// The largest message; more than anything else that is asked of the API may have.
pub(crate) const MESSAGE_LIMIT: usize = 500_000;

pub(crate) const ORG: &str = "org_23rb8YdGqMT0qIzpgGwdXfHirMu";

pub(crate) struct Bed {
    pub(crate) nats: NatsServer,
    pub(crate) bus: Bus,
    /// What happened; tests write it themselves.
    pub(crate) history: History,
    router: Router,
    signer: Signer,
    kit: Kit,
    _home: TempDir,
}

/// Another process that serves the same.
pub(crate) struct Replica {
    router: Router,
    kit: Kit,
}

/// Somebody with a token, or without.
#[derive(Clone)]
pub(crate) struct Caller {
    router: Router,
    authorization: Option<String>,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        let nats = NatsServer::start().await;
        let home = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", home.path().join("history.db").display());
        let history = posthaste_history::open(&url).await.unwrap();
        let (bus, router, signer, kit) = served(&nats, Arc::clone(&history)).await;
        Self { nats, bus, history, router, signer, kit, _home: home }
    }

    /// Another process of the same deployment, with nothing in common but the broker.
    pub(crate) async fn replica(&self) -> Replica {
        let (_, router, _, kit) = served(&self.nats, Arc::clone(&self.history)).await;
        Replica { router, kit }
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
        self.portal(app, flags, Capability::all())
    }

    /// Somebody of one application who may do what `capabilities` say.
    pub(crate) fn portal(
        &self,
        app: &str,
        flags: &[&str],
        capabilities: BTreeSet<Capability>,
    ) -> Caller {
        let (org, app): (OrgId, AppId) = (ORG.parse().unwrap(), app.parse().unwrap());
        let flags = flags.iter().map(|flag| flag.parse::<EventType>().unwrap()).collect();
        let issued_at = now();
        let (feature_flags, session_id) = (flags, None);
        let portal = Portal { org, app, feature_flags, capabilities, session_id, issued_at };
        let token = self.signer.portal_token(&portal, HOUR);
        self.caller(Some(token))
    }

    pub(crate) fn caller(&self, token: Option<String>) -> Caller {
        let authorization = token.map(|token| format!("Bearer {token}"));
        Caller { router: self.router.clone(), authorization }
    }
}

async fn served(nats: &NatsServer, history: History) -> (Bus, Router, Signer, Kit) {
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
    // Ids have an order if they were made 4 ms apart, so that is how far apart writes are.
    let (settle, clock) = (Duration::from_millis(5), clock::now);
    let writer = Writer::new(bucket, registry.clone(), sealer.clone(), settle, clock);
    let secret = TokenSecret::new("a secret of a test, longer than 32 bytes").unwrap();
    let answers = bus.idempotency_bucket().await.unwrap();
    let waits = Duration::from_secs(2);
    let api = Api {
        bus: bus.clone(),
        registry,
        writer,
        history,
        freshness: Freshness::start(bus.clone(), waits, &kit.registry).unwrap(),
        tasks: Tasks::new(bus.tasks_bucket().await.unwrap()),
        verifier: Verifier::new(&secret),
        signer: Signer::new(&secret),
        portal_url: None,
        idempotency: Idempotency::new(answers, sealer, clock, &kit.registry).unwrap(),
        sent: bus.sent_log().await.unwrap(),
        verify_pace: Pace::new(50),
        places: Places::default(),
        guard: Guard::new([]),
        https_only: false,
        clock,
    };
    let accept = Router::new()
        .route("/api/v1/app/{app_id}/msg", post(|_: RawBody| async { StatusCode::ACCEPTED }))
        .layer(DefaultBodyLimit::max(MESSAGE_LIMIT));
    let metrics = HttpMetrics::register(&kit.registry).unwrap();
    let router = router(Arc::new(api), (accept, Acceptance::specification()), metrics);
    (bus, router, Signer::new(&secret), kit)
}

impl Replica {
    /// The same caller, calling this process.
    pub(crate) fn called_by(&self, caller: &Caller) -> Caller {
        Caller { router: self.router.clone(), authorization: caller.authorization.clone() }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kit.stop.work.cancel();
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
        let request = self.request(method, &format!("/api/v1{path}")).body(body).unwrap();
        let (parts, bytes) = self.exchange(request).await;
        let status = parts.status.as_u16();
        if path.contains("/secret") && parts.status.is_success() {
            assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store", "{path}");
        }
        if bytes.is_empty() {
            assert!(parts.status.is_success(), "{path}: {status} without a body");
            return (status, Value::Null);
        }
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json", "{path}");
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// A POST without a body, under an idempotency key.
    pub(crate) async fn keyed(&self, path: &str, key: &str, status: u16) {
        let request = self.request(Method::POST, &format!("/api/v1{path}"));
        let request = request.header("idempotency-key", key).body(Body::empty()).unwrap();
        let (parts, body) = self.exchange(request).await;
        assert_eq!(parts.status.as_u16(), status, "{path}: {body:?}");
    }

    /// The whole answer to a request.
    pub(crate) async fn answer(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Response<Body> {
        let request = self.request(method, &format!("/api/v1{path}")).body(body.into()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A request with the caller's token.
    pub(crate) fn request(&self, method: Method, uri: &str) -> request::Builder {
        let request = Request::builder().method(method).uri(uri);
        match &self.authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }

    /// Whatever is answered to whatever is asked.
    pub(crate) async fn exchange(&self, request: Request<Body>) -> (response::Parts, Bytes) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts, body.collect().await.unwrap().to_bytes())
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
