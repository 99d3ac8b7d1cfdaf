//! A plain HTTP client of the API, for what the real SDKs would hide.

use std::net::SocketAddr;

use posthaste_domain::{AppId, EndpointId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bed;

/// Calls one surface with one token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// A status and a JSON body; `Null` where there was none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) retry_after: Option<String>,
}

/// The HTTP client of tests, with our one TLS provider.
pub(crate) fn http() -> reqwest::Client {
    // Whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { http: http(), base: format!("http://{address}"), token: bed::token() }
    }

    pub(crate) fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(ToString::to_string);
        self.send(method, path, body.map(String::into_bytes), &[]).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|error| panic!("{status} without JSON ({error}): {bytes:?}"))
        };
        Answer { status, body, retry_after }
    }

    /// Creates an application.
    pub(crate) async fn application(&self, name: &str) -> AppId {
        let body = json!({ "name": name });
        let answer = self.call(Method::POST, "/api/v1/app", Some(&body)).await;
        answer.expect(201)["id"].as_str().unwrap().parse().unwrap()
    }

    /// Creates an endpoint that wants everything.
    pub(crate) async fn endpoint(&self, app: &AppId, url: &str) -> EndpointId {
        self.endpoint_with(app, json!({ "url": url })).await
    }

    pub(crate) async fn endpoint_with(&self, app: &AppId, body: Value) -> EndpointId {
        let path = format!("/api/v1/app/{app}/endpoint");
        let answer = self.call(Method::POST, &path, Some(&body)).await;
        answer.expect(201)["id"].as_str().unwrap().parse().unwrap()
    }

    /// Sends a message and returns its id.
    pub(crate) async fn message(&self, app: &AppId, payload: Value) -> String {
        let body = json!({ "eventType": "chargeback.created", "payload": payload });
        let path = format!("/api/v1/app/{app}/msg");
        let answer = self.call(Method::POST, &path, Some(&body)).await;
        answer.expect(202)["id"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    /// The body, if the status is this one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}
