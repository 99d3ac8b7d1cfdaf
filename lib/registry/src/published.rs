//! A delivery profile that an operator has published.

use std::{fmt, sync::Arc};

use posthaste_domain::{OrgId, ProfileRef, Timestamp};
use posthaste_profile::{Fault, Profile};
use serde::{Deserialize, Serialize};

/// A profile, its text, and when it was published.
#[derive(Clone)]
pub struct Published {
    /// The profile.
    pub profile: Arc<Profile>,
    /// The text that it was published as, byte for byte.
    pub document: Arc<str>,
    /// When it was published.
    pub created_at: Timestamp,
}

/// A profile as it is stored; its key says whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProfileRecord {
    pub(crate) org: OrgId,
    pub(crate) reference: ProfileRef,
    pub(crate) document: String,
    pub(crate) created_at: Timestamp,
}

impl ProfileRecord {
    /// # Errors
    /// The faults of one that was written by another version of us.
    pub(crate) fn open(self) -> Result<Published, Vec<Fault>> {
        Ok(Published {
            profile: Arc::new(Profile::parse(&self.document)?),
            document: self.document.into(),
            created_at: self.created_at,
        })
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Published({})", self.profile.reference)
    }
}
