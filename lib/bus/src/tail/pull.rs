//! Keeps one stream's pull requests going.

use std::time::Duration;

use async_nats::{
    StatusCode, Subject, Subscriber,
    jetstream::{self, AckKind, consumer::PullConsumer},
};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};
use tracing::{debug, warn};

use super::{Feed, TailError};
use crate::{Bus, requests::Requests, topology::RECORDER};

/// How long the server keeps a request, and so how long a stopping process listens at most.
const EXPIRES: Duration = Duration::from_secs(2);
/// How much longer we wait for word that it expired.
const EXPIRES_MARGIN: Duration = Duration::from_secs(2);
/// How long to wait after a request was turned down, as while a leader is elected.
const TURNED_DOWN_PAUSE: Duration = Duration::from_millis(250);

/// Messages that may be asked for and not handed out, for each stream.
const WINDOW: usize = 4_096;
/// Messages that one request asks for, so that the next waits at the server when it is filled.
const REQUEST: usize = 1_024;
/// Bytes that one request brings at most, unless a single message may be larger: with the window
/// that makes 8 MiB for each stream.
const REQUEST_BYTES: usize = 2 << 20;
/// What a message takes beside its headers and payload.
const MESSAGE_OVERHEAD: usize = 4_096;

/// The requests at one stream's consumer, and what they bring.
pub(super) struct Pull {
    bus: Bus,
    feed: Feed,
    consumer: PullConsumer,
    inbox: Subject,
    arrivals: Subscriber,
    requests: Requests,
    /// Nothing is asked before this.
    ask_from: Instant,
    /// Whether anything has come since a request was turned down.
    has_come: bool,
}

impl Pull {
    pub(super) async fn open(bus: &Bus, feed: Feed) -> Result<Self, TailError> {
        let failed = |source| TailError { feed: feed.as_str(), source };
        let consumer: PullConsumer = bus
            .jetstream
            .get_consumer_from_stream(RECORDER, feed.stream())
            .await
            .map_err(|error| failed(error.into()))?;
        let inbox = Subject::from(bus.client.new_inbox());
        let arrivals =
            bus.client.subscribe(inbox.clone()).await.map_err(|error| failed(error.into()))?;
        Ok(Self {
            bus: bus.clone(),
            feed,
            consumer,
            inbox,
            arrivals,
            requests: Requests::default(),
            ask_from: Instant::now(),
            has_come: false,
        })
    }

    pub(super) const fn feed(&self) -> Feed {
        self.feed
    }

    pub(super) const fn arrivals(&mut self) -> &mut Subscriber {
        &mut self.arrivals
    }

    /// Drops requests that have ended by `now` in any case.
    pub(super) fn forget(&mut self, now: Instant) {
        if self.requests.first_gone_at().is_some_and(|gone_at| gone_at <= now)
            && self.requests.forget(now)
        {
            debug!(feed = self.feed.as_str(), "a pull request went unanswered");
        }
    }

    /// Drops all requests, for the server no longer knows of them.
    pub(super) fn start_over(&mut self) {
        self.requests.clear();
    }

    /// When this should be looked at again if nothing comes.
    pub(super) fn look_again(&self) -> Option<Instant> {
        let asks = self.has_room().then_some(self.ask_from);
        self.requests.first_gone_at().into_iter().chain(asks).min()
    }

    /// Fills the window with requests.
    pub(super) async fn ask(&mut self, now: Instant) {
        while self.has_room() && self.ask_from <= now {
            // The client tells of a connection a moment before it says that it has one.
            if !self.bus.is_connected() {
                self.ask_from = now + TURNED_DOWN_PAUSE;
                return;
            }
            let request = jetstream::consumer::pull::BatchConfig {
                batch: REQUEST,
                max_bytes: REQUEST_BYTES.max(self.bus.max_payload() + MESSAGE_OVERHEAD),
                expires: Some(EXPIRES),
                ..Default::default()
            };
            match self.consumer.request_batch(request, self.inbox.clone()).await {
                Ok(()) => self.requests.add(REQUEST, now + EXPIRES + EXPIRES_MARGIN),
                Err(error) => {
                    warn!(%error, feed = self.feed.as_str(), "cannot send a pull request");
                    self.ask_from = now + TURNED_DOWN_PAUSE;
                }
            }
        }
    }

    /// The message that arrived, unless it is word of a request.
    pub(super) fn arrived(&mut self, message: async_nats::Message) -> Option<jetstream::Message> {
        if let Some(status) = message.status {
            self.ended(status, &message);
            return None;
        }
        self.requests.less(1);
        self.has_come = true;
        Some(jetstream::Message { message, context: self.bus.jetstream.clone() })
    }

    /// Waits until every request is answered or has expired, and hands back what they bring.
    pub(super) async fn close(mut self) -> usize {
        let mut returned = 0;
        while let Some(gone_at) = self.requests.first_gone_at()
            && self.bus.is_connected()
        {
            let Ok(message) = timeout_at(gone_at, self.arrivals.next()).await else {
                self.requests.forget(Instant::now());
                continue;
            };
            let Some(message) = message else { break };
            if let Some(message) = self.arrived(message)
                && message.ack_with(AckKind::Nak(None)).await.is_ok()
            {
                returned += 1;
            }
        }
        returned
    }

    fn has_room(&self) -> bool {
        self.requests.unfilled() + REQUEST <= WINDOW
    }

    /// A request ended without filling its batch: it expired, brought its bytes, or the leader
    /// moved.
    fn ended(&mut self, status: StatusCode, message: &async_nats::Message) {
        if status == StatusCode::IDLE_HEARTBEAT {
            return;
        }
        let headers = message.headers.as_ref();
        let unfilled = headers
            .and_then(|headers| headers.get("Nats-Pending-Messages"))
            .and_then(|pending| pending.as_str().parse().ok());
        match unfilled {
            Some(unfilled) => self.requests.less(unfilled),
            // Without a count nothing is known of any request, so all are given up.
            None => self.requests.clear(),
        }
        let expired = status == StatusCode::TIMEOUT || status == StatusCode::NOT_FOUND;
        // One that has brought its bytes has brought something; one that was turned down has not,
        // and the next would be turned down at once too.
        if !expired && !std::mem::take(&mut self.has_come) {
            debug!(%status, feed = self.feed.as_str(), "a pull request was turned down");
            self.ask_from = Instant::now() + TURNED_DOWN_PAUSE;
        }
    }
}
