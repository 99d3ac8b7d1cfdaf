//! The attempt stream: what each try came to, many to a message.

use async_nats::HeaderMap;
use bytes::Bytes;
use posthaste_domain::Attempt;

use crate::{
    Bus, PublishError, ReadError, read::is_absent, subject, topology::ATTEMPTS, wire::WireError,
};

/// Attempts written one to a line, ready to be stored as one message.
#[derive(Clone, Debug, Default)]
pub struct AttemptBatch {
    lines: Vec<u8>,
    len: usize,
}

impl AttemptBatch {
    /// The most attempts in one message.
    pub const MAX_LEN: usize = 256;
    /// The size beyond which a batch takes no more, in bytes: one attempt with a kept answer of
    /// 16 KiB still fits under the server's default limit of 1 MiB.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// The longest account of one attempt, in bytes of JSON: 16 KiB of an answer, six bytes for each
    /// where JSON escapes them, a URL of 64 KiB, and the rest.
    pub const ACCOUNT_MAX: usize = 192 * 1024;

    /// Adds an attempt.
    ///
    /// # Errors
    /// [`WireError`] where it cannot be written, or is longer than [`Self::ACCOUNT_MAX`], for one of
    /// those would take all the others along; the batch is as it was.
    pub fn push(&mut self, attempt: &Attempt) -> Result<(), WireError> {
        let before = self.lines.len();
        if let Err(error) = serde_json::to_writer(&mut self.lines, attempt) {
            self.lines.truncate(before);
            return Err(error.into());
        }
        if self.lines.len() - before > Self::ACCOUNT_MAX {
            self.lines.truncate(before);
            return Err(WireError::TooLong(Self::ACCOUNT_MAX));
        }
        self.lines.push(b'\n');
        self.len += 1;
        Ok(())
    }

    /// How many attempts it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it should be stored before another is added.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.len >= Self::MAX_LEN || self.lines.len() >= Self::MAX_BYTES
    }
}

/// Reads the attempts of one message.
///
/// # Errors
/// [`WireError`] where a line is not an attempt.
pub fn parse(body: &[u8]) -> Result<Vec<Attempt>, WireError> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
}

impl Bus {
    /// Stores a batch and waits for the confirmation.
    ///
    /// A repeat after a lost confirmation stores it twice; every attempt has an id, by which
    /// readers tell.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn record(&self, batch: &AttemptBatch) -> Result<(), PublishError> {
        let body = Bytes::copy_from_slice(&batch.lines);
        self.publish(subject::RECORDED.to_owned(), HeaderMap::new(), body).await?;
        Ok(())
    }

    /// The first stored batch at sequence `from` or after it, and its sequence; `None` past the
    /// end.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer or the batch is not in our form.
    pub async fn attempts_from(&self, from: u64) -> Result<Option<(u64, Vec<Attempt>)>, ReadError> {
        let stream = self.stream(ATTEMPTS).await?;
        let request =
            stream.raw_message_builder().sequence(from.max(1)).next_by_subject(subject::RECORDED);
        match request.send().await {
            Ok(message) => Ok(Some((message.sequence, parse(&message.payload)?))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(ReadError::unavailable(error)),
        }
    }
}
