//! How much waits, and for how long.

use async_nats::jetstream::consumer::{Info, PullConsumer};
use posthaste_domain::{Lane, Timestamp};

use crate::{
    Bus, ReadError, Source,
    read::is_absent,
    subject,
    topology::{DEAD_LETTERS, DELIVERIES, EVENTS, FAN_OUT},
};

/// How much waits in the broker, as its leaders see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueStats {
    /// Each source that workers pull from.
    pub sources: Vec<SourceStats>,
    /// Deliveries that the broker will make due later, and those it keeps back for paused endpoints.
    pub scheduled: u64,
    /// Deliveries nobody took.
    pub dead_letters: u64,
    /// Each stream's size.
    pub streams: Vec<StreamStats>,
}

/// One source that workers pull from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceStats {
    /// Which one.
    pub source: Source,
    /// Messages that nobody holds.
    pub ready: u64,
    /// Messages that workers hold.
    pub unacked: u64,
    /// Since when the oldest ready message has waited; `None` where none is ready.
    pub oldest: Option<Timestamp>,
}

/// One stream's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStats {
    /// Its name.
    pub stream: &'static str,
    /// Bytes it takes.
    pub bytes: u64,
    /// Bytes it may take; `None` for no limit.
    pub limit: Option<u64>,
}

impl QueueStats {
    /// Whether nothing is ready, held or scheduled.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.scheduled == 0
            && self.sources.iter().all(|source| source.ready == 0 && source.unacked == 0)
    }
}

impl Bus {
    /// How much waits at this moment.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn queue_stats(&self) -> Result<QueueStats, ReadError> {
        let mut sources =
            vec![self.source_stats(Source::Events, EVENTS, FAN_OUT, subject::EVENTS).await?];
        for lane in Lane::ALL {
            let filter = subject::due_lane(lane);
            let source = Source::Lane(lane);
            sources.push(self.source_stats(source, DELIVERIES, lane.as_str(), &filter).await?);
        }
        let mut streams = Vec::new();
        let mut messages = Vec::new();
        for stream in [EVENTS, DELIVERIES, crate::topology::ATTEMPTS, DEAD_LETTERS] {
            let info = self
                .jetstream
                .get_stream(stream)
                .await
                .map_err(ReadError::unavailable)?
                .cached_info()
                .clone();
            let limit = u64::try_from(info.config.max_bytes).ok();
            streams.push(StreamStats { stream, bytes: info.state.bytes, limit });
            messages.push(info.state.messages);
        }
        let due: u64 = sources[1..].iter().map(|source| source.ready + source.unacked).sum();
        Ok(QueueStats {
            sources,
            // Asked for at different moments, so the difference may be off by what moved between.
            scheduled: messages[1].saturating_sub(due),
            dead_letters: messages[3],
            streams,
        })
    }

    async fn source_stats(
        &self,
        source: Source,
        stream: &'static str,
        consumer: &'static str,
        filter: &str,
    ) -> Result<SourceStats, ReadError> {
        let consumer: PullConsumer = self
            .jetstream
            .get_consumer_from_stream(consumer, stream)
            .await
            .map_err(ReadError::unavailable)?;
        let info = consumer.cached_info();
        let oldest = if info.num_pending == 0 {
            None
        } else {
            self.oldest_ready(stream, info, filter).await?
        };
        Ok(SourceStats {
            source,
            ready: info.num_pending,
            unacked: info.num_ack_pending as u64,
            oldest,
        })
    }

    /// When the first message after the last delivered one was stored. The stream's own first
    /// message would be the oldest unacknowledged one.
    async fn oldest_ready(
        &self,
        stream: &'static str,
        info: &Info,
        filter: &str,
    ) -> Result<Option<Timestamp>, ReadError> {
        let next = info.delivered.stream_sequence + 1;
        let stream = self.stream(stream).await?;
        let request = stream.raw_message_builder().sequence(next).next_by_subject(filter);
        match request.send().await {
            Ok(message) => Ok(Some(std::time::SystemTime::from(message.time).into())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(ReadError::unavailable(error)),
        }
    }
}
