//! What the recorder read since it last wrote.

use bytes::Bytes;
use posthaste_domain::{Attempt, DeadLetter, Event};

/// An event as the recorder found it in its stream.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// What is known of it.
    pub event: Event,
    /// The producer's JSON, byte for byte.
    pub payload: Bytes,
}

/// Everything written in one transaction: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Accepted events; one that is known already changes nothing.
    pub events: Vec<RecordedEvent>,
    /// Attempts made.
    pub attempts: Vec<Attempt>,
    /// Dead letters, each with its sequence in the stream.
    pub dead_letters: Vec<(u64, DeadLetter)>,
}

impl Batch {
    /// How many rows it will make.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.events.len() + self.attempts.len() + self.dead_letters.len()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
