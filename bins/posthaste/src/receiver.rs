//! An HTTP server that takes webhooks and hands them on, for looking at and for verifying.

mod verifier;

use std::net::SocketAddr;

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use posthaste_domain::Timestamp;
use posthaste_service::{
    clock,
    listener::{self, BindError},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::sync::CancellationToken;

pub(crate) use verifier::{ExpectedScheme, UnfitSecret, Verifier};

/// The largest body that is taken; a larger one is answered 413.
const BODY_MAX: usize = 64 << 20;
/// How many requests may wait to be looked at; senders of further ones wait for their answer.
const WAITING_MAX: usize = 64;

/// A bound address at which nothing is answered yet.
pub(crate) struct Receiver {
    listener: TcpListener,
    address: SocketAddr,
}

/// A request, as it was received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) at: Timestamp,
    pub(crate) method: Method,
    /// The path, and the query where there is one.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Clone)]
struct Desk {
    status: StatusCode,
    received: mpsc::Sender<Received>,
}

impl Receiver {
    /// Binds `address`; port 0 lets the system choose.
    ///
    /// # Errors
    /// [`BindError`] where the address is taken or not ours.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let listener = listener::bind(&address.to_string()).await?;
        let bound = listener.local_addr();
        let address = bound.map_err(|source| BindError { address: address.to_string(), source })?;
        Ok(Self { listener, address })
    }

    /// Where requests are answered.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Answers every request with `status` until `stop` is cancelled, and hands it on.
    pub(crate) fn serve(
        self,
        status: StatusCode,
        stop: CancellationToken,
    ) -> mpsc::Receiver<Received> {
        let (received, requests) = mpsc::channel(WAITING_MAX);
        let router = Router::new().fallback(take).with_state(Desk { status, received });
        tokio::spawn(listener::serve(self.listener, router, stop));
        requests
    }
}

async fn take(State(desk): State<Desk>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let received = Received {
        at: Timestamp::from(clock::now()),
        method: head.method,
        target: head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: head.headers,
        body,
    };
    // Where nobody looks any more, the answer stays the same.
    let _ = desk.received.send(received).await;
    desk.status.into_response()
}

impl Received {
    /// The message's id, where Standard Webhooks or Svix have it; empty where there is none.
    pub(crate) fn message_id(&self) -> &str {
        let id = self.headers.get("svix-id").or_else(|| self.headers.get("webhook-id"));
        id.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
