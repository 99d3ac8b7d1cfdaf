//! A message we hold: ours alone until it is settled or the broker loses patience.

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use async_nats::{
    HeaderMap,
    jetstream::{AckKind, message::Acker},
};
use bytes::Bytes;
use posthaste_domain::{Attempt, DeadLetter, Delivery, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tracing::{debug, warn};

use crate::{StoredEvent, deliveries::FanOut, events, wire, wire::WireError};

/// One pulled message and the slot it occupies. It is settled once, by [`Claim::ack`] or
/// [`Claim::release`]; dropped unsettled, because a task panicked or was cut, it is released by
/// its intake.
pub struct Claim {
    held: Option<Held>,
    headers: Option<HeaderMap>,
    payload: Bytes,
    seq: u64,
    deliveries: u64,
    stored_at: Timestamp,
    ack_wait: Duration,
    abandoned: mpsc::UnboundedSender<Held>,
}

/// The right to settle, and the slot that is freed with it.
pub(crate) struct Held {
    pub(crate) acker: Acker,
    _slot: OwnedSemaphorePermit,
}

impl Claim {
    pub(crate) fn new(
        message: async_nats::jetstream::Message,
        slot: OwnedSemaphorePermit,
        ack_wait: Duration,
        abandoned: mpsc::UnboundedSender<Held>,
    ) -> Option<Self> {
        let (seq, deliveries, stored_at) = {
            let info = message.info().ok()?;
            let stored_at = SystemTime::from(info.published).into();
            (info.stream_sequence, u64::try_from(info.delivered).unwrap_or(1), stored_at)
        };
        let (message, acker) = message.split();
        Some(Self {
            held: Some(Held { acker, _slot: slot }),
            headers: message.headers,
            payload: message.payload,
            seq,
            deliveries,
            stored_at,
            ack_wait,
            abandoned,
        })
    }

    /// Where the message is in its stream.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether somebody held this message before us: a worker that died, hung or handed it back.
    #[must_use]
    pub const fn is_redelivered(&self) -> bool {
        self.deliveries > 1
    }

    /// Reads it as an event.
    ///
    /// # Errors
    /// [`WireError`] where it is not one.
    pub fn event(&self) -> Result<StoredEvent, WireError> {
        events::parse(self.headers.as_ref(), self.payload.clone(), self.seq, self.stored_at)
    }

    /// Where the event is that is to be fanned out now; `None` where it is no such message.
    #[must_use]
    pub fn fan_out(&self) -> Option<u64> {
        serde_json::from_slice(&self.payload).ok().map(|FanOut { fan_out }| fan_out)
    }

    /// Reads it as a delivery.
    ///
    /// # Errors
    /// [`WireError`] where it is not one.
    pub fn delivery(&self) -> Result<Delivery, WireError> {
        Ok(serde_json::from_slice(&self.payload)?)
    }

    /// Reads it as attempts made.
    ///
    /// # Errors
    /// [`WireError`] where it holds anything else.
    pub fn attempts(&self) -> Result<Vec<Attempt>, WireError> {
        crate::attempts::parse(&self.payload)
    }

    /// Reads it as a dead letter.
    ///
    /// # Errors
    /// [`WireError`] where it is not one.
    pub fn dead_letter(&self) -> Result<DeadLetter, WireError> {
        wire::head(self.headers.as_ref(), wire::DEAD_LETTER)
    }

    /// What was noted beside a revision of a bucket's key.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        Some(self.headers.as_ref()?.get(wire::NOTE)?.as_str())
    }

    /// Tells the broker that what became of it is stored. The broker is not waited for: an
    /// acknowledgement lost with the connection brings the message back, and that is allowed.
    pub async fn ack(mut self) {
        self.settle(AckKind::Ack).await;
    }

    /// Gives it back, to be offered to another worker at once.
    pub async fn release(mut self) {
        self.settle(AckKind::Nak(None)).await;
    }

    /// Gives it back, to be offered again after `wait`. The broker counts it as held until then,
    /// so this is for trouble of ours that passes soon, never for a retry.
    pub async fn release_after(mut self, wait: Duration) {
        self.settle(AckKind::Nak(Some(wait))).await;
    }

    /// Runs `work`, telling the broker that we are at it for as long as it lasts, so that slow
    /// work is not given to somebody else.
    pub async fn keep_while<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        let every = self.ack_wait / 2;
        loop {
            match tokio::time::timeout(every, &mut work).await {
                Ok(done) => return done,
                Err(_) => self.in_progress().await,
            }
        }
    }

    async fn in_progress(&self) {
        if let Some(held) = &self.held
            && let Err(error) = held.acker.ack_with(AckKind::Progress).await
        {
            debug!(%error, "could not tell the broker that a claim is still held");
        }
    }

    async fn settle(&mut self, how: AckKind) {
        if let Some(held) = self.held.take() {
            held.settle(how).await;
        }
    }
}

impl Held {
    pub(crate) async fn settle(self, how: AckKind) {
        if let Err(error) = self.acker.ack_with(how).await {
            warn!(%error, "could not settle a claim; the broker will offer it again");
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            // Without an intake to hear it, the broker's own patience brings the message back.
            let _ = self.abandoned.send(held);
        }
    }
}
