//! Latencies, in few words.

use serde::{Deserialize, Serialize};

/// What half, most, and all of many latencies stayed within, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Quantiles {
    pub(super) p50: u32,
    pub(super) p99: u32,
    pub(super) max: u32,
}

impl Quantiles {
    /// Of the given latencies, by the nearest rank; all zero where there are none.
    pub(super) fn of(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        let at = |percent: usize| {
            let rank = (micros.len() * percent).div_ceil(100).max(1);
            micros.get(rank - 1).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
        assert_eq!(Quantiles::of(vec![7]), Quantiles { p50: 7, p99: 7, max: 7 });
        let hundred = (1..=100).rev().collect();
        assert_eq!(Quantiles::of(hundred), Quantiles { p50: 50, p99: 99, max: 100 });
    }
}
