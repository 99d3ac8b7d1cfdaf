//! Watching a bucket through whatever befalls the connection.

use async_nats::jetstream::kv::{self, Entry, Operation, WatcherErrorKind};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tracing::debug;

use super::{Bucket, BucketError, unavailable};
use crate::connection::LinkState;

/// Every key, as a filter.
const EVERYTHING: &str = ">";

/// One step of a bucket's life as a watcher sees it.
#[derive(Clone, Debug)]
pub enum Change {
    /// A key has this value now.
    Put {
        /// The key.
        key: String,
        /// Its value.
        value: Bytes,
        /// The bucket's revision with this write.
        revision: u64,
    },
    /// A key is gone.
    Gone {
        /// The key.
        key: String,
        /// The bucket's revision with this write.
        revision: u64,
    },
    /// Everything that was in the bucket when the watch began has been told.
    CaughtUp,
    /// The watch broke off and starts anew; what follows may repeat what was told.
    Interrupted,
}

impl Bucket {
    /// Tells everything in the bucket, then every change, for as long as the process lives.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch {
            bucket: self.clone(),
            link: self.bus.link(),
            entries: None,
            next_revision: 1,
            target: 0,
            caught_up: false,
        }
    }

    async fn watch_from(&self, next_revision: u64) -> Result<Begun, BucketError> {
        let state = self.store.stream.get_info().await.map_err(unavailable)?.state;
        // Where the bucket is younger than what we know, it was lost and made anew.
        let from = if state.last_sequence < next_revision - 1 { 1 } else { next_revision };
        let target = if state.messages == 0 { 0 } else { state.last_sequence };
        // From the start on only what is there now is of interest, not how it came to be.
        let entries = match from {
            1 => self.store.watch_with_history(EVERYTHING).await,
            _ => self.store.watch_all_from_revision(from).await,
        };
        let entries = entries.map_err(unavailable)?;
        Ok(Begun { from, target, entries })
    }
}

/// A watch as it was begun.
struct Begun {
    from: u64,
    target: u64,
    entries: kv::Watch,
}

/// A watch that outlives the connection: it resumes after the last revision it told.
pub struct Watch {
    bucket: Bucket,
    link: watch::Receiver<LinkState>,
    entries: Option<kv::Watch>,
    /// The first revision that has not been told.
    next_revision: u64,
    /// The last revision there was when the watch began; 0 where the bucket was empty.
    target: u64,
    caught_up: bool,
}

impl Watch {
    /// The next change.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`] where the watch cannot be begun; asking again tries again.
    pub async fn next(&mut self) -> Result<Change, BucketError> {
        loop {
            if self.entries.is_none() && !self.begin().await? {
                continue;
            }
            if !self.caught_up && self.next_revision > self.target {
                self.caught_up = true;
                return Ok(Change::CaughtUp);
            }
            let Some(entries) = &mut self.entries else { continue };
            let wake = tokio::select! {
                biased;
                // The server forgets a watch with its connection, and noticing that by missed
                // heartbeats would leave us blind for seconds.
                Ok(()) = self.link.changed() => None,
                entry = entries.next() => entry,
            };
            match wake {
                Some(Ok(entry)) => return Ok(self.told(entry)),
                Some(Err(error)) if error.kind() == WatcherErrorKind::Other => {
                    debug!(%error, "a watch stumbled; beginning it anew");
                    self.entries = None;
                }
                Some(Err(_)) | None => self.entries = None,
            }
            if self.entries.is_none() {
                return Ok(Change::Interrupted);
            }
        }
    }

    /// Begins the watch; `false` where the connection changed meanwhile, for a question that was
    /// lost with it is answered by nobody.
    async fn begin(&mut self) -> Result<bool, BucketError> {
        self.link.mark_unchanged();
        let begun = tokio::select! {
            biased;
            Ok(()) = self.link.changed() => return Ok(false),
            begun = self.bucket.watch_from(self.next_revision) => begun?,
        };
        self.next_revision = begun.from;
        self.target = begun.target;
        self.entries = Some(begun.entries);
        self.caught_up = false;
        Ok(true)
    }

    fn told(&mut self, entry: Entry) -> Change {
        let Entry { key, value, revision, operation, delta, .. } = entry;
        self.next_revision = revision + 1;
        if delta == 0 {
            self.target = self.target.min(revision); // nothing is behind it
        }
        match operation {
            Operation::Put => Change::Put { key, value, revision },
            Operation::Delete | Operation::Purge => Change::Gone { key, revision },
        }
    }
}
