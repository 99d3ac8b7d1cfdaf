//! The one way to change the registry.
//!
//! A record is changed from what was read, or not at all; then it is read and changed anew. An
//! endpoint is created only while there is its application, and an application goes with its
//! endpoints, whoever creates and deletes at the same moment.

mod application;
mod endpoint;
mod event_type;
mod profile;
mod secret_key;

use std::time::Duration;

use bytes::Bytes;
use posthaste_bus::{Bucket, BucketError};
use posthaste_domain::{RotateError, Timestamp};
use rand::Rng as _;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use crate::{Registry, SealError, Sealer};

/// How often a change is computed anew because somebody else changed the record meanwhile.
pub(crate) const RACES: usize = 16;
/// The longest wait before that, in milliseconds; each waits its own, so that writers who met do
/// not meet again.
const STEP_ASIDE_MS: u32 = 50;
/// How long a write may take to come back through this process's own watch.
const VISIBLE_WITHIN: Duration = Duration::from_secs(5);

/// Why the registry was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another application or endpoint has this uid.
    #[error("the uid is taken")]
    UidTaken,
    /// There is one already.
    #[error("it exists already")]
    Exists,
    /// There is none, or no application that it could belong to.
    #[error("there is no such thing")]
    NotFound,
    /// Ten replaced secrets are still valid.
    #[error(transparent)]
    TooManyOldSecrets(#[from] RotateError),
    /// The secret cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The broker did not confirm, or the change did not come back in time. It may be made all
    /// the same.
    #[error("the registry did not confirm the change")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Changes the registry. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    pub(crate) bucket: Bucket,
    registry: Registry,
    sealer: Sealer,
    settle: Duration,
    clock: fn() -> std::time::SystemTime,
}

#[derive(Debug, thiserror::Error)]
#[error("the change was not seen within {VISIBLE_WITHIN:?}")]
struct NotSeen;

#[derive(Debug, thiserror::Error)]
#[error("the record was changed by others {RACES} times in a row")]
pub(crate) struct Contended;

impl Writer {
    /// A writer that waits, after each write, until `registry` shows it and `settle` has passed,
    /// in which other processes' views come to show it too.
    #[must_use]
    pub const fn new(
        bucket: Bucket,
        registry: Registry,
        sealer: Sealer,
        settle: Duration,
        clock: fn() -> std::time::SystemTime,
    ) -> Self {
        Self { bucket, registry, sealer, settle, clock }
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<(T, u64), WriteError> {
        let found = self.bucket.get(key).await.map_err(unavailable)?;
        let (value, revision) = found.ok_or(WriteError::NotFound)?;
        Ok((serde_json::from_slice(&value).map_err(unavailable)?, revision))
    }

    async fn create<T: Serialize>(
        &self,
        key: &str,
        record: &T,
        note: Option<&str>,
    ) -> Result<(), WriteError> {
        let value = json(record)?;
        let revision = match self.bucket.create_noted(key, value.clone(), note).await {
            Ok(revision) => revision,
            Err(BucketError::Taken) => match self.bucket.get(key).await.map_err(unavailable)? {
                // Our own, whose confirmation was lost.
                Some((stored, revision)) if stored == value => revision,
                Some(_) | None => return Err(WriteError::Exists),
            },
            Err(error) => return Err(unavailable(error)),
        };
        self.shown(revision).await
    }

    /// Writes `next` over `revision`, moving the uid along from the first of `uids` to the second;
    /// `false` where the record was changed meanwhile.
    async fn replace<T: Serialize>(
        &self,
        key: &str,
        next: &T,
        revision: u64,
        uids: (Option<String>, Option<String>),
        note: Option<&str>,
    ) -> Result<bool, WriteError> {
        let (old_uid, new_uid) = uids;
        let moved = old_uid != new_uid;
        if moved && let Some(uid) = &new_uid {
            self.reserve(uid, key).await?;
        }
        let revision = match self.bucket.update_noted(key, json(next)?, revision, note).await {
            Ok(revision) => revision,
            // A reservation made for it stays ours and is found again by the next try.
            Err(BucketError::Changed) => {
                Self::step_aside().await;
                return Ok(false);
            }
            Err(error) => return Err(unavailable(error)),
        };
        if moved && let Some(uid) = &old_uid {
            self.give_up(uid, key).await?;
        }
        self.shown(revision).await?;
        Ok(true)
    }

    async fn step_aside() {
        let wait = rand::rng().next_u32() % STEP_ASIDE_MS;
        tokio::time::sleep(Duration::from_millis(wait.into())).await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)().into()
    }

    /// Waits until the view shows `revision`, and for others to follow.
    async fn shown(&self, revision: u64) -> Result<(), WriteError> {
        self.seen(|registry| registry.revision() >= revision).await
    }

    async fn seen(&self, shows: impl Fn(&Registry) -> bool) -> Result<(), WriteError> {
        self.shows(shows).await?;
        tokio::time::sleep(self.settle).await;
        Ok(())
    }

    async fn shows(&self, shows: impl Fn(&Registry) -> bool) -> Result<(), WriteError> {
        let mut progress = self.registry.progress();
        let shown = async {
            // Not `wait_for`: its closure runs under the lock that `revision` takes.
            while !shows(&self.registry) {
                progress.changed().await?;
            }
            Ok::<_, tokio::sync::watch::error::RecvError>(())
        };
        match timeout(VISIBLE_WITHIN, shown).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(unavailable(NotSeen)),
        }
    }
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<Bytes, WriteError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(unavailable)
}

pub(crate) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> WriteError {
    WriteError::Unavailable(error.into())
}
