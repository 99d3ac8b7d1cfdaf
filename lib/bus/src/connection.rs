//! The connection to the broker, and what is known of its state.

use std::{
    error::Error as StdError,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, Event,
    connection::State,
    jetstream::{self, Context},
};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::{
    BusConfig,
    retry::{self, Step},
};

/// The oldest server that has everything we rely on: message schedules with fractional seconds,
/// and a work queue that survives its leader.
const NEEDED: (i64, i64, i64) = (2, 14, 0);

/// Messages a subscription may hold before the client drops any. A watch of a large bucket is
/// sent in bursts bounded by bytes, not by count, so this is generous.
const SUBSCRIPTION_CAPACITY: usize = 1 << 18;

/// Publishes waiting for the connection's own task; senders wait beyond it.
const CLIENT_CAPACITY: usize = 8_192;

/// How often a connection that is waited for is looked at, beside what is told of it.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Publishes that may wait for their confirmation at once.
const ACKS_IN_FLIGHT: usize = 16_384;

/// A connection to the broker. Cheap to clone; every clone shares one connection.
#[derive(Clone)]
pub struct Bus {
    pub(crate) client: Client,
    pub(crate) jetstream: Context,
    pub(crate) config: Arc<BusConfig>,
    state: watch::Receiver<LinkState>,
    reconnects: Arc<AtomicU64>,
}

/// What the connection is doing, and how often it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkState {
    pub(crate) connected: bool,
    /// Grows by one each time a connection is made; pull requests and watches of an older one are
    /// unknown to the server.
    pub(crate) generation: u64,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The credentials or certificates cannot be read.
    #[error("cannot read the broker's credentials")]
    Credentials(#[source] std::io::Error),
    /// No server answered in time.
    #[error("no NATS server answered at {urls}")]
    Unreachable {
        /// The addresses tried.
        urls: String,
        /// What the last try said.
        #[source]
        source: async_nats::ConnectError,
    },
    /// The server cannot do what we rely on.
    #[error(
        "the NATS server at {urls} is version {found}; Posthaste needs 2.14.0 or newer, for \
         retries wait in the broker as message schedules and older servers lose or refuse them \
         (2.15.1 is recommended)"
    )]
    TooOld {
        /// The addresses tried.
        urls: String,
        /// The version the server gave.
        found: String,
    },
    /// The server runs without JetStream.
    #[error("the NATS server at {urls} runs without JetStream")]
    NoJetStream {
        /// The addresses tried.
        urls: String,
    },
}

impl Bus {
    /// Connects, trying again for [`BusConfig::connect_budget`], and checks the server's version.
    ///
    /// Later losses of the connection are repaired by the client for as long as it lives.
    ///
    /// # Errors
    /// [`ConnectError`] says what to change.
    pub async fn connect(config: BusConfig) -> Result<Self, ConnectError> {
        let (tell, state) = watch::channel(LinkState { connected: true, generation: 1 });
        let reconnects = Arc::new(AtomicU64::new(0));
        let options = options(&config, tell, Arc::clone(&reconnects)).await?;
        let urls = config.urls.join(",");
        let client = retry::within(config.connect_budget, || {
            let options = options.clone();
            async {
                options.connect(config.urls.as_slice()).await.map_err(|error| {
                    debug!(%error, "no connection to the broker yet");
                    Step::Transient(error)
                })
            }
        })
        .await
        .map_err(|source| ConnectError::Unreachable { urls: urls.clone(), source })?;

        let server = client.server_info();
        if !client.is_server_compatible(NEEDED.0, NEEDED.1, NEEDED.2) {
            return Err(ConnectError::TooOld { urls, found: server.version });
        }
        if !server.jetstream {
            return Err(ConnectError::NoJetStream { urls });
        }
        info!(server = %server.server_name, version = %server.version, "connected to the broker");
        let jetstream = jetstream::ContextBuilder::new()
            .timeout(config.publish_timeout.max(Duration::from_secs(5)))
            .ack_timeout(config.publish_timeout)
            .max_ack_inflight(ACKS_IN_FLIGHT)
            .build(client.clone());
        Ok(Self { client, jetstream, config: Arc::new(config), state, reconnects })
    }

    /// What the connection was configured with.
    #[must_use]
    pub fn config(&self) -> &BusConfig {
        &self.config
    }

    /// Whether there is a connection at this moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// How often the connection was made anew.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    /// The largest message the server takes, headers included, in bytes.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.client.max_payload()
    }

    /// Waits until the connection is lost or made.
    pub async fn link_changed(&mut self) {
        if self.state.changed().await.is_err() {
            // The client has gone, and with it the news.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until there is a connection, at most `limit`; whether there is one.
    pub(crate) async fn connected_within(&self, limit: Duration) -> bool {
        // The client tells of a connection a moment before it says that it has one.
        let connected = async {
            let mut link = self.link();
            while !self.is_connected() {
                let _ = tokio::time::timeout(LOOK_AGAIN, link.changed()).await;
            }
        };
        tokio::time::timeout(limit, connected).await.is_ok()
    }

    /// What the connection does from now on; what it did before is not told as a change.
    pub(crate) fn link(&self) -> watch::Receiver<LinkState> {
        let mut link = self.state.clone();
        link.mark_unchanged();
        link
    }

    /// Waits until the server has taken everything sent so far, acknowledgements included; at most
    /// `limit`.
    ///
    /// A question is asked and its answer awaited, because the server reads a connection in order.
    /// Writing to the socket is not enough: a process that ends with unread data in its own
    /// receive buffer resets the connection, and the server may drop what it has not read.
    pub async fn flush(&self, limit: Duration) {
        match tokio::time::timeout(limit, self.jetstream.query_account()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!(%error, "the broker connection could not be flushed"),
            Err(_) => warn!(?limit, "the broker did not answer in time"),
        }
    }
}

async fn options(
    config: &BusConfig,
    tell: watch::Sender<LinkState>,
    reconnects: Arc<AtomicU64>,
) -> Result<ConnectOptions, ConnectError> {
    let mut options = ConnectOptions::new()
        .name(&config.name)
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        .client_capacity(CLIENT_CAPACITY)
        .connection_timeout(Duration::from_secs(5))
        .ping_interval(Duration::from_secs(10))
        .reconnect_delay_callback(|tries| {
            // At once, then ever longer up to a second: a broker that restarts is back soon.
            Duration::from_millis((tries.saturating_sub(1) as u64 * 50).min(1_000))
        })
        .event_callback(move |event| {
            tell_of(&event, &tell, &reconnects);
            std::future::ready(())
        });
    if let Some(path) = &config.credentials {
        options = options.credentials_file(path).await.map_err(ConnectError::Credentials)?;
    }
    if let Some(path) = &config.root_certificates {
        options = options.add_root_certificates(path.clone());
    }
    Ok(options)
}

fn tell_of(event: &Event, tell: &watch::Sender<LinkState>, reconnects: &AtomicU64) {
    match event {
        Event::Connected => {
            tell.send_if_modified(|link| {
                // The first connection is announced too, and is generation 1 already.
                if link.connected {
                    return false;
                }
                *link = LinkState { connected: true, generation: link.generation + 1 };
                reconnects.fetch_add(1, Ordering::Relaxed);
                info!("connected to the broker again");
                true
            });
        }
        Event::Disconnected => {
            warn!("lost the broker");
            tell.send_modify(|link| link.connected = false);
        }
        Event::SlowConsumer(subscription) => {
            warn!(subscription, "a subscription overflowed and dropped messages");
        }
        Event::ServerError(error) => warn!(error = error as &dyn StdError, "the broker complains"),
        Event::ClientError(error) => warn!(%error, "the broker client complains"),
        Event::LameDuckMode => info!("the broker is about to leave"),
        Event::Draining | Event::Closed => {}
    }
}
