//! Reading a bucket, or a part of it, once.

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, ReplayPolicy, push::OrderedConfig};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::{Bucket, BucketError, OPERATION, unavailable};

/// How long the broker may keep silent while a bucket is read.
const SILENCE: Duration = Duration::from_secs(5);

/// A key that is in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketEntry {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Bytes,
    /// The revision to name when changing it.
    pub revision: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("the broker fell silent while the bucket was read")]
struct Silent;

impl Bucket {
    /// Every key that begins with the tokens of `prefix`, those between dots, or every key where
    /// it is empty; in the order in which they were written last. All of it is held in memory.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`]; [`BucketError::Key`] where the prefix cannot begin a key.
    pub async fn entries(&self, prefix: &str) -> Result<Vec<BucketEntry>, BucketError> {
        let below = match prefix {
            "" => ">".to_owned(),
            prefix if super::is_key(prefix) => format!("{prefix}.>"),
            _ => return Err(BucketError::Key),
        };
        let consumer = self
            .store
            .stream
            .create_consumer(OrderedConfig {
                deliver_subject: self.bus.client.new_inbox(),
                filter_subject: format!("{}{below}", self.store.prefix),
                replay_policy: ReplayPolicy::Instant,
                deliver_policy: DeliverPolicy::LastPerSubject,
                ..OrderedConfig::default()
            })
            .await
            .map_err(unavailable)?;
        let mut found = Vec::new();
        if consumer.cached_info().num_pending == 0 {
            return Ok(found);
        }
        let mut messages = consumer.messages().await.map_err(unavailable)?;
        loop {
            let next = timeout(SILENCE, messages.next()).await.map_err(|_| unavailable(Silent))?;
            let message = next.ok_or_else(|| unavailable(Silent))?.map_err(unavailable)?;
            let (revision, behind) = {
                let info = message.info().map_err(unavailable)?;
                (info.stream_sequence, info.pending)
            };
            let is_removal =
                message.headers.as_ref().is_some_and(|all| all.get(OPERATION).is_some());
            if let Some(key) = message.subject.strip_prefix(&self.store.prefix)
                && !is_removal
            {
                let value = message.payload.clone();
                found.push(BucketEntry { key: key.to_owned(), value, revision });
            }
            if behind == 0 {
                return Ok(found);
            }
        }
    }
}
