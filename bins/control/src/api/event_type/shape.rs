//! What an event type looks like on the wire.
//!
//! `featureFlag` is the older form of `featureFlags`: both are read, the newer one winning, and
//! both are written, the older with the first of the flags.

use std::collections::{BTreeMap, BTreeSet};

use posthaste_api::{patch::Patch, schema as described};
use posthaste_domain::{EventType, EventTypeDefinition, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// JSON Schemas by version, each as it was written.
pub(super) type Schemas = BTreeMap<String, Box<RawValue>>;

/// The body of POST. An explicit `null` is as good as absence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeIn {
    /// What it is called, in messages and in endpoints' filters; it never changes.
    #[schema(value_type = described::EventTypeName)]
    pub(super) name: String,
    /// What it means, for the merchant's developer.
    #[schema(max_length = 16384, example = "A dispute was opened.")]
    pub(super) description: String,
    /// Hidden from lists, and closed to new subscriptions.
    #[schema(default = false)]
    pub(super) archived: Option<bool>,
    /// Still sent, but on its way out.
    #[schema(default = false)]
    pub(super) deprecated: Option<bool>,
    /// JSON Schemas of the payload by version, of draft 7 or, where `$schema` says so, of 2020-12.
    /// The first of the `examples` of version `1` is what is sent as an example.
    #[schema(value_type = Option<BTreeMap<String, Object>>)]
    pub(super) schemas: Option<Schemas>,
    /// The older form of `featureFlags`, which wins where both are given.
    #[schema(value_type = Option<String>, pattern = r"^[a-zA-Z0-9\-_.]+$", min_length = 1, max_length = 256, deprecated)]
    pub(super) feature_flag: Option<String>,
    /// Only applications with one of these flags see it; without any, all do.
    #[schema(value_type = Option<BTreeSet<described::EventTypeName>>, min_items = 1, max_items = 100)]
    pub(super) feature_flags: Option<Vec<String>>,
    /// What it is shown together with.
    #[schema(value_type = Option<described::EventTypeName>)]
    pub(super) group_name: Option<String>,
}

/// The body of PUT, which replaces everything but the name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeUpsertIn {
    /// What it means, for the merchant's developer.
    #[schema(max_length = 16384, example = "A dispute was opened.")]
    pub(super) description: String,
    /// Hidden from lists, and closed to new subscriptions.
    #[schema(default = false)]
    pub(super) archived: Option<bool>,
    /// Still sent, but on its way out.
    #[schema(default = false)]
    pub(super) deprecated: Option<bool>,
    /// JSON Schemas of the payload by version, of draft 7 or, where `$schema` says so, of 2020-12.
    #[schema(value_type = Option<BTreeMap<String, Object>>)]
    pub(super) schemas: Option<Schemas>,
    /// The older form of `featureFlags`, which wins where both are given.
    #[schema(value_type = Option<String>, pattern = r"^[a-zA-Z0-9\-_.]+$", min_length = 1, max_length = 256, deprecated)]
    pub(super) feature_flag: Option<String>,
    /// Only applications with one of these flags see it; without any, all do.
    #[schema(value_type = Option<BTreeSet<described::EventTypeName>>, min_items = 1, max_items = 100)]
    pub(super) feature_flags: Option<Vec<String>>,
    /// What it is shown together with.
    #[schema(value_type = Option<described::EventTypeName>)]
    pub(super) group_name: Option<String>,
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypePatch {
    /// What it means; it cannot be cleared.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 16384)]
    pub(super) description: Patch<String>,
    /// Hidden from lists, and closed to new subscriptions; `null` is `false`.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(super) archived: Patch<bool>,
    /// Still sent, but on its way out; `null` is `false`.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(super) deprecated: Patch<bool>,
    /// JSON Schemas by version, replaced as a whole; `null` takes them away.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Object>>)]
    pub(super) schemas: Patch<Schemas>,
    /// The older form of `featureFlags`; `null` takes every flag away.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = r"^[a-zA-Z0-9\-_.]+$", min_length = 1, max_length = 256, deprecated)]
    pub(super) feature_flag: Patch<String>,
    /// Only applications with one of these flags see it; `null` takes every flag away.
    #[serde(default)]
    #[schema(value_type = Option<BTreeSet<described::EventTypeName>>, min_items = 1, max_items = 100)]
    pub(super) feature_flags: Patch<Vec<String>>,
    /// What it is shown together with; `null` takes it out of its group.
    #[serde(default)]
    #[schema(value_type = Option<described::EventTypeName>)]
    pub(super) group_name: Patch<String>,
}

/// An event type as the API shows it; `null`s are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeOut {
    /// What it is called.
    #[schema(value_type = described::EventTypeName)]
    name: EventType,
    /// What it means.
    description: String,
    /// Whether it is hidden from lists and closed to new subscriptions.
    archived: bool,
    /// Whether it is on its way out.
    deprecated: bool,
    /// JSON Schemas by version; `null` where there are none, and in lists without `with_content`.
    #[schema(value_type = Option<BTreeMap<String, Object>>, required)]
    schemas: Option<Schemas>,
    /// The first of the flags.
    #[schema(value_type = Option<String>, pattern = r"^[a-zA-Z0-9\-_.]+$", min_length = 1, max_length = 256, deprecated, required)]
    feature_flag: Option<EventType>,
    /// Only applications with one of these flags see it; `null` where all do.
    #[schema(value_type = Option<BTreeSet<described::EventTypeName>>, required)]
    feature_flags: Option<BTreeSet<EventType>>,
    /// What it is shown together with.
    #[schema(value_type = Option<described::EventTypeName>, required)]
    group_name: Option<EventType>,
    /// When it was created.
    #[schema(value_type = described::Moment)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = described::Moment)]
    updated_at: Timestamp,
}

impl EventTypeOut {
    pub(super) fn without_schemas(definition: &EventTypeDefinition) -> Self {
        let flags = &definition.feature_flags;
        Self {
            name: definition.name.clone(),
            description: definition.description.clone(),
            archived: definition.archived,
            deprecated: definition.deprecated,
            schemas: None,
            feature_flag: flags.first().cloned(),
            feature_flags: (!flags.is_empty()).then(|| flags.clone()),
            group_name: definition.group_name.clone(),
            created_at: definition.created_at,
            updated_at: definition.updated_at,
        }
    }
}

impl From<&EventTypeDefinition> for EventTypeOut {
    fn from(definition: &EventTypeDefinition) -> Self {
        let schemas = definition.schemas.as_ref().map(shown);
        Self { schemas, ..Self::without_schemas(definition) }
    }
}

/// The stored text of schemas as the API shows it.
pub(super) fn shown(schemas: &BTreeMap<String, String>) -> Schemas {
    let show = |(version, text): (&String, &String)| {
        // What is stored was JSON when it came.
        let schema = RawValue::from_string(text.clone());
        (version.clone(), schema.unwrap_or_else(|_| RawValue::NULL.to_owned()))
    };
    schemas.iter().map(show).collect()
}
