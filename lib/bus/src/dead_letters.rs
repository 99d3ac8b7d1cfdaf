//! The dead-letter stream: deliveries nobody took, each with everything needed to send it again.

use async_nats::{HeaderMap, header::NATS_MESSAGE_ID, jetstream::message::StreamMessage};
use bytes::Bytes;
use posthaste_domain::{AppId, DeadLetter, EndpointId};

use crate::{Bus, PublishError, ReadError, subject, topology::DEAD_LETTERS, wire, wire::WireError};

/// A dead letter as it lies in the stream.
#[derive(Clone, Debug)]
pub struct StoredDeadLetter {
    /// Its sequence, which is also its name for operators.
    pub seq: u64,
    /// What it says.
    pub letter: DeadLetter,
    /// The event's payload; empty where the event was gone.
    pub payload: Bytes,
}

impl Bus {
    /// Stores a dead letter and waits for the confirmation. A repeat within the stream's dedup
    /// window changes nothing, so a worker that dies between this and its acknowledgement leaves
    /// one letter.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn bury(&self, letter: &DeadLetter, payload: Bytes) -> Result<(), PublishError> {
        let delivery = &letter.delivery;
        let mut headers = HeaderMap::new();
        let id = format!("{}:{}:{}", delivery.message, delivery.endpoint, delivery.run_start);
        headers.insert(NATS_MESSAGE_ID, id);
        wire::put_head(&mut headers, wire::DEAD_LETTER, letter)?;
        let subject = subject::dead(&delivery.app, &delivery.endpoint);
        self.publish(subject, headers, payload).await?;
        Ok(())
    }

    /// The first `limit` dead letters from sequence `from` on, oldest first, of one application or
    /// endpoint where given.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer or a letter is not in our form.
    pub async fn dead_letters(
        &self,
        app: Option<&AppId>,
        endpoint: Option<&EndpointId>,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredDeadLetter>, ReadError> {
        let stream = self.stream(DEAD_LETTERS).await?;
        let filter = subject::dead_filter(app, endpoint);
        let mut found = Vec::new();
        let mut next = from.max(1);
        while found.len() < limit {
            let request = stream.raw_message_builder().sequence(next).next_by_subject(&*filter);
            match request.send().await {
                Ok(message) => {
                    next = message.sequence + 1;
                    found.push(parse(message)?);
                }
                Err(error) if crate::read::is_absent(&error) => break,
                Err(error) => return Err(ReadError::unavailable(error)),
            }
        }
        Ok(found)
    }

    /// The dead letter at `seq`; `None` where there is none (any more).
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer or the letter is not in our form.
    pub async fn dead_letter(&self, seq: u64) -> Result<Option<StoredDeadLetter>, ReadError> {
        let found = self.message_at(DEAD_LETTERS, seq).await?;
        found.map(parse).transpose()
    }

    /// Removes a dead letter; `false` where there was none.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn discard_dead_letter(&self, seq: u64) -> Result<bool, ReadError> {
        if self.message_at(DEAD_LETTERS, seq).await?.is_none() {
            return Ok(false);
        }
        let stream = self.stream(DEAD_LETTERS).await?;
        stream.delete_message(seq).await.map_err(ReadError::unavailable)
    }
}

fn parse(message: StreamMessage) -> Result<StoredDeadLetter, ReadError> {
    let letter: Result<DeadLetter, WireError> =
        wire::head(Some(&message.headers), wire::DEAD_LETTER);
    Ok(StoredDeadLetter { seq: message.sequence, letter: letter?, payload: message.payload })
}
