//! A watched key-value bucket.

mod entries;
mod watch;

use async_nats::{
    HeaderMap,
    header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
    jetstream::kv::{Operation, Store},
};
use bytes::Bytes;

pub use self::{
    entries::BucketEntry,
    watch::{Change, Watch},
};
use crate::{Bus, PublishError, read::is_absent, retry::Step, wire};

/// Marks a message as the removal of its key.
const OPERATION: &str = "KV-Operation";
const DELETE: &str = "DEL";

/// Why a bucket could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The key exists already.
    #[error("the key is taken")]
    Taken,
    /// The key was changed since it was read.
    #[error("the key has changed meanwhile")]
    Changed,
    /// A key has characters other than letters, digits and `-/_=.`, or a dot at an end.
    #[error("the key cannot be one")]
    Key,
    /// The bucket is at its size limit, and what is in it is not old enough to go.
    #[error("the bucket is full")]
    Full,
    /// The value is larger than the bucket takes.
    #[error("the value is larger than the bucket takes")]
    TooLarge,
    /// The broker did not answer, or refused.
    #[error("the broker did not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BucketError {
    BucketError::Unavailable(error.into())
}

/// A bucket of the broker. Cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    bus: Bus,
    store: Store,
}

impl Bucket {
    pub(crate) const fn new(bus: Bus, store: Store) -> Self {
        Self { bus, store }
    }

    /// The value of a key and the revision to name when changing it.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`].
    pub async fn get(&self, key: &str) -> Result<Option<(Bytes, u64)>, BucketError> {
        let entry = self.store.entry(key).await.map_err(unavailable)?;
        Ok(entry
            .filter(|entry| entry.operation == Operation::Put)
            .map(|entry| (entry.value, entry.revision)))
    }

    /// As [`Bucket::get`], for what may have been written a moment ago by somebody else: where the
    /// server that is asked does not know the key, the one that all writes go through is asked.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`].
    pub async fn get_settled(&self, key: &str) -> Result<Option<(Bytes, u64)>, BucketError> {
        if let Some(found) = self.get(key).await? {
            return Ok(Some(found));
        }
        let subject = format!("{}{key}", self.store.prefix);
        match self.store.stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) if message.headers.get(OPERATION).is_none() => {
                Ok(Some((message.payload, message.sequence)))
            }
            Ok(_) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Writes a key, whatever its value; returns the revision.
    ///
    /// # Errors
    /// [`BucketError`], but for [`Taken`](BucketError::Taken) and
    /// [`Changed`](BucketError::Changed).
    pub async fn put(&self, key: &str, value: Bytes) -> Result<u64, BucketError> {
        self.write(Write { key, value, ..Write::default() }).await
    }

    /// Writes a key that must not exist; returns the revision.
    ///
    /// # Errors
    /// [`BucketError::Taken`] where it exists.
    pub async fn create(&self, key: &str, value: Bytes) -> Result<u64, BucketError> {
        self.create_noted(key, value, None).await
    }

    /// As [`Bucket::create`], with a note that whoever follows the revisions is given beside it.
    ///
    /// # Errors
    /// [`BucketError::Taken`] where the key exists.
    pub async fn create_noted(
        &self,
        key: &str,
        value: Bytes,
        note: Option<&str>,
    ) -> Result<u64, BucketError> {
        let at = |revision| Write {
            key,
            value: value.clone(),
            expected: Some(revision),
            note,
            ..Write::default()
        };
        match self.write(at(0)).await {
            Err(BucketError::Changed) => {}
            other => return other,
        }
        // Where the key existed before, its removal is the last thing that is known of it.
        let removed = match self.store.entry(key).await.map_err(unavailable)? {
            Some(entry) if entry.operation == Operation::Put => return Err(BucketError::Taken),
            Some(entry) => entry.revision,
            None => 0,
        };
        match self.write(at(removed)).await {
            Err(BucketError::Changed) => Err(BucketError::Taken),
            other => other,
        }
    }

    /// Writes a key that must still be at `revision`; returns the new revision.
    ///
    /// # Errors
    /// [`BucketError::Changed`] where it is not.
    pub async fn update(&self, key: &str, value: Bytes, revision: u64) -> Result<u64, BucketError> {
        self.update_noted(key, value, revision, None).await
    }

    /// As [`Bucket::update`], with a note that whoever follows the revisions is given beside it.
    ///
    /// # Errors
    /// [`BucketError::Changed`] where the key is not at `revision`.
    pub async fn update_noted(
        &self,
        key: &str,
        value: Bytes,
        revision: u64,
        note: Option<&str>,
    ) -> Result<u64, BucketError> {
        let expected = Some(revision);
        self.write(Write { key, value, expected, note, ..Write::default() }).await
    }

    /// Removes a key, whatever its value.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`].
    pub async fn delete(&self, key: &str) -> Result<(), BucketError> {
        self.write(Write { key, removes: true, ..Write::default() }).await?;
        Ok(())
    }

    /// Removes a key that must still be at `revision`.
    ///
    /// # Errors
    /// [`BucketError::Changed`] where it is not.
    pub async fn delete_at(&self, key: &str, revision: u64) -> Result<(), BucketError> {
        self.delete_at_noted(key, revision, None).await
    }

    /// As [`Bucket::delete_at`], with a note that whoever follows the revisions is given beside it.
    ///
    /// # Errors
    /// [`BucketError::Changed`] where the key is not at `revision`.
    pub async fn delete_at_noted(
        &self,
        key: &str,
        revision: u64,
        note: Option<&str>,
    ) -> Result<(), BucketError> {
        let expected = Some(revision);
        self.write(Write { key, expected, note, removes: true, ..Write::default() }).await?;
        Ok(())
    }

    /// Tried once: what a repeat would find changed could be our own first try.
    async fn write(&self, write: Write<'_>) -> Result<u64, BucketError> {
        if !is_key(write.key) {
            return Err(BucketError::Key);
        }
        let mut headers = HeaderMap::new();
        if let Some(revision) = write.expected {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, revision.to_string());
        }
        if let Some(note) = write.note {
            headers.insert(wire::NOTE, note);
        }
        if write.removes {
            headers.insert(OPERATION, DELETE);
        }
        // Whoever asks again at once must not find at once that there is none.
        self.bus.connected_within(self.bus.config.publish_timeout).await;
        let prefix = self.store.put_prefix.as_ref().unwrap_or(&self.store.prefix);
        let subject = format!("{prefix}{}", write.key);
        match self.bus.publish_once(subject, headers, write.value).await {
            Ok(ack) => Ok(ack.sequence),
            Err(Step::Transient(error) | Step::Final(error)) => Err(match error {
                PublishError::Changed => BucketError::Changed,
                PublishError::Full(_) => BucketError::Full,
                PublishError::TooLarge => BucketError::TooLarge,
                error => unavailable(error),
            }),
        }
    }
}

#[derive(Default)]
struct Write<'a> {
    key: &'a str,
    value: Bytes,
    /// The revision that the key must be at; 0 for a key that never was.
    expected: Option<u64>,
    note: Option<&'a str>,
    removes: bool,
}

fn is_key(key: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-/_=.".contains(&b);
    !key.split('.').any(str::is_empty) && key.bytes().all(allowed)
}
