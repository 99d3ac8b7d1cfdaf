//! What was sent, so that a receiver may ask whether what it got is ours.
//!
//! Kept as digests in a bucket of their own, noted before the first byte goes out: a receiver may
//! ask while the request is still under way.

use bytes::Bytes;
use posthaste_domain::{AppId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Bucket, BucketError, wire::WireError};

/// That a body was sent to an endpoint of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The message that it was made of, the newest where several make the same body.
    pub message: MessageId,
    /// When it was first sent.
    pub first_at: Timestamp,
    /// When it was last sent.
    pub last_at: Timestamp,
}

/// The bucket of what was sent. Cheap to clone.
#[derive(Clone)]
pub struct SentLog(Bucket);

impl SentLog {
    pub(crate) const fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }

    /// Notes that `message` is being sent at `at` to an endpoint of `app` in a body of this digest.
    /// Notes of one digest replace each other; when the same message was first sent stays.
    ///
    /// # Errors
    /// [`BucketError`] where it is not known to be noted.
    pub async fn note(
        &self,
        app: &AppId,
        digest: &[u8; 32],
        message: &MessageId,
        at: Timestamp,
    ) -> Result<(), BucketError> {
        let key = key(app, digest);
        let first = Sent { message: message.clone(), first_at: at, last_at: at };
        match self.0.create(&key, json(&first)?).await {
            Err(BucketError::Taken) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
        let Some((value, _)) = self.0.get_settled(&key).await? else {
            // It has just come of age.
            return self.0.put(&key, json(&first)?).await.map(|_| ());
        };
        let known: Sent = serde_json::from_slice(&value).map_err(unreadable)?;
        let last_at = known.last_at.max(at);
        // Another message with the same body was first sent when it was.
        let first_at = if known.message == *message { known.first_at } else { at };
        // Whoever writes at the same moment writes much the same.
        self.0.put(&key, json(&Sent { first_at, last_at, ..first })?).await?;
        Ok(())
    }

    /// What is known of a digest, for the application it was sent for.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`].
    pub async fn find(&self, app: &AppId, digest: &[u8; 32]) -> Result<Option<Sent>, BucketError> {
        match self.0.get_settled(&key(app, digest)).await? {
            Some((value, _)) => Ok(Some(serde_json::from_slice(&value).map_err(unreadable)?)),
            None => Ok(None),
        }
    }
}

fn key(app: &AppId, digest: &[u8; 32]) -> String {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{app}.{hex}")
}

fn json(sent: &Sent) -> Result<Bytes, BucketError> {
    serde_json::to_vec(sent).map(Bytes::from).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> BucketError {
    BucketError::Unavailable(WireError::from(error).into())
}
