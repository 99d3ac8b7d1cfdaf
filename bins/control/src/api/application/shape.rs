//! What an application looks like on the wire, and the rules for it. Pure.
//!
//! `rateLimit` is the older name of `throttleRate`: both are read, the newer one winning, and both
//! are written.

use posthaste_api::Problem;
use posthaste_domain::{AppId, Application, OrgId, Timestamp, Uid};
use serde::{Deserialize, Serialize};

use super::super::field::{self, Faults, FieldError, Metadata};
use crate::patch::Patch;

/// The body of POST and PUT. An explicit `null` is as good as absence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationIn {
    name: String,
    uid: Option<String>,
    throttle_rate: Option<u16>,
    rate_limit: Option<u16>,
    metadata: Option<Metadata>,
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ApplicationPatch {
    name: Patch<String>,
    uid: Patch<String>,
    throttle_rate: Patch<u16>,
    rate_limit: Patch<u16>,
    metadata: Patch<Metadata>,
}

/// An application as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Uid>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u16>,
    throttle_rate: Option<u16>,
    id: AppId,
    created_at: Timestamp,
    updated_at: Timestamp,
    metadata: Metadata,
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
        }
    }
}

/// A checked [`ApplicationIn`].
#[derive(Clone, Debug)]
pub(super) struct Draft {
    name: String,
    pub(super) uid: Option<Uid>,
    throttle_rate: Option<u16>,
    metadata: Metadata,
}

/// A checked [`ApplicationPatch`].
#[derive(Clone, Debug)]
pub(super) struct Change {
    name: Patch<String>,
    uid: Patch<Uid>,
    throttle_rate: Patch<u16>,
    metadata: Patch<Metadata>,
}

impl ApplicationIn {
    pub(super) fn validate(self) -> Result<Draft, Problem> {
        let mut faults = Faults::default();
        let name = faults.take("name", field::name(self.name));
        let uid = self.uid.map(|text| field::uid(&text, AppId::PREFIX)).transpose();
        let uid = faults.take("uid", uid);
        let rate = self.throttle_rate.or(self.rate_limit).map(field::at_least_one).transpose();
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = field::metadata(self.metadata.unwrap_or_default());
        let metadata = faults.take("metadata", metadata);
        faults.finish(|| {
            Some(Draft {
                name: name?,
                uid: uid?,
                throttle_rate: throttle_rate?,
                metadata: metadata?,
            })
        })
    }
}

impl ApplicationPatch {
    pub(super) fn validate(self) -> Result<Change, Problem> {
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
        faults.finish(|| {
            Some(Change {
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
    pub(super) fn addressed_by(self, key: &str) -> Self {
        let uid = self.uid.or_else(|| field::uid(key, AppId::PREFIX).ok());
        Self { uid, ..self }
    }

    pub(super) fn create(self, id: AppId, org: OrgId, now: Timestamp) -> Application {
        let Self { name, uid, throttle_rate, metadata } = self;
        let (created_at, updated_at) = (now, now);
        Application { id, org, name, uid, throttle_rate, metadata, created_at, updated_at }
    }

    pub(super) fn replace(&self, current: &Application, now: Timestamp) -> Application {
        let draft = self.clone().create(current.id.clone(), current.org.clone(), now);
        Application { created_at: current.created_at, ..draft }
    }
}

impl Change {
    pub(super) fn apply(&self, current: &Application, now: Timestamp) -> Application {
        Application {
            id: current.id.clone(),
            org: current.org.clone(),
            name: self.name.over_default(&current.name, current.name.clone()),
            uid: self.uid.over(&current.uid),
            throttle_rate: self.throttle_rate.over(&current.throttle_rate),
            metadata: self.metadata.over_default(&current.metadata, Metadata::new()),
            created_at: current.created_at,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests;
