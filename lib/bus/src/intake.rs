//! Pulls messages, never more than there are free slots.
//!
//! Credit is made of slots: the right to run a claim is taken from the semaphore before the
//! message is asked for, so what has been pulled can always be started at once and nothing ages
//! in a buffer. Pull requests are topped up a quarter of the slots at a time, so a busy worker
//! sends one for many messages.
//!
//! Absent on purpose: idle heartbeats. The server drops a pull with a heartbeat silently where too
//! many wait, and a lost request is noticed by its expiry anyway.

use std::{sync::Arc, time::Duration};

use async_nats::{
    StatusCode, Subject, Subscriber,
    jetstream::{self, AckKind, consumer::PullConsumer},
};
use futures_util::StreamExt as _;
use posthaste_domain::Lane;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    Bus, Claim,
    claim::Held,
    connection::LinkState,
    requests::Requests,
    topology::{DELIVERIES, EVENTS, FAN_OUT},
};

/// How long the server keeps a pull request. An idle worker asks this often, a lost request is
/// noticed this late, and a stopping worker waits this long for the last one.
const EXPIRES: Duration = Duration::from_secs(2);
/// How much longer we wait for word that it expired.
const EXPIRES_MARGIN: Duration = Duration::from_secs(2);

/// How long to wait after a request was turned down, as while a leader is elected: the answer comes
/// at once, and so would the next.
const TURNED_DOWN_PAUSE: Duration = Duration::from_millis(250);

/// How long a claim rests whose task panicked, so that a message that cannot be handled does not
/// come back at once and for ever.
const ABANDONED_PAUSE: Duration = Duration::from_secs(5);

/// What an intake pulls from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Accepted events, to be fanned out.
    Events,
    /// Deliveries that are due in a lane.
    Lane(Lane),
}

impl Source {
    /// The source's name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Lane(lane) => lane.as_str(),
        }
    }
}

/// Why nothing can be pulled.
#[derive(Debug, thiserror::Error)]
#[error("cannot pull from {source_name}")]
pub struct IntakeError {
    source_name: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl IntakeError {
    pub(crate) fn new(
        source_name: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { source_name, source: source.into() }
    }
}

/// Pulls claims from one source into a fixed number of slots.
pub struct Intake {
    bus: Bus,
    /// What it pulls from, for the log.
    name: &'static str,
    consumer: PullConsumer,
    inbox: Subject,
    arrivals: Subscriber,
    link: watch::Receiver<LinkState>,
    /// The connection that the requests were sent on.
    generation: u64,
    slots: Arc<Semaphore>,
    slot_count: u32,
    /// Slots taken for messages that have not arrived.
    credit: Option<OwnedSemaphorePermit>,
    /// What that credit is promised to.
    requests: Requests,
    /// Nothing is asked before this.
    ask_from: Instant,
    abandon: mpsc::UnboundedSender<Held>,
    abandoned: mpsc::UnboundedReceiver<Held>,
}

impl Intake {
    /// Opens an intake with `slots` slots (at least one).
    ///
    /// # Errors
    /// [`IntakeError`] where the broker does not know the consumer or does not answer.
    pub async fn open(bus: &Bus, source: Source, slots: u32) -> Result<Self, IntakeError> {
        let consumer = match source {
            Source::Events => (EVENTS, FAN_OUT),
            Source::Lane(lane) => (DELIVERIES, lane.as_str()),
        };
        Self::of_consumer(bus, source.as_str(), consumer, slots).await
    }

    /// Opens an intake of a durable consumer, given with its stream.
    pub(crate) async fn of_consumer(
        bus: &Bus,
        name: &'static str,
        (stream, durable): (&str, &str),
        slots: u32,
    ) -> Result<Self, IntakeError> {
        let consumer: PullConsumer = bus
            .jetstream
            .get_consumer_from_stream(durable, stream)
            .await
            .map_err(|error| IntakeError::new(name, error))?;
        let inbox = Subject::from(bus.client.new_inbox());
        let arrivals = bus
            .client
            .subscribe(inbox.clone())
            .await
            .map_err(|error| IntakeError::new(name, error))?;
        let link = bus.link();
        let generation = link.borrow().generation;
        let (abandon, abandoned) = mpsc::unbounded_channel();
        let slot_count = slots.max(1);
        Ok(Self {
            bus: bus.clone(),
            name,
            consumer,
            inbox,
            arrivals,
            link,
            generation,
            slots: Arc::new(Semaphore::new(slot_count as usize)),
            slot_count,
            credit: None,
            requests: Requests::default(),
            ask_from: Instant::now(),
            abandon,
            abandoned,
        })
    }

    /// The next claim; `None` once `stop` is cancelled.
    pub async fn next(&mut self, stop: &CancellationToken) -> Option<Claim> {
        loop {
            self.take_free_slots();
            self.ask().await;
            let gone_at = self.requests.first_gone_at();
            let wanted = if gone_at.is_some() { self.top_up() } else { 1 };
            let slots = Arc::clone(&self.slots);
            let resting = self.ask_from > Instant::now();
            let wake = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                message = self.arrivals.next() => Wake::Arrived(message),
                Some(held) = self.abandoned.recv() => Wake::Abandoned(held),
                Ok(()) = self.link.changed() => Wake::Link,
                Ok(slots) = slots.acquire_many_owned(wanted) => Wake::Freed(slots),
                () = sleep_until(gone_at.unwrap_or(self.ask_from)), if gone_at.is_some() => Wake::Silence,
                () = sleep_until(self.ask_from), if resting => Wake::Rested,
            };
            match wake {
                Wake::Arrived(Some(message)) => {
                    if let Some(claim) = self.arrived(message).await {
                        return Some(claim);
                    }
                }
                Wake::Arrived(None) => return None, // the client was closed
                Wake::Abandoned(held) => self.hand_back(held).await,
                Wake::Link => self.follow_link(),
                Wake::Freed(slots) => self.add_credit(slots),
                Wake::Rested => {}
                Wake::Silence => {
                    debug!(source = self.name, "a pull request went unanswered");
                    self.requests.forget(Instant::now());
                }
            }
        }
    }

    /// How many claims are held at this moment.
    #[must_use]
    pub fn in_hand(&self) -> usize {
        let credit = self.credit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        self.slot_count as usize - self.slots.available_permits() - credit
    }

    /// Stops pulling and hands back what arrives too late; the claims given out stay with their
    /// holders. Returns how many were handed back.
    ///
    /// The server cannot be told to forget a pull request, and drops what it has sent to an inbox
    /// that is closed meanwhile, to be missed only after a whole ack wait. So the inbox stays open
    /// until every request is answered or has expired, a few seconds at most.
    pub async fn close(mut self) -> usize {
        let mut returned = 0;
        while let Some(gone_at) = self.requests.first_gone_at()
            && self.bus.is_connected()
        {
            let Ok(message) = timeout_at(gone_at, self.arrivals.next()).await else {
                self.requests.forget(Instant::now());
                continue;
            };
            let Some(message) = message else { break };
            if let Some(status) = message.status {
                self.turned_down(status, &message);
                continue;
            }
            self.requests.less(1);
            if self.in_jetstream(message).ack_with(AckKind::Nak(None)).await.is_ok() {
                returned += 1;
            }
        }
        while let Ok(held) = self.abandoned.try_recv() {
            self.hand_back(held).await;
        }
        returned
    }

    async fn hand_back(&self, abandoned: Held) {
        warn!(source = self.name, "a claim was dropped; handing it back");
        abandoned.settle(AckKind::Nak(Some(ABANDONED_PAUSE))).await;
    }

    /// How many free slots are worth a pull request of their own while others wait.
    const fn top_up(&self) -> u32 {
        let quarter = self.slot_count / 4;
        if quarter == 0 { 1 } else { quarter }
    }

    fn take_free_slots(&mut self) {
        let free = self.slots.available_permits();
        if free == 0 || (self.requests.unfilled() > 0 && free < self.top_up() as usize) {
            return;
        }
        let free = u32::try_from(free).unwrap_or(self.slot_count);
        if let Ok(slots) = Arc::clone(&self.slots).try_acquire_many_owned(free) {
            self.add_credit(slots);
        }
    }

    /// Whatever was asked of an older connection is unknown to the new one. Word that the old one
    /// is lost changes nothing yet: it may come late, when the new one has been asked already.
    fn follow_link(&mut self) {
        let generation = self.link.borrow_and_update().generation;
        if self.generation != generation {
            self.generation = generation;
            self.requests.clear();
        }
    }

    fn add_credit(&mut self, slots: OwnedSemaphorePermit) {
        match &mut self.credit {
            Some(credit) => credit.merge(slots),
            None => self.credit = Some(slots),
        }
    }

    /// Sends one pull request for all credit that no request covers.
    async fn ask(&mut self) {
        let credit = self.credit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let batch = credit.saturating_sub(self.requests.unfilled());
        if batch == 0 || self.ask_from > Instant::now() {
            return;
        }
        // The client tells of a connection a moment before it says that it has one, so its news
        // may come too early, and nothing else would wake us.
        if !self.bus.is_connected() {
            self.ask_from = Instant::now() + TURNED_DOWN_PAUSE;
            return;
        }
        let request = jetstream::consumer::pull::BatchConfig {
            batch,
            expires: Some(EXPIRES),
            ..Default::default()
        };
        match self.consumer.request_batch(request, self.inbox.clone()).await {
            Ok(()) => self.requests.add(batch, Instant::now() + EXPIRES + EXPIRES_MARGIN),
            Err(error) => {
                warn!(%error, source = self.name, "cannot send a pull request");
                self.ask_from = Instant::now() + TURNED_DOWN_PAUSE;
            }
        }
    }

    async fn arrived(&mut self, message: async_nats::Message) -> Option<Claim> {
        if let Some(status) = message.status {
            self.turned_down(status, &message);
            return None;
        }
        self.requests.less(1);
        let Some(slot) = self.credit.as_mut().and_then(|credit| credit.split(1)) else {
            // A request we had given up was answered after all.
            let _ = self.in_jetstream(message).ack_with(AckKind::Nak(None)).await;
            return None;
        };
        if self.credit.as_ref().is_some_and(|credit| credit.num_permits() == 0) {
            self.credit = None;
        }
        // The consumer's, which is another process's to decide, not our configuration's.
        let ack_wait = self.consumer.cached_info().config.ack_wait;
        Claim::new(self.in_jetstream(message), slot, ack_wait, self.abandon.clone())
    }

    /// A request ended without filling its batch: expired, or the leader moved.
    fn turned_down(&mut self, status: StatusCode, message: &async_nats::Message) {
        if status == StatusCode::IDLE_HEARTBEAT {
            return;
        }
        let unfilled = message
            .headers
            .as_ref()
            .and_then(|headers| headers.get("Nats-Pending-Messages"))
            .and_then(|pending| pending.as_str().parse().ok());
        match unfilled {
            Some(unfilled) => self.requests.less(unfilled),
            // Without a count nothing is known of any request, so all are given up.
            None => self.requests.clear(),
        }
        if status != StatusCode::TIMEOUT && status != StatusCode::NOT_FOUND {
            debug!(%status, source = self.name, "a pull request was turned down");
            self.ask_from = Instant::now() + TURNED_DOWN_PAUSE;
        }
    }

    fn in_jetstream(&self, message: async_nats::Message) -> jetstream::Message {
        jetstream::Message { message, context: self.bus.jetstream.clone() }
    }
}

/// What an intake can be woken by.
enum Wake {
    Arrived(Option<async_nats::Message>),
    Abandoned(Held),
    Link,
    Freed(OwnedSemaphorePermit),
    Silence,
    Rested,
}
