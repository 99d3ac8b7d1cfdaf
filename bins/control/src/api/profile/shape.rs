//! What is told of profiles.

use posthaste_api::schema;
use posthaste_domain::{ProfileName, ProfileRef, Timestamp};
use posthaste_profile::Fault;
use serde::Serialize;
use utoipa::ToSchema;

/// Which profile, as the specification describes it.
#[derive(ToSchema)]
#[schema(as = ProfileReference, value_type = String, pattern = "^[a-z][a-z0-9-]{1,31}@[1-9][0-9]{0,9}$", min_length = 4, max_length = 43, example = "standard@1")]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct Reference(String);

/// A profile in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileOut {
    /// How applications and endpoints name it.
    #[schema(value_type = Reference)]
    reference: ProfileRef,
    /// Its name.
    #[schema(value_type = String, example = "standard")]
    name: ProfileName,
    /// Which version of it this is.
    #[schema(minimum = 1)]
    version: u32,
    /// Whether it is one of those that everybody has.
    preset: bool,
    /// When it was published; absent where everybody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>, nullable = false)]
    created_at: Option<Timestamp>,
}

/// A profile that was published.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProfilePublished {
    /// How applications and endpoints name it.
    #[schema(value_type = Reference)]
    reference: ProfileRef,
    /// Its name.
    #[schema(value_type = String, example = "standard")]
    name: ProfileName,
    /// Which version of it this is.
    #[schema(minimum = 1)]
    version: u32,
}

/// What is wrong with a document.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ProfileFaults)]
pub(crate) struct Faulty {
    /// Every fault.
    #[schema(value_type = Vec<ProfileFault>)]
    faults: Vec<Fault>,
}

/// One thing that is wrong with a profile, as the specification describes it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct ProfileFault {
    /// Where, as a JSON Pointer into the document; empty for the document itself.
    #[schema(example = "/retry/delays_s")]
    pointer: String,
    /// What is wrong there.
    #[schema(example = "is missing")]
    problem: String,
}

impl ProfileOut {
    pub(super) fn preset(reference: &ProfileRef) -> Self {
        Self::shown(reference, true, None)
    }

    pub(super) fn published(reference: &ProfileRef, at: Timestamp) -> Self {
        Self::shown(reference, false, Some(at))
    }

    fn shown(reference: &ProfileRef, preset: bool, created_at: Option<Timestamp>) -> Self {
        let ProfileRef { name, version } = reference.clone();
        Self { reference: reference.clone(), name, version, preset, created_at }
    }

    /// Its place in the list, in which text is sorted as versions are.
    pub(super) fn place(&self) -> String {
        format!("{}@{:010}", self.name, self.version)
    }
}

/// Whether this is the place of any profile.
pub(super) fn is_place(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, version)| {
        name.parse::<ProfileName>().is_ok()
            && version.len() == 10
            && version.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl From<&ProfileRef> for ProfilePublished {
    fn from(reference: &ProfileRef) -> Self {
        let ProfileRef { name, version } = reference.clone();
        Self { reference: reference.clone(), name, version }
    }
}

impl From<Vec<Fault>> for Faulty {
    fn from(faults: Vec<Fault>) -> Self {
        Self { faults }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_listed_in_their_order() {
        let places: Vec<_> = ["ours@2", "ours@10", "ours@4294967295"]
            .map(|text| ProfileOut::preset(&text.parse().unwrap()).place())
            .to_vec();
        assert!(places.is_sorted(), "{places:?}");
        assert!(places.iter().all(|place| is_place(place)));
        for odd in ["", "ours", "ours@2", "Ours@0000000002", "ours@000000000x"] {
            assert!(!is_place(odd), "{odd}");
        }
    }
}
