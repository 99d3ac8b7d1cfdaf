//! Lanes keep waiting work from delaying new work.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which queue a delivery waits in; each lane has its own slots in every worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// First attempts of events with many endpoints.
    Fresh,
    /// Attempts after a failed one.
    Retry,
    /// Redrives and replays.
    Bulk,
}

impl Lane {
    /// Every lane, in order of precedence.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Retry, Self::Bulk];

    /// The lane's name on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Retry => "retry",
            Self::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Lane {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text).ok_or(())
    }
}
