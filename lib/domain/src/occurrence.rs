//! What a producer says of an event beside its payload, for those envelopes that have a place for
//! it.

use serde::{Deserialize, Serialize};

use crate::{Mode, Timestamp, Uid};

/// Kept as it was at the moment of acceptance, so that every attempt says the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When it happened; `None` is when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What it is about, such as the number of a case; at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// More about it, as JSON text of at most 8 KiB. The text `null` is not the same as none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<String>,
    /// Whether it is for real, where the producer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The application's uid at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Uid>,
}

impl Occurrence {
    /// The longest subject, in bytes.
    pub const SUBJECT_MAX: usize = 256;
    /// The longest meta, in bytes of JSON.
    pub const META_MAX: usize = 8 * 1024;

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
