//! An entry of the catalogue of event types.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{EventType, OrgId, Timestamp};

/// One kind of event that the platform may send. Messages of undeclared types are accepted too;
/// an endpoint may only subscribe to declared ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTypeDefinition {
    /// Its name, unique within the organisation.
    pub name: EventType,
    /// The organisation whose catalogue it is in.
    pub org: OrgId,
    /// For the merchant's developer.
    pub description: String,
    /// Hidden from lists and closed to new subscriptions.
    #[serde(default)]
    pub archived: bool,
    /// Still sent, but shown as on its way out.
    #[serde(default)]
    pub deprecated: bool,
    /// JSON Schemas by version, each kept as the JSON text that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemas: Option<BTreeMap<String, String>>,
    /// Where there are any, only applications with one of these flags see it. Records of old have
    /// a single `feature_flag`.
    #[serde(
        default,
        alias = "feature_flag",
        deserialize_with = "one_or_many",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub feature_flags: BTreeSet<EventType>,
    /// What it is shown with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_name: Option<EventType>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl EventTypeDefinition {
    /// Whether an application that has `flags` may see it.
    #[must_use]
    pub fn is_shown_to(&self, flags: &BTreeSet<EventType>) -> bool {
        self.feature_flags.is_empty() || !self.feature_flags.is_disjoint(flags)
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeSet<EventType>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flags {
        One(EventType),
        Many(BTreeSet<EventType>),
    }
    Ok(match Option::deserialize(deserializer)? {
        Some(Flags::One(flag)) => BTreeSet::from([flag]),
        Some(Flags::Many(flags)) => flags,
        None => BTreeSet::new(),
    })
}
