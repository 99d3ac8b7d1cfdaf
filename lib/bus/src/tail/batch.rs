//! What was read, and the right to say that it is stored.

use std::time::SystemTime;

use async_nats::{Client, Subject, connection::State, jetstream};
use bytes::Bytes;
use posthaste_domain::{Attempt, DeadLetter, Timestamp};
use tracing::{debug, warn};

use super::{BatchBounds, Feed};
use crate::{StoredEvent, events, wire, wire::WireError};

/// What was read of the three streams.
#[derive(Debug, Default)]
pub struct TailBatch {
    /// Accepted events. One with [`StoredEvent::resume`] was put in again for one endpoint: its
    /// message was accepted before.
    pub events: Vec<StoredEvent>,
    /// Attempts made.
    pub attempts: Vec<Attempt>,
    /// Dead letters, each with its sequence.
    pub dead_letters: Vec<(u64, DeadLetter)>,
    /// What could not be read, for each of [`Feed::ALL`]: messages, or single attempts of one.
    pub unreadable: [u64; 3],
    /// When the oldest of it was stored.
    pub oldest: Option<Timestamp>,
    /// The right to settle it.
    pub receipts: Receipts,
    bytes: usize,
}

/// The right to say what became of a batch. Dropped, the broker offers the batch again when its
/// patience is over.
#[derive(Debug, Default)]
pub struct Receipts {
    client: Option<Client>,
    replies: Vec<Subject>,
}

impl TailBatch {
    /// How many events, attempts and dead letters there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.events.len() + self.attempts.len() + self.dead_letters.len()
    }

    pub(super) const fn is_full(&self, bounds: &BatchBounds) -> bool {
        self.rows() >= bounds.rows || self.bytes >= bounds.bytes
    }

    /// Reads `message` into the batch.
    pub(super) fn take(&mut self, feed: Feed, message: jetstream::Message) {
        let Ok((seq, stored_at)) = message
            .info()
            .map(|info| (info.stream_sequence, Timestamp::from(SystemTime::from(info.published))))
        else {
            return; // not a message of a stream
        };
        let (message, acker) = (message.message, message.context);
        self.bytes += message.length;
        self.oldest = Some(self.oldest.map_or(stored_at, |oldest| oldest.min(stored_at)));
        if let Some(reply) = message.reply {
            self.receipts.client.get_or_insert_with(|| acker.client());
            self.receipts.replies.push(reply);
        }
        match feed {
            Feed::Events => {
                let event =
                    events::parse(message.headers.as_ref(), message.payload, seq, stored_at);
                self.keep(feed, seq, event, |batch, event| batch.events.push(event));
            }
            Feed::Attempts => {
                let lines = message.payload.split(|byte| *byte == b'\n');
                // One at a time, so that one that cannot be read takes no other with it.
                for line in lines.filter(|line| !line.is_empty()) {
                    let attempt = serde_json::from_slice(line).map_err(WireError::from);
                    self.keep(feed, seq, attempt, |batch, attempt| batch.attempts.push(attempt));
                }
            }
            Feed::DeadLetters => {
                let letter = wire::head(message.headers.as_ref(), wire::DEAD_LETTER);
                self.keep(feed, seq, letter, |batch, letter| {
                    batch.dead_letters.push((seq, letter));
                });
            }
        }
    }

    fn keep<T>(
        &mut self,
        feed: Feed,
        seq: u64,
        read: Result<T, WireError>,
        push: impl FnOnce(&mut Self, T),
    ) {
        match read {
            Ok(row) => push(self, row),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(feed = feed.as_str(), seq, error, "skipped what cannot be read");
                self.unreadable[feed.index()] += 1;
            }
        }
    }
}

impl Receipts {
    /// How many messages they are for.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.replies.len()
    }

    /// Whether they are for none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }

    /// Takes over the receipts of another batch.
    pub fn append(&mut self, mut other: Self) {
        self.client = self.client.take().or(other.client);
        self.replies.append(&mut other.replies);
    }

    /// Tells the broker that the batch is stored. It is not waited for: an acknowledgement lost
    /// with the connection brings the batch back, and that is allowed.
    pub async fn acknowledge(self) {
        self.settle(Bytes::from_static(b"+ACK")).await;
    }

    /// Gives the batch back, to be offered to whoever else records at once.
    pub async fn hand_back(self) {
        self.settle(Bytes::from_static(b"-NAK")).await;
    }

    async fn settle(self, how: Bytes) {
        let Some(client) = self.client else { return };
        for (done, reply) in self.replies.iter().enumerate() {
            // Without a connection they would fill the client's queue, and then wait.
            let connected = client.connection_state() == State::Connected;
            if !connected || client.publish(reply.clone(), how.clone()).await.is_err() {
                let left = self.replies.len() - done;
                debug!(left, "could not settle a batch; the broker will offer it again");
                return;
            }
        }
    }
}
