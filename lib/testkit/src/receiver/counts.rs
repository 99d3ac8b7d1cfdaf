//! What a receiver tells that counts requests instead of keeping them.

use std::collections::HashMap;
use std::time::Duration;

use super::{Receiver, reaches};

impl Receiver {
    /// How many different values of the header came, if the receiver counts.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.ledger.tally(|tally| tally.by_id.len())
    }

    /// How many requests repeated a value that had come before, if the receiver counts.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.ledger.tally(|tally| tally.identified - tally.by_id.len())
    }

    /// How often each value of the header came, if the receiver counts.
    #[must_use]
    pub fn counts(&self) -> HashMap<String, u32> {
        self.ledger.tally(|tally| tally.by_id.clone())
    }

    /// Waits until at least `n` different values of the header came, if the receiver counts.
    ///
    /// # Panics
    /// When the time is over.
    pub async fn wait_distinct(&self, n: usize, bound: Duration) {
        let mut count = self.ledger.count();
        let enough = reaches(&mut count, |_| self.distinct() >= n);
        self.expect(&format!("{n} different ids"), bound, enough).await;
    }
}
