//! One request to one receiver.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use posthaste_domain::EndpointUrl;
use reqwest::{Request, redirect, retry};
use tokio::time::{Instant, timeout_at};
use url::Host;

use crate::{
    Answer, ClientError, Guard, OutboundConfig, Outcome, SendError, classify::classify,
    resolver::GuardedResolver, tls,
};

/// Calls receivers. Cheap to clone; clones share their connections.
///
/// Connections are kept and used again for the same scheme, host and port. Every one of them was
/// dialled under the same guard, so using it again needs no new judgement; one that a receiver had
/// closed before the request was written is replaced by a new one.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
    https_only: bool,
}

impl Client {
    /// Reads the system's certificate authorities and builds the client; blocks for some
    /// milliseconds.
    ///
    /// # Errors
    /// [`ClientError`] says which part of the configuration cannot be used.
    pub fn try_new(config: OutboundConfig) -> Result<Self, ClientError> {
        if !(1..=OutboundConfig::MAX_LOOKUPS).contains(&config.concurrent_lookups) {
            return Err(ClientError::Lookups);
        }
        let guard = Guard::new(config.allow);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(config.extra_ca.as_deref())?)
            .dns_resolver(GuardedResolver::new(guard.clone(), config.concurrent_lookups))
            .connect_timeout(config.connect_timeout)
            .pool_max_idle_per_host(config.max_idle_per_host)
            .pool_idle_timeout(config.pool_idle_timeout)
            .user_agent(config.user_agent)
            .http1_only()
            .tcp_nodelay(true)
            // An attempt has a deadline and an idle connection seconds to live: probes would only
            // cost system calls.
            .tcp_keepalive(None)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .build()?;
        Ok(Self { http, guard, https_only: config.https_only })
    }

    /// Posts `body` to `url` and waits for the answer until `deadline`.
    ///
    /// `headers` go out as they are, in lower case; `host`, `content-length`, `accept: */*` and
    /// `user-agent` are added. Dropping the future closes the connection.
    ///
    /// Bounds: the head of an answer may have 100 headers and about 400 KiB; of its body at most
    /// 64 KiB are read and 16 KiB kept.
    pub async fn send(
        &self,
        url: &EndpointUrl,
        headers: HeaderMap,
        body: Bytes,
        deadline: Instant,
    ) -> Outcome {
        Outcome { result: self.exchange(url, headers, body, deadline).await }
    }

    async fn exchange(
        &self,
        url: &EndpointUrl,
        headers: HeaderMap,
        body: Bytes,
        deadline: Instant,
    ) -> Result<Answer, SendError> {
        self.admit(url)?;
        let mut request = Request::new(Method::POST, url.as_url().clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        match timeout_at(deadline, self.http.execute(request)).await {
            Ok(Ok(response)) => Ok(Answer::read(response, deadline).await),
            Ok(Err(error)) => Err(classify(error)),
            Err(_) => Err(SendError::Timeout),
        }
    }

    /// What can be said of a URL before anything is looked up. Literal addresses are judged here
    /// because the connector dials them without asking the resolver. The URL is in WHATWG normal
    /// form, so `0x7f.1` and its like have become the address that they stand for.
    fn admit(&self, url: &EndpointUrl) -> Result<(), SendError> {
        let parsed = url.as_url();
        // The connector's URI is narrower than a URL, mostly in length (65 534 bytes).
        if url.as_str().parse::<Uri>().is_err() || (self.https_only && parsed.scheme() != "https") {
            return Err(SendError::InvalidUrl);
        }
        let address = match parsed.host() {
            Some(Host::Ipv4(v4)) => v4.into(),
            Some(Host::Ipv6(v6)) => v6.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(SendError::InvalidUrl),
        };
        if self.guard.permits(address) { Ok(()) } else { Err(SendError::Blocked) }
    }
}

#[cfg(test)]
mod tests;
