//! One message through everything: made through the API, received, and verified.
//!
//! What it makes has names of its own and is made anew or found again, so that it works on a data
//! folder of any age.

use std::{fmt, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode};
use posthaste_profile::{TOLERANCE, VerifyError};
use posthaste_service::listener::BindError;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    api_client::{ApiClient, ApiError},
    cmd::send::MessageIn,
    output::say,
    receiver::{ExpectedScheme, Received, Receiver, UnfitSecret, Verifier},
};

/// What a chargeback platform tells its merchants.
const SAMPLE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/samples/chargeback.created.json"
));
const EVENT_TYPE: &str = "chargeback.created";
const APP_UID: &str = "posthaste-demo";
const ENDPOINT_UID: &str = "posthaste-demo-receiver";

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    #[error("the demo's receiver does not start")]
    Receiver(#[from] BindError),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("the sample is not JSON")]
    Sample(#[source] serde_json::Error),
    #[error("the demo's endpoint has a secret that is none")]
    Secret(#[from] UnfitSecret),
    #[error("the demo's receiver has gone")]
    ReceiverGone,
    #[error("the demo's message came, but its signature does not verify")]
    Signature(#[source] VerifyError),
    #[error("the demo's message came, but not with the bytes that were sent")]
    Altered,
}

/// A demo application with one endpoint, which is a receiver in this process.
pub(super) struct Demo {
    client: ApiClient,
    app: String,
    endpoint: String,
    verifier: Verifier,
    receiver: String,
    requests: mpsc::Receiver<Received>,
    seen: Option<Seen>,
}

/// What came of the message.
struct Seen {
    message: String,
    bytes: usize,
    took: Duration,
}

/// The one field of most answers that is needed here.
#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Secret {
    key: String,
}

impl Demo {
    /// Makes, or finds again, application, event type and endpoint, and starts the receiver, which
    /// stops with `stop`.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn prepare(
        client: ApiClient,
        stop: CancellationToken,
    ) -> Result<Self, DemoError> {
        let receiver = Receiver::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = receiver.url();
        let requests = receiver.serve(StatusCode::OK, stop);

        let app: Made =
            put(&client, &format!("/app/{APP_UID}"), json!({ "name": "Demo merchant" })).await?;
        let event_type = json!({ "description": "A chargeback was received" });
        let _: Value = put(&client, &format!("/event-type/{EVENT_TYPE}"), event_type).await?;
        let at = format!("/app/{APP_UID}/endpoint/{ENDPOINT_UID}");
        let wanted =
            json!({ "url": url, "description": "posthaste dev", "eventTypes": [EVENT_TYPE] });
        let endpoint: Made = put(&client, &at, wanted).await?;
        let secret: Secret = call(&client, Method::GET, &format!("{at}/secret"), None).await?;
        Ok(Self {
            client,
            app: app.id,
            endpoint: endpoint.id,
            verifier: Verifier::new(ExpectedScheme::Standard, &secret.key, TOLERANCE)?,
            receiver: url,
            requests,
            seen: None,
        })
    }

    /// The application's id.
    pub(super) fn app(&self) -> &str {
        &self.app
    }

    /// Sends the sample, waits until it is received, and checks what came.
    ///
    /// # Errors
    /// [`DemoError`]; waits for ever where nothing comes.
    pub(super) async fn send_and_see(&mut self) -> Result<(), DemoError> {
        let payload: &RawValue = serde_json::from_str(SAMPLE).map_err(DemoError::Sample)?;
        let message = MessageIn { event_type: EVENT_TYPE, payload, event_id: None, channels: &[] };
        let body = serde_json::to_vec(&message).map_err(DemoError::Sample)?;
        let began = Instant::now();
        let path = format!("/app/{}/msg", self.app);
        let sent: Made = call(&self.client, Method::POST, &path, Some(body)).await?;
        let received = loop {
            let received = self.requests.recv().await.ok_or(DemoError::ReceiverGone)?;
            // What an earlier session left undelivered may come first.
            if received.message_id() == sent.id {
                break received;
            }
        };
        self.verifier.verify(&received).map_err(DemoError::Signature)?;
        if received.body != Bytes::from_static(payload_bytes()) {
            return Err(DemoError::Altered);
        }
        let bytes = received.body.len();
        self.seen = Some(Seen { message: sent.id, bytes, took: began.elapsed() });
        Ok(())
    }

    /// Tells of every further request; never ends.
    pub(super) async fn watch(&mut self) {
        while let Some(received) = self.requests.recv().await {
            let signature = match self.verifier.verify(&received) {
                Ok(()) => "signature valid".to_owned(),
                Err(error) => format!("SIGNATURE INVALID: {error}"),
            };
            let (id, length) = (received.message_id(), received.body.len());
            say!("received {id}, {length} bytes, {signature}");
        }
        std::future::pending().await
    }

    /// What the demo did.
    pub(super) fn told(&self) -> impl fmt::Display + '_ {
        let Self { app, endpoint, receiver, .. } = self;
        let made = format!(
            "  made      application {app}\n            endpoint {endpoint}, to {receiver}"
        );
        match &self.seen {
            Some(Seen { message, bytes, took }) => format!(
                "Demo\n{made}\n  accepted  {message}, a {EVENT_TYPE} of {bytes} bytes: 202\n  \
                 received  after {} ms: signature valid, the same bytes",
                took.as_millis()
            ),
            None => format!("Demo\n{made}"),
        }
    }
}

/// The sample as it is sent: without the line break that ends its file.
const fn payload_bytes() -> &'static [u8] {
    SAMPLE.as_bytes().trim_ascii()
}

async fn put<T: DeserializeOwned>(
    client: &ApiClient,
    path: &str,
    body: Value,
) -> Result<T, ApiError> {
    call(client, Method::PUT, path, Some(body.to_string().into_bytes())).await
}

async fn call<T: DeserializeOwned>(
    client: &ApiClient,
    method: Method,
    path: &str,
    body: Option<Vec<u8>>,
) -> Result<T, ApiError> {
    let answer = client.call(method, &format!("/api/v1{path}"), body).await?;
    Ok(serde_json::from_slice(&answer)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_chargeback_and_goes_out_as_it_is() {
        let payload: &RawValue = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(payload.get().as_bytes(), payload_bytes());
        let value: Value = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(value["event"], EVENT_TYPE);
    }
}
