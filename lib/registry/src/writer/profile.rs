//! Publishing delivery profiles.

use std::sync::Arc;

use posthaste_domain::{OrgId, Timestamp};
use posthaste_profile::{Preset, Profile};

use super::{WriteError, Writer};
use crate::{Published, key, published::ProfileRecord};

impl Writer {
    /// Publishes a profile, whose text is `document`. It can be neither changed nor taken back.
    ///
    /// # Errors
    /// [`WriteError::Exists`] where this version of it is published already, or the name is that of
    /// a preset; [`WriteError::Unavailable`].
    pub async fn publish_profile(
        &self,
        org: &OrgId,
        profile: Profile,
        document: &str,
        now: Timestamp,
    ) -> Result<Published, WriteError> {
        let reference = profile.reference.clone();
        if Preset::all().any(|preset| preset.profile.reference.name == reference.name) {
            return Err(WriteError::Exists);
        }
        let record = ProfileRecord {
            org: org.clone(),
            reference: reference.clone(),
            document: document.to_owned(),
            created_at: now,
        };
        self.create(&key::profile(org, &reference), &record, None).await?;
        let profile = Arc::new(profile);
        Ok(Published { profile, document: record.document.into(), created_at: now })
    }
}
