//! The pull requests that the server still has, as far as we can know.
//!
//! Each ends by being filled, with a word from the server, or silently: a consumer's leader that
//! dies takes its requests along. So each is remembered with the moment at which it has ended in
//! any case, whatever is asked after it.

use std::collections::VecDeque;

use tokio::time::Instant;

/// Requests that have not ended, oldest first.
#[derive(Default)]
pub(crate) struct Requests {
    waiting: VecDeque<Request>,
}

struct Request {
    /// How many messages it may still bring.
    unfilled: usize,
    /// When it has ended even if nobody says so.
    gone_at: Instant,
}

impl Requests {
    /// How many messages may still be brought.
    pub(crate) fn unfilled(&self) -> usize {
        self.waiting.iter().map(|request| request.unfilled).sum()
    }

    /// When the first of them has ended in any case.
    pub(crate) fn first_gone_at(&self) -> Option<Instant> {
        self.waiting.front().map(|request| request.gone_at)
    }

    pub(crate) fn add(&mut self, batch: usize, gone_at: Instant) {
        self.waiting.push_back(Request { unfilled: batch, gone_at });
    }

    /// One of them ended, or all together brought, so many. Which of them it was does not matter:
    /// they all have the same time to live, so the oldest is the first to end.
    pub(crate) fn less(&mut self, mut count: usize) {
        while let Some(oldest) = self.waiting.front_mut() {
            let taken = count.min(oldest.unfilled);
            oldest.unfilled -= taken;
            count -= taken;
            if oldest.unfilled > 0 {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Drops those that have ended by `now` in any case; tells whether there were any.
    pub(crate) fn forget(&mut self, now: Instant) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|request| request.gone_at > now);
        self.waiting.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIFE: Duration = Duration::from_secs(2);

    #[test]
    fn what_is_brought_or_ends_is_no_longer_awaited() {
        let now = Instant::now();
        let mut requests = Requests::default();
        requests.add(8, now + LIFE);
        requests.add(2, now + LIFE);
        requests.less(1);
        assert_eq!(requests.unfilled(), 9);
        requests.less(8);
        assert_eq!(requests.unfilled(), 1);
        requests.less(5);
        assert_eq!((requests.unfilled(), requests.first_gone_at()), (0, None));
    }

    #[test]
    fn a_request_that_is_lost_is_forgotten_in_time_whatever_is_asked_after_it() {
        let begun = Instant::now();
        let mut requests = Requests::default();
        requests.add(6, begun + LIFE);
        // Two slots stay busy: what they ask for is brought, and asked for anew.
        for second in 1..=5 {
            let now = begun + Duration::from_secs(second);
            requests.forget(now);
            requests.add(2, now + LIFE);
            requests.less(2);
        }
        assert!(requests.unfilled() <= 2, "{} are lost", requests.unfilled());
    }
}
