//! What an event type looks like on the wire, and the rules for it. Pure.
//!
//! `featureFlag` is the older form of `featureFlags`, of which there may be one: both are read,
//! the newer one winning, and both are written. What is said of a `groupName` is ignored.

use std::collections::BTreeMap;

use posthaste_api::Problem;
use posthaste_domain::{EventType, EventTypeDefinition, OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::{
    field::{self, Faults, FieldError},
    schema,
};
use crate::patch::Patch;

/// JSON Schemas by version, each as it was written.
type Schemas = BTreeMap<String, Box<RawValue>>;

/// The body of POST, which must name it, and of PUT, whose path does. An explicit `null` is as
/// good as absence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeIn {
    name: Option<String>,
    description: String,
    archived: Option<bool>,
    deprecated: Option<bool>,
    schemas: Option<Schemas>,
    feature_flag: Option<String>,
    feature_flags: Option<Vec<String>>,
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EventTypePatch {
    description: Patch<String>,
    archived: Patch<bool>,
    deprecated: Patch<bool>,
    schemas: Patch<Schemas>,
    feature_flag: Patch<String>,
    feature_flags: Patch<Vec<String>>,
}

/// An event type as the API shows it; `null`s are written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeOut {
    name: EventType,
    description: String,
    archived: bool,
    deprecated: bool,
    schemas: Option<Schemas>,
    feature_flag: Option<EventType>,
    feature_flags: Option<Vec<EventType>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl EventTypeOut {
    pub(super) fn without_schemas(definition: &EventTypeDefinition) -> Self {
        let flag = definition.feature_flag.clone();
        Self {
            name: definition.name.clone(),
            description: definition.description.clone(),
            archived: definition.archived,
            deprecated: definition.deprecated,
            schemas: None,
            feature_flag: flag.clone(),
            feature_flags: flag.map(|flag| vec![flag]),
            created_at: definition.created_at,
            updated_at: definition.updated_at,
        }
    }
}

impl From<&EventTypeDefinition> for EventTypeOut {
    fn from(definition: &EventTypeDefinition) -> Self {
        let show = |(version, text): (&String, &String)| {
            // What is stored was JSON when it came.
            let schema = RawValue::from_string(text.clone());
            (version.clone(), schema.unwrap_or_else(|_| RawValue::NULL.to_owned()))
        };
        let schemas = definition.schemas.as_ref().map(|all| all.iter().map(show).collect());
        Self { schemas, ..Self::without_schemas(definition) }
    }
}

/// A checked [`EventTypeIn`], but for its name.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    description: String,
    archived: bool,
    deprecated: bool,
    schemas: Option<BTreeMap<String, String>>,
    feature_flag: Option<EventType>,
}

/// A checked [`EventTypePatch`].
#[derive(Clone, Debug)]
pub(crate) struct Change {
    description: Patch<String>,
    archived: Patch<bool>,
    deprecated: Patch<bool>,
    schemas: Patch<BTreeMap<String, String>>,
    feature_flag: Patch<EventType>,
}

impl EventTypeIn {
    /// The body of a PUT to `name`, whatever name it says itself.
    pub(super) fn named(self, name: String) -> Self {
        Self { name: Some(name), ..self }
    }

    pub(super) fn validate(self) -> Result<(EventType, Draft), Problem> {
        let mut faults = Faults::default();
        let name = self.name.ok_or(FieldError::Missing);
        let name = name.and_then(|text| Ok(text.parse::<EventType>()?));
        let name = faults.take("name", name);
        let description = faults.take("description", field::description(self.description));
        let schemas = self.schemas.map(|all| schemas(&mut faults, &all));
        let flags = self.feature_flags.or(self.feature_flag.map(|flag| vec![flag]));
        let feature_flag = flags.and_then(|flags| feature_flag(&mut faults, &flags));
        faults.finish(|| {
            let draft = Draft {
                description: description?,
                archived: self.archived.unwrap_or_default(),
                deprecated: self.deprecated.unwrap_or_default(),
                schemas,
                feature_flag,
            };
            Some((name?, draft))
        })
    }
}

impl EventTypePatch {
    pub(super) fn validate(self) -> Result<Change, Problem> {
        let mut faults = Faults::default();
        let description = match self.description {
            Patch::Clear => Err(FieldError::Missing),
            description => description.try_map(field::description),
        };
        let description = faults.take("description", description);
        let schemas = self.schemas.map(|all| schemas(&mut faults, &all));
        let flags = self.feature_flags.or(self.feature_flag.map(|flag| vec![flag]));
        let feature_flag = match flags {
            Patch::Absent => Patch::Absent,
            Patch::Clear => Patch::Clear,
            Patch::Set(flags) => feature_flag(&mut faults, &flags).map_or(Patch::Clear, Patch::Set),
        };
        let (archived, deprecated) = (self.archived, self.deprecated);
        faults.finish(|| {
            Some(Change { description: description?, archived, deprecated, schemas, feature_flag })
        })
    }
}

impl Draft {
    pub(super) fn create(self, name: EventType, org: OrgId, now: Timestamp) -> EventTypeDefinition {
        EventTypeDefinition {
            name,
            org,
            description: self.description,
            archived: self.archived,
            deprecated: self.deprecated,
            schemas: self.schemas,
            feature_flag: self.feature_flag,
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn replace(
        &self,
        current: &EventTypeDefinition,
        now: Timestamp,
    ) -> EventTypeDefinition {
        let draft = self.clone().create(current.name.clone(), current.org.clone(), now);
        EventTypeDefinition { created_at: current.created_at, ..draft }
    }
}

impl Change {
    pub(super) fn apply(
        &self,
        current: &EventTypeDefinition,
        now: Timestamp,
    ) -> EventTypeDefinition {
        let described = current.description.clone();
        EventTypeDefinition {
            name: current.name.clone(),
            org: current.org.clone(),
            description: self.description.over_default(&current.description, described),
            archived: self.archived.over_default(&current.archived, false),
            deprecated: self.deprecated.over_default(&current.deprecated, false),
            schemas: self.schemas.over(&current.schemas),
            feature_flag: self.feature_flag.over(&current.feature_flag),
            created_at: current.created_at,
            updated_at: now,
        }
    }
}

/// The text of each schema, and a fault for each that is none.
fn schemas(faults: &mut Faults, all: &Schemas) -> BTreeMap<String, String> {
    for (version, text) in all {
        match serde_json::from_str(text.get()) {
            Ok(document) => {
                if let Err(fault) = schema::check(&document) {
                    let path = fault.path.iter().map(String::as_str);
                    let path = ["schemas", version].into_iter().chain(path);
                    let wanted = fault.wanted;
                    faults.add(path, format!("must be {wanted} in a JSON Schema of draft 7"));
                }
            }
            // The text is JSON, so what fails is its depth.
            Err(_) => faults.add(["schemas", version], "must not be nested so deeply"),
        }
    }
    all.iter().map(|(version, text)| (version.clone(), text.get().to_owned())).collect()
}

/// No flag for an empty list; a fault for more than one.
fn feature_flag(faults: &mut Faults, texts: &[String]) -> Option<EventType> {
    if texts.len() > 1 {
        faults.add(["featureFlags"], "must be at most one");
    }
    let flags: Vec<EventType> = faults.take_all("featureFlags", texts, str::parse);
    flags.into_iter().next()
}

#[cfg(test)]
mod tests;
