//! An entry of the catalogue of event types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Only applications with this flag see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_flag: Option<EventType>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
