//! What merchants' own programs call: registration, and asking whether an event is ours.

mod missing;
mod pace;
mod page;
mod program;
mod reach;
mod refusals;
mod registration;
mod secrecy;
mod verification;

use std::net::SocketAddr;

use posthaste_control::Control;
use posthaste_domain::AppId;
use posthaste_profile::{Preset, Profile};
use posthaste_testkit::{Authority, Receiver, Script};
use posthaste_worker::Worker;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bed::{Bed, Running},
    client::{Client, http},
};

/// A platform with its broker and roles, and receivers whose certificates it trusts.
struct Platform {
    bed: Bed,
    authority: Authority,
    control: Running<Control>,
    _worker: Running<Worker>,
    client: Client,
}

/// A merchant's program: an address and a secret key.
#[derive(Clone)]
struct Program {
    base: String,
    key: String,
}

/// What a program was told: a status, headers, and bytes.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: reqwest::header::HeaderMap,
    bytes: Vec<u8>,
}

impl Platform {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let authority = Authority::new();
        let ca_file = authority.pem_file().display().to_string();
        let mut all = vec![("POSTHASTE_OUTBOUND_CA_FILE", &*ca_file)];
        all.extend_from_slice(settings);
        let bed = Bed::start(&all).await;
        let (control, worker) = (bed.control().await, bed.worker().await);
        let client = Client::new(control.role.address());
        Self { bed, authority, control, _worker: worker, client }
    }

    fn address(&self) -> SocketAddr {
        self.control.role.address()
    }

    async fn receiver(&self, script: Script) -> Receiver {
        Receiver::start_https(&self.authority, script).await
    }

    /// An application with this profile, where one is named.
    async fn merchant(&self, profile: Option<&str>) -> AppId {
        merchant(&self.client, profile).await
    }

    /// A program with a new key of this mode.
    async fn program(&self, app: &AppId, mode: &str) -> Program {
        Program::new(self.address(), secret_key(&self.client, app, mode).await)
    }

    /// Publishes a profile: a preset with other parts, under another name.
    async fn publish(&self, preset: &str, name: &str, changes: &Value) -> String {
        like(&self.client, preset, name, changes).await
    }

    /// Sends a message of this body.
    async fn send(&self, app: &AppId, message: &Value) -> String {
        send(&self.client, app, message).await
    }
}

/// As [`Platform::publish`], for whoever `client` speaks for.
async fn like(client: &Client, preset: &str, name: &str, changes: &Value) -> String {
    let preset = Preset::named(&preset.parse().unwrap()).unwrap();
    let mut profile: Value = serde_json::from_str(preset.document).unwrap();
    profile["profile"] = name.into();
    for (part, change) in changes.as_object().unwrap() {
        match profile[part].as_object_mut() {
            Some(fields) => fields.extend(change.as_object().unwrap().clone()),
            None => profile[part] = change.clone(),
        }
    }
    Profile::parse(&profile.to_string()).unwrap();
    let answer = client.call(Method::POST, "/api/v1/profile", Some(&profile)).await;
    answer.expect(201)["reference"].as_str().unwrap().to_owned()
}

async fn merchant(client: &Client, profile: Option<&str>) -> AppId {
    let body = json!({ "name": "a merchant", "profile": profile });
    let answer = client.call(Method::POST, "/api/v1/app", Some(&body)).await;
    answer.expect(201)["id"].as_str().unwrap().parse().unwrap()
}

/// A new secret key of an application.
async fn secret_key(client: &Client, app: &AppId, mode: &str) -> String {
    let body = json!({ "name": "till", "mode": mode });
    let path = format!("/api/v1/app/{app}/secret-key");
    let answer = client.call(Method::POST, &path, Some(&body)).await.expect(201);
    answer["key"].as_str().unwrap().to_owned()
}

async fn send(client: &Client, app: &AppId, message: &Value) -> String {
    let path = format!("/api/v1/app/{app}/msg");
    let answer = client.call(Method::POST, &path, Some(message)).await;
    answer.expect(202)["id"].as_str().unwrap().to_owned()
}

/// An event of Yoco's, in this mode.
fn payment(mode: &str) -> Value {
    json!({ "eventType": "payment.succeeded", "payload": { "amount": 900, "mode": mode } })
}

impl Program {
    fn new(address: SocketAddr, key: impl Into<String>) -> Self {
        Self { base: format!("http://{address}"), key: key.into() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Told {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str())];
        let body = body.map(|body| body.to_string().into_bytes());
        self.send(method, path, &headers, body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Told {
        let mut request = http().request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Told { status, headers, bytes: response.bytes().await.unwrap().into() }
    }

    /// Registers this URL under this name, and returns what it is told.
    async fn register(&self, name: &str, url: &str) -> Value {
        let body = json!({ "name": name, "url": url });
        self.call(Method::POST, "/api/webhooks", Some(&body)).await.expect(200)
    }

    /// The registrations it sees.
    async fn list(&self) -> Vec<Value> {
        let told = self.call(Method::GET, "/api/webhooks", None).await.expect(200);
        told["subscriptions"].as_array().unwrap().clone()
    }
}

impl Told {
    fn json(&self) -> Value {
        let text = || String::from_utf8_lossy(&self.bytes).into_owned();
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, text()))
    }

    /// The body, if the status is this one.
    fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{text}");
        self.json()
    }

    /// Asserts that it is an answer that was not hoped for, of this status and this code, in the
    /// words that merchants know; and returns what it says to a human.
    fn complains(&self, status: u16, code: &str) -> String {
        let body = self.expect(status);
        let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["description", "errorCode", "errorType"], "{body}");
        assert_eq!(body["errorCode"], code, "{body}");
        let description = body["description"].as_str().unwrap().to_owned();
        assert!(!description.is_empty());
        description
    }
}
