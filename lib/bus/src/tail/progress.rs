//! How far reading has come, over all processes that record.

use std::time::SystemTime;

use async_nats::jetstream::consumer::PullConsumer;
use posthaste_domain::Timestamp;
use tokio::try_join;

use super::Feed;
use crate::{Bus, ReadError, read::is_absent, subject, topology::RECORDER};

/// The last sequence of each stream, in the order of [`Feed::ALL`].
pub type LastSequences = [u64; 3];

/// How far one stream was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedProgress {
    /// Which one.
    pub feed: Feed,
    /// Everything up to this sequence is acknowledged, and so stored.
    pub floor: u64,
    /// Messages that nobody has read.
    pub ready: u64,
    /// Messages that were read and not acknowledged.
    pub unacked: u64,
}

impl FeedProgress {
    /// How many messages are not known to be stored.
    #[must_use]
    pub const fn pending(&self) -> u64 {
        self.ready + self.unacked
    }
}

impl Bus {
    /// The last sequence of each stream that history is written from: whatever the broker has
    /// confirmed before this was called is at these or below.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn last_sequences(&self) -> Result<LastSequences, ReadError> {
        let last = async |feed: Feed| {
            let stream = self.jetstream.get_stream(feed.stream()).await;
            let stream = stream.map_err(ReadError::unavailable)?;
            Ok::<_, ReadError>(stream.cached_info().state.last_sequence)
        };
        let (events, attempts, dead_letters) =
            try_join!(last(Feed::Events), last(Feed::Attempts), last(Feed::DeadLetters))?;
        Ok([events, attempts, dead_letters])
    }

    /// How far each stream was read, in the order of [`Feed::ALL`].
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn feed_progress(&self) -> Result<[FeedProgress; 3], ReadError> {
        let (events, attempts, dead_letters) = try_join!(
            self.progress_of(Feed::Events),
            self.progress_of(Feed::Attempts),
            self.progress_of(Feed::DeadLetters),
        )?;
        Ok([events, attempts, dead_letters])
    }

    /// The sequence and time of the first message that is not known to be stored; `None` where
    /// there is none.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn first_unrecorded(
        &self,
        progress: &FeedProgress,
    ) -> Result<Option<(u64, Timestamp)>, ReadError> {
        let stream = self.stream(progress.feed.stream()).await?;
        let subjects = match progress.feed {
            Feed::Events => subject::EVENTS,
            Feed::Attempts => subject::ATTEMPTS,
            Feed::DeadLetters => subject::DEAD,
        };
        let request =
            stream.raw_message_builder().sequence(progress.floor + 1).next_by_subject(subjects);
        match request.send().await {
            Ok(message) => Ok(Some((message.sequence, SystemTime::from(message.time).into()))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(ReadError::unavailable(error)),
        }
    }

    async fn progress_of(&self, feed: Feed) -> Result<FeedProgress, ReadError> {
        let consumer: PullConsumer = self
            .jetstream
            .get_consumer_from_stream(RECORDER, feed.stream())
            .await
            .map_err(ReadError::unavailable)?;
        let info = consumer.cached_info();
        Ok(FeedProgress {
            feed,
            floor: info.ack_floor.stream_sequence,
            ready: info.num_pending,
            unacked: info.num_ack_pending as u64,
        })
    }
}
