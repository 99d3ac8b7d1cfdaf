//! Which request is answered how.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Answer, Received};

/// A function from a request to its answer.
#[derive(Clone)]
pub struct Script(Arc<dyn Fn(&Received) -> Answer + Send + Sync>);

impl Script {
    /// Answers by any function, which may look at the request and at its ordinal.
    #[must_use]
    pub fn new(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// Answers every request alike.
    #[must_use]
    pub fn always(answer: Answer) -> Self {
        Self::new(move |_| answer.clone())
    }

    /// Answers the first requests that meet this script by this list, and all after them alike.
    #[must_use]
    pub fn sequence(first: Vec<Answer>, then: Answer) -> Self {
        let met = AtomicUsize::new(0);
        Self::new(move |_| {
            let turn = met.fetch_add(1, Ordering::Relaxed);
            first.get(turn).unwrap_or(&then).clone()
        })
    }

    pub(super) fn answer(&self, received: &Received) -> Answer {
        (self.0)(received)
    }
}
