//! What an application looks like on the wire, and the rules for it. Pure.
//!
//! `rateLimit` is the older name of `throttleRate`: both are read, the newer one winning, and both
//! are written.

use posthaste_domain::{AppId, Application, CutOffs, OrgId, ProfileRef, Timestamp, Uid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Problem, ProfileChoice, ProfileUnfit,
    field::{self, Faults, FieldError, Metadata},
    patch::Patch,
    schema,
};

/// The body of POST and PUT. An explicit `null` is as good as absence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationIn {
    /// A human's name for it.
    #[schema(min_length = 1, max_length = 1024, example = "Blue Bakery")]
    name: String,
    /// The platform's own name for it, unique within the organisation.
    #[schema(value_type = Option<schema::Uid>)]
    uid: Option<String>,
    /// Messages per second that the owner asks not to exceed.
    #[schema(minimum = 1)]
    throttle_rate: Option<u16>,
    /// The older name of `throttleRate`, which wins where both are given.
    #[schema(minimum = 1, deprecated)]
    rate_limit: Option<u16>,
    /// The platform's own notes, at most 4096 bytes as JSON.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
    /// How its endpoints are called that name no profile of their own: a delivery profile, or its
    /// name alone for the newest version.
    #[schema(value_type = Option<String>, example = "standard@1")]
    profile: Option<String>,
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationPatch {
    /// A human's name for it; it cannot be cleared.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 1024)]
    name: Patch<String>,
    /// The platform's own name for it; `null` takes it away.
    #[serde(default)]
    #[schema(value_type = Option<schema::Uid>)]
    uid: Patch<String>,
    /// Messages per second; `null` takes the limit away.
    #[serde(default)]
    #[schema(value_type = Option<u16>, minimum = 1)]
    throttle_rate: Patch<u16>,
    /// The older name of `throttleRate`.
    #[serde(default)]
    #[schema(value_type = Option<u16>, minimum = 1, deprecated)]
    rate_limit: Patch<u16>,
    /// The platform's own notes, replaced as a whole; `null` empties them.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Patch<Metadata>,
    /// How its endpoints are called that name no profile of their own; `null` is the payload as it
    /// is.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    profile: Patch<String>,
}

/// An application as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationOut {
    /// The platform's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Uid, required = false)]
    uid: Option<Uid>,
    /// A human's name for it.
    #[schema(example = "Blue Bakery")]
    name: String,
    /// The older name of `throttleRate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(deprecated, nullable = false, minimum = 1)]
    rate_limit: Option<u16>,
    /// Messages per second that the owner asks not to exceed.
    #[schema(required, minimum = 1)]
    throttle_rate: Option<u16>,
    /// Its id.
    #[schema(value_type = schema::ApplicationId)]
    id: AppId,
    /// When it was created.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
    /// The platform's own notes.
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// How its endpoints are called that name no profile of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "standard@1")]
    profile: Option<ProfileRef>,
}

impl From<&Application> for ApplicationOut {
    fn from(application: &Application) -> Self {
        Self {
            uid: application.uid.clone(),
            name: application.name.clone(),
            rate_limit: application.throttle_rate,
            throttle_rate: application.throttle_rate,
            id: application.id.clone(),
            created_at: application.created_at,
            updated_at: application.updated_at,
            metadata: application.metadata.clone(),
            profile: application.profile.clone(),
        }
    }
}

/// A checked [`ApplicationIn`].
#[derive(Clone, Debug)]
pub struct Draft {
    name: String,
    /// The platform's own name for it.
    pub uid: Option<Uid>,
    throttle_rate: Option<u16>,
    metadata: Metadata,
    /// Which profile is asked for, until it is [found](Self::with_profile).
    pub choice: Option<ProfileChoice>,
    profile: Option<ProfileRef>,
}

/// A checked [`ApplicationPatch`].
#[derive(Clone, Debug)]
pub struct Change {
    name: Patch<String>,
    uid: Patch<Uid>,
    throttle_rate: Patch<u16>,
    metadata: Patch<Metadata>,
    /// Which profile is asked for, until it is [found](Self::with_profile).
    pub choice: Patch<ProfileChoice>,
    profile: Patch<ProfileRef>,
}

impl ApplicationIn {
    /// Checks every field.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn validate(self) -> Result<Draft, Problem> {
        let mut faults = Faults::default();
        let name = faults.take("name", field::name(self.name));
        let uid = self.uid.map(|text| field::uid(&text, AppId::PREFIX)).transpose();
        let uid = faults.take("uid", uid);
        let rate = self.throttle_rate.or(self.rate_limit).map(field::at_least_one).transpose();
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = field::metadata(self.metadata.unwrap_or_default());
        let metadata = faults.take("metadata", metadata);
        let choice = self.profile.map(|text| text.parse()).transpose();
        let choice = faults.take::<Option<ProfileChoice>>("profile", choice);
        faults.finish(|| {
            Some(Draft {
                choice: choice?,
                profile: None,
                name: name?,
                uid: uid?,
                throttle_rate: throttle_rate?,
                metadata: metadata?,
            })
        })
    }
}

impl ApplicationPatch {
    /// Checks every field.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn validate(self) -> Result<Change, Problem> {
        let mut faults = Faults::default();
        let name = match self.name {
            Patch::Clear => Err(FieldError::Missing),
            name => name.try_map(field::name),
        };
        let name = faults.take("name", name);
        let uid = self.uid.try_map(|text| field::uid(&text, AppId::PREFIX));
        let uid = faults.take("uid", uid);
        let rate = self.throttle_rate.or(self.rate_limit).try_map(field::at_least_one);
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = faults.take("metadata", self.metadata.try_map(field::metadata));
        let choice = self.profile.try_map(|text| text.parse::<ProfileChoice>());
        let choice = faults.take("profile", choice);
        faults.finish(|| {
            Some(Change {
                choice: choice?,
                profile: Patch::Absent,
                name: name?,
                uid: uid?,
                throttle_rate: throttle_rate?,
                metadata: metadata?,
            })
        })
    }
}

impl Draft {
    /// For a PUT to `key`: one that addresses by uid and does not say another keeps, or gets,
    /// that uid. Else the same PUT would make another application each time.
    #[must_use]
    pub fn addressed_by(self, key: &str) -> Self {
        let uid = self.uid.or_else(|| field::uid(key, AppId::PREFIX).ok());
        Self { uid, ..self }
    }

    /// With the profile that `find` finds for what was asked.
    ///
    /// # Errors
    /// 422 where there is none.
    pub fn with_profile(
        self,
        find: impl FnOnce(&ProfileChoice) -> Result<ProfileRef, ProfileUnfit>,
    ) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let profile = faults.take("profile", self.choice.as_ref().map(find).transpose());
        faults.finish(|| Some(Self { profile: profile?, ..self }))
    }

    /// A new application.
    #[must_use]
    pub fn create(self, id: AppId, org: OrgId, now: Timestamp) -> Application {
        let Self { name, uid, throttle_rate, metadata, profile, .. } = self;
        let (created_at, updated_at) = (now, now);
        let token_cut_offs = CutOffs::default();
        Application {
            id,
            org,
            name,
            uid,
            throttle_rate,
            metadata,
            profile,
            token_cut_offs,
            created_at,
            updated_at,
        }
    }

    /// What `current` becomes by a PUT.
    #[must_use]
    pub fn replace(&self, current: &Application, now: Timestamp) -> Application {
        let draft = self.clone().create(current.id.clone(), current.org.clone(), now);
        let token_cut_offs = current.token_cut_offs.clone();
        Application { token_cut_offs, created_at: current.created_at, ..draft }
    }
}

impl Change {
    /// With the profile that `find` finds for what was asked.
    ///
    /// # Errors
    /// 422 where there is none.
    pub fn with_profile(
        self,
        find: impl FnOnce(ProfileChoice) -> Result<ProfileRef, ProfileUnfit>,
    ) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let profile = faults.take("profile", self.choice.clone().try_map(find));
        faults.finish(|| Some(Self { profile: profile?, ..self }))
    }

    /// What `current` becomes by a PATCH.
    #[must_use]
    pub fn apply(&self, current: &Application, now: Timestamp) -> Application {
        Application {
            id: current.id.clone(),
            org: current.org.clone(),
            name: self.name.over_default(&current.name, current.name.clone()),
            uid: self.uid.over(&current.uid),
            throttle_rate: self.throttle_rate.over(&current.throttle_rate),
            metadata: self.metadata.over_default(&current.metadata, Metadata::new()),
            profile: self.profile.over(&current.profile),
            token_cut_offs: current.token_cut_offs.clone(),
            created_at: current.created_at,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests;
