//! The reader behind history: events, attempts and dead letters as they were stored, in batches.
//!
//! Each of the three streams has one durable consumer, shared by every process that records; what
//! one of them reads the others are not given. Read in this order: `pull` keeps one stream's
//! requests going, [`TailBatch`] is what was read, `progress` tells how far reading has come.
//!
//! # Invariants
//! - Nothing is acknowledged before the caller says that it is stored; what is never acknowledged
//!   is offered again, so a batch may hold what an earlier one held.
//! - A message that cannot be read is logged, counted and acknowledged with its batch: it would be
//!   no more readable the next time.
//! - What was asked for and not handed out yet is bounded, in messages and in bytes.
//!
//! Absent on purpose: order. Streams are read side by side, and several processes share each.

mod batch;
mod progress;
mod pull;

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream as _, future::join_all};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use self::pull::Pull;
pub use self::{
    batch::{Receipts, TailBatch},
    progress::{FeedProgress, LastSequences},
};
use crate::{
    Bus,
    connection::LinkState,
    topology::{ATTEMPTS, DEAD_LETTERS, EVENTS},
};

/// A stream that history is written from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feed {
    /// Accepted events.
    Events,
    /// Attempts made.
    Attempts,
    /// Deliveries nobody took.
    DeadLetters,
}

impl Feed {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Events, Self::Attempts, Self::DeadLetters];

    /// The feed's name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Attempts => "attempts",
            Self::DeadLetters => "dead_letters",
        }
    }

    /// Where it is in [`Feed::ALL`], and in every array with one entry for each.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    const fn stream(self) -> &'static str {
        match self {
            Self::Events => EVENTS,
            Self::Attempts => ATTEMPTS,
            Self::DeadLetters => DEAD_LETTERS,
        }
    }
}

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {feed} for history")]
pub struct TailError {
    feed: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// How much one batch holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchBounds {
    /// Events, attempts and dead letters together. A batch may exceed it by the attempts of one
    /// message, 256 at most.
    pub rows: usize,
    /// Bytes of messages as they are in the streams. A batch may exceed it by one message.
    pub bytes: usize,
    /// How long a batch waits for more from its first message on.
    pub linger: Duration,
}

/// Reads the three streams.
pub struct Tail {
    pulls: [Pull; 3],
    /// Whose turn it is to be looked at first, so that a busy stream starves no other.
    turn: usize,
    /// What has been read since the last batch.
    batch: TailBatch,
    /// When it is a batch even if nothing more comes.
    linger_until: Option<Instant>,
    link: watch::Receiver<LinkState>,
    /// The connection that the requests were sent on.
    generation: u64,
}

impl Tail {
    /// Begins to read.
    ///
    /// # Errors
    /// [`TailError`] where the broker does not know a consumer or does not answer.
    pub async fn open(bus: &Bus) -> Result<Self, TailError> {
        let link = bus.link();
        let generation = link.borrow().generation;
        let pulls = [
            Pull::open(bus, Feed::Events).await?,
            Pull::open(bus, Feed::Attempts).await?,
            Pull::open(bus, Feed::DeadLetters).await?,
        ];
        Ok(Self {
            pulls,
            turn: 0,
            batch: TailBatch::default(),
            linger_until: None,
            link,
            generation,
        })
    }

    /// The next batch, never an empty one: it ends when it is full or has lingered. Once `stop` is
    /// cancelled, what is there already, and then `None`. Nothing is lost where this is dropped
    /// before it returns.
    pub async fn next_batch(
        &mut self,
        bounds: &BatchBounds,
        stop: &CancellationToken,
    ) -> Option<TailBatch> {
        while !self.batch.is_full(bounds) {
            let now = Instant::now();
            for pull in &mut self.pulls {
                pull.forget(now);
                pull.ask(now).await;
            }
            let look_again = self.pulls.iter().filter_map(Pull::look_again);
            let wake_at = look_again.chain(self.linger_until).min();
            let wake = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Ok(()) = self.link.changed() => Wake::Link,
                arrived = poll_fn(|context| poll_any(&mut self.pulls, self.turn, context)) => {
                    Wake::Arrived(arrived)
                }
                () = sleep_until(wake_at.unwrap_or(now)), if wake_at.is_some() => Wake::Time,
            };
            match wake {
                Wake::Arrived((at, Some(message))) => {
                    self.turn = (at + 1) % self.pulls.len();
                    let pull = &mut self.pulls[at];
                    if let Some(message) = pull.arrived(message) {
                        self.batch.take(pull.feed(), message);
                        self.linger_until.get_or_insert_with(|| Instant::now() + bounds.linger);
                    }
                }
                Wake::Arrived((_, None)) => break, // the client was closed
                Wake::Link => self.follow_link(),
                Wake::Time => {
                    if self.linger_until.is_some_and(|until| until <= Instant::now()) {
                        break;
                    }
                }
            }
        }
        self.linger_until = None;
        let batch = std::mem::take(&mut self.batch);
        (!batch.receipts.is_empty()).then_some(batch)
    }

    /// Stops reading and hands back what arrives too late; batches stay with their holders.
    /// Returns how many messages were handed back. As with an intake this waits until every request
    /// is answered or has expired, a few seconds at most.
    pub async fn close(self) -> usize {
        let gathered = self.batch.receipts.len();
        self.batch.receipts.hand_back().await;
        gathered + join_all(self.pulls.map(Pull::close)).await.into_iter().sum::<usize>()
    }

    /// Whatever was asked of an older connection is unknown to the new one.
    fn follow_link(&mut self) {
        let generation = self.link.borrow_and_update().generation;
        if self.generation != generation {
            debug!("the streams are read on another connection");
            self.generation = generation;
            self.pulls.iter_mut().for_each(Pull::start_over);
        }
    }
}

/// What a tail can be woken by.
enum Wake {
    Arrived((usize, Option<async_nats::Message>)),
    Link,
    Time,
}

fn poll_any(
    pulls: &mut [Pull; 3],
    turn: usize,
    context: &mut Context<'_>,
) -> Poll<(usize, Option<async_nats::Message>)> {
    for step in 0..pulls.len() {
        let at = (turn + step) % pulls.len();
        if let Poll::Ready(message) = Pin::new(pulls[at].arrivals()).poll_next(context) {
            return Poll::Ready((at, message));
        }
    }
    Poll::Pending
}
