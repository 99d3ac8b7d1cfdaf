//! The system and a merchant's receivers, behind TLS, as the promises want them.

use posthaste_control::Control;
use posthaste_domain::{AppId, EndpointId};
use posthaste_ingress::Ingress;
use posthaste_testkit::{Authority, Receiver, Script};
use posthaste_worker::Worker;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{
    bed::{Bed, Running, until},
    client::{Answer, Client},
};

/// The API and the worker, which trusts receivers of this test's authority and may call this
/// machine.
pub(super) struct World {
    pub(super) client: Client,
    sender: Client,
    authority: Authority,
    _control: Running<Control>,
    _ingress: Running<Ingress>,
    _worker: Running<Worker>,
    // Last, for the roles talk to its broker.
    _bed: Bed,
}

/// An application with a profile.
pub(super) struct Merchant<'w> {
    pub(super) world: &'w World,
    pub(super) app: AppId,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With these settings in place of the bed's own.
    pub(super) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let authority = Authority::new();
        let trusted = authority.pem_file().to_str().unwrap();
        let settings = [&[("POSTHASTE_OUTBOUND_CA_FILE", trusted)], settings].concat();
        let bed = Bed::start(&settings).await;
        let (control, ingress, worker) =
            (bed.control().await, bed.ingress().await, bed.worker().await);
        Self {
            client: Client::new(control.role.address()),
            sender: Client::new(ingress.role.address()),
            authority,
            _control: control,
            _ingress: ingress,
            _worker: worker,
            _bed: bed,
        }
    }

    /// A receiver that the worker trusts.
    pub(super) async fn receiver(&self, script: Script) -> Receiver {
        Receiver::start_https(&self.authority, script).await
    }

    /// An application of this uid, whose endpoints have this profile.
    pub(super) async fn merchant(&self, uid: &str, profile: &str) -> Merchant<'_> {
        let body = json!({ "name": uid, "uid": uid, "profile": profile });
        let created = self.client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
        assert_eq!(created["profile"], profile, "{created}");
        Merchant { world: self, app: created["id"].as_str().unwrap().parse().unwrap() }
    }

    /// Puts event types into the catalogue.
    pub(super) async fn event_types(&self, names: &[&str]) {
        for name in names {
            let body = json!({ "name": name, "description": name });
            let path = "/api/v1/event-type";
            self.client.call(Method::POST, path, Some(&body)).await.expect(201);
        }
    }
}

impl Merchant<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/app/{}/{rest}", self.app)
    }

    /// Creates an endpoint by this body and returns the answer, whatever it is.
    pub(super) async fn register(&self, body: &Value) -> Answer {
        self.world.client.call(Method::POST, &self.path("endpoint"), Some(body)).await
    }

    /// Creates an endpoint by this body.
    pub(super) async fn endpoint_with(&self, body: Value) -> EndpointId {
        let created = self.register(&body).await.expect(201);
        created["id"].as_str().unwrap().parse().unwrap()
    }

    /// Creates an endpoint with this URL and nothing else.
    pub(super) async fn endpoint(&self, url: &str) -> EndpointId {
        self.endpoint_with(json!({ "url": url })).await
    }

    /// Changes an endpoint and returns the answer, whatever it is.
    pub(super) async fn change(&self, endpoint: &EndpointId, body: &Value) -> Answer {
        let path = self.path(&format!("endpoint/{endpoint}"));
        self.world.client.call(Method::PATCH, &path, Some(body)).await
    }

    /// Publishes, with these fields beside the type and the payload, and returns the message's id.
    pub(super) async fn publish(&self, event_type: &str, payload: &str, fields: Value) -> String {
        let Value::Object(fields) = fields else { panic!("{fields}") };
        let fields: Map<_, _> =
            [("eventType".to_owned(), event_type.into())].into_iter().chain(fields).collect();
        // The payload as it was written: `Value` would not keep its numbers.
        let fields = Value::Object(fields).to_string();
        let body = format!(r#"{},"payload":{payload}}}"#, fields.strip_suffix('}').unwrap());
        let path = self.path("msg");
        let sent = self.world.sender.send(Method::POST, &path, Some(body.into()), &[]).await;
        sent.expect(202)["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message once more by hand.
    pub(super) async fn resend(&self, message: &str, endpoint: &EndpointId) {
        let path = self.path(&format!("msg/{message}/endpoint/{endpoint}/resend"));
        self.world.client.call(Method::POST, &path, None).await.expect(202);
    }

    /// Publishes what has nothing but a type and a payload.
    pub(super) async fn publish_plain(&self, event_type: &str) -> String {
        self.publish(event_type, r#"{"id":"7"}"#, json!({})).await
    }

    /// Creates an endpoint with this URL and gives it a new secret, which is shown whatever its
    /// profile says of showing it again.
    pub(super) async fn endpoint_and_secret(&self, url: &str) -> (EndpointId, String) {
        let endpoint = self.endpoint(url).await;
        let path = self.path(&format!("endpoint/{endpoint}/secret/rotate"));
        let alone = json!({ "gracePeriodSeconds": 0 });
        let shown = self.world.client.call(Method::POST, &path, Some(&alone)).await.expect(200);
        (endpoint, shown["key"].as_str().unwrap().to_owned())
    }

    /// The secret that an endpoint's requests are signed with.
    pub(super) async fn secret(&self, endpoint: &EndpointId) -> String {
        let path = self.path(&format!("endpoint/{endpoint}/secret"));
        let shown = self.world.client.call(Method::GET, &path, None).await.expect(200);
        shown["key"].as_str().unwrap().to_owned()
    }

    /// The attempts at a message, the oldest first, once there are at least this many.
    pub(super) async fn attempts(&self, message: &str, count: usize) -> Vec<Value> {
        let path = self.path(&format!("attempt/msg/{message}"));
        let all = || async {
            let listed = self.world.client.call(Method::GET, &path, None).await.expect(200);
            let mut all = listed["data"].as_array().unwrap().clone();
            all.reverse();
            all
        };
        until("the attempts are recorded", || async { all().await.len() >= count }).await;
        all().await
    }
}
