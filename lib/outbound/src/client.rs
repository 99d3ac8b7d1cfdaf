//! One request to one receiver.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use posthaste_domain::EndpointUrl;
use reqwest::Request;
use tokio::time::{Instant, timeout_at};

use crate::{
    Answer, ClientError, Guard, OutboundConfig, Outcome, SendError, Transport,
    classify::classify,
    clients::{Clients, Parts},
    resolver::GuardedResolver,
    tls::Tls,
};

/// Calls receivers. Cheap to clone; clones share their connections.
///
/// Connections are kept and used again for the same scheme, host and port, by requests whose
/// transports connect alike. Every one of them was dialled under the same guard, so using it again
/// needs no new judgement; one that a receiver had closed before the request was written is
/// replaced by a new one.
#[derive(Clone, Debug)]
pub struct Client {
    clients: Arc<Clients>,
    guard: Guard,
    https_only: bool,
}

impl Client {
    /// Reads the system's certificate authorities, once and for every transport, and sets up the
    /// usual transport; blocks for some milliseconds.
    ///
    /// # Errors
    /// [`ClientError`] says which part of the configuration cannot be used.
    pub fn try_new(config: OutboundConfig) -> Result<Self, ClientError> {
        if !(1..=OutboundConfig::MAX_LOOKUPS).contains(&config.concurrent_lookups) {
            return Err(ClientError::Lookups);
        }
        let guard = Guard::new(config.allow);
        let parts = Parts {
            tls: Tls::try_new(config.extra_ca.as_deref())?,
            resolver: GuardedResolver::new(guard.clone(), config.concurrent_lookups),
            max_idle_per_host: config.max_idle_per_host,
            pool_idle_timeout: config.pool_idle_timeout,
            user_agent: config.user_agent,
        };
        let clients = Arc::new(Clients::try_new(parts, &config.usual)?);
        Ok(Self { clients, guard, https_only: config.https_only })
    }

    /// Posts `body` to `url` in the way of `transport`, and waits for the answer until `deadline`.
    ///
    /// `headers` go out as they are, in the transport's case; `host`, `content-length`,
    /// `accept: */*` and `user-agent` are added where they are not among them. Dropping the future
    /// closes the connection.
    ///
    /// Bounds: the head of an answer may have 100 headers and about 400 KiB; of its body as much is
    /// read and kept as the transport says. Connections are set up for at most 65 ways of connecting
    /// at a time (versions of TLS, connect timeout, header case): beyond that, those of the way
    /// that was not used for longest are let go.
    pub async fn send(
        &self,
        url: &EndpointUrl,
        headers: HeaderMap,
        body: Bytes,
        deadline: Instant,
        transport: &Transport,
    ) -> Outcome {
        Outcome { result: self.exchange(url, headers, body, deadline, transport).await }
    }

    async fn exchange(
        &self,
        url: &EndpointUrl,
        headers: HeaderMap,
        body: Bytes,
        deadline: Instant,
        transport: &Transport,
    ) -> Result<Answer, SendError> {
        self.admit(url, transport)?;
        let mut request = Request::new(Method::POST, url.as_url().clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let classify = |error| classify(error, transport.tls);
        let client = self.clients.get(transport).map_err(classify)?;
        match timeout_at(deadline, client.execute(request)).await {
            Ok(Ok(response)) => Ok(Answer::read(response, deadline, transport).await),
            Ok(Err(error)) => Err(classify(error)),
            Err(_) => Err(SendError::Timeout),
        }
    }

    /// What can be said of a URL before anything is looked up. Literal addresses are judged here
    /// because the connector dials them without asking the resolver. The URL is in WHATWG normal
    /// form, so `0x7f.1` and its like have become the address that they stand for.
    fn admit(&self, url: &EndpointUrl, transport: &Transport) -> Result<(), SendError> {
        let parsed = url.as_url();
        // The connector's URI is narrower than a URL, mostly in length (65 534 bytes).
        let https_only = self.https_only || transport.https_only;
        if url.as_str().parse::<Uri>().is_err() || (https_only && parsed.scheme() != "https") {
            return Err(SendError::InvalidUrl);
        }
        if parsed.host().is_none() {
            return Err(SendError::InvalidUrl);
        }
        if self.guard.permits_url(url) { Ok(()) } else { Err(SendError::Blocked) }
    }
}

#[cfg(test)]
mod tests;
