//! What an operator may set about outgoing requests, and what can be wrong with it.

use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;

use crate::{Transport, tls::TlsError};

/// How receivers are called.
#[derive(Clone, Debug)]
pub struct OutboundConfig {
    /// How most requests travel: the connections for it are set up at once, and found faster than
    /// those for any other. It says nothing on requests that are given another transport.
    pub usual: Transport,
    /// Networks that may be dialled although they are private or special. Default none.
    pub allow: Vec<IpNet>,
    /// Certificate authorities, as PEM, to trust beside those of the system. Default none.
    pub extra_ca: Option<Bytes>,
    /// Whether `http` URLs are refused, whatever the transport says. Default false.
    pub https_only: bool,
    /// How many idle connections are kept for one host and port. Default 32: enough for a busy
    /// receiver, while a burst's surplus connections are closed.
    pub max_idle_per_host: usize,
    /// How long a connection may idle before it is closed. Default 4 s: common servers (Node,
    /// Apache, Uvicorn) close idle connections after 5 s, and a request that races such a close
    /// fails and costs the customer an attempt. A receiver with any traffic to speak of is called
    /// again sooner, and one without is better served by a fresh connection.
    pub pool_idle_timeout: Duration,
    /// How many names may be looked up at once, 1 to [`MAX_LOOKUPS`](Self::MAX_LOOKUPS). Each holds
    /// one of the runtime's blocking threads until the system's resolver returns. Default 64.
    pub concurrent_lookups: usize,
    /// The `user-agent` header. Default `Posthaste/<version>`.
    pub user_agent: String,
}

impl OutboundConfig {
    /// The most lookups at once: half the blocking threads that the runtime has by default, so that
    /// slow name servers cannot take them all.
    pub const MAX_LOOKUPS: usize = 256;
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            usual: Transport::default(),
            allow: Vec::new(),
            extra_ca: None,
            https_only: false,
            max_idle_per_host: 32,
            pool_idle_timeout: Duration::from_secs(4),
            concurrent_lookups: 64,
            user_agent: concat!("Posthaste/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why no client can be made of a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Zero would let no name resolve; too many would exhaust the blocking threads.
    #[error("concurrent lookups must be 1 to {}", OutboundConfig::MAX_LOOKUPS)]
    Lookups,
    /// The trust store cannot be made.
    #[error("TLS cannot be set up")]
    Tls(#[from] TlsError),
    /// The user agent is not a header value, or the client cannot be built.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
}
