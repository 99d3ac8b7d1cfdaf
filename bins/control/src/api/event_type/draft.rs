//! The rules for event types. Pure.

use std::collections::{BTreeMap, BTreeSet};

use posthaste_api::{
    Problem,
    field::{self, Faults, FieldError},
    patch::Patch,
};
use posthaste_domain::{EventType, EventTypeDefinition, OrgId, Timestamp};

use super::{
    super::schema,
    shape::{EventTypeIn, EventTypePatch, EventTypeUpsertIn, Schemas},
};

/// The most flags of an event type.
const FLAGS_MAX: usize = 100;

/// A checked body of PUT, or of POST but for its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(super) description: String,
    pub(super) archived: bool,
    pub(super) deprecated: bool,
    pub(super) schemas: Option<BTreeMap<String, String>>,
    pub(super) feature_flags: BTreeSet<EventType>,
    pub(super) group_name: Option<EventType>,
}

/// A checked [`EventTypePatch`].
#[derive(Clone, Debug)]
pub(crate) struct Change {
    description: Patch<String>,
    archived: Patch<bool>,
    deprecated: Patch<bool>,
    schemas: Patch<BTreeMap<String, String>>,
    feature_flags: Patch<BTreeSet<EventType>>,
    group_name: Patch<EventType>,
}

impl EventTypeIn {
    pub(super) fn validate(self) -> Result<(EventType, Draft), Problem> {
        let body = EventTypeUpsertIn {
            description: self.description,
            archived: self.archived,
            deprecated: self.deprecated,
            schemas: self.schemas,
            feature_flag: self.feature_flag,
            feature_flags: self.feature_flags,
            group_name: self.group_name,
        };
        body.validate(&self.name)
    }
}

impl EventTypeUpsertIn {
    /// Checks the body together with the name it is for.
    pub(super) fn validate(self, name: &str) -> Result<(EventType, Draft), Problem> {
        let mut faults = Faults::default();
        let name = faults.take("name", name.parse::<EventType>());
        let description = faults.take("description", field::description(self.description));
        let schemas = self.schemas.map(|all| schemas(&mut faults, &all));
        let flags = self.feature_flags.map(|flags| feature_flags(&mut faults, &flags));
        let flag = self.feature_flag.map(|flag| feature_flag(&mut faults, &flag));
        let group_name = self.group_name.map(|text| text.parse()).transpose();
        let group_name = faults.take("groupName", group_name);
        faults.finish(|| {
            let draft = Draft {
                description: description?,
                archived: self.archived.unwrap_or_default(),
                deprecated: self.deprecated.unwrap_or_default(),
                schemas,
                feature_flags: flags.or(flag).unwrap_or_default(),
                group_name: group_name?,
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
        let flags = self.feature_flags.map(|flags| feature_flags(&mut faults, &flags));
        let flag = self.feature_flag.map(|flag| feature_flag(&mut faults, &flag));
        let group_name = self.group_name.try_map(|text| text.parse());
        let group_name = faults.take("groupName", group_name);
        let (archived, deprecated) = (self.archived, self.deprecated);
        faults.finish(|| {
            Some(Change {
                description: description?,
                archived,
                deprecated,
                schemas,
                feature_flags: flags.or(flag),
                group_name: group_name?,
            })
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
            feature_flags: self.feature_flags,
            group_name: self.group_name,
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
            feature_flags: self.feature_flags.over_default(&current.feature_flags, BTreeSet::new()),
            group_name: self.group_name.over(&current.group_name),
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
                    faults.add(path, fault.to_string());
                }
            }
            // The text is JSON, so what fails is its depth.
            Err(_) => faults.add(["schemas", version], "must not be nested so deeply"),
        }
    }
    all.iter().map(|(version, text)| (version.clone(), text.get().to_owned())).collect()
}

fn feature_flags(faults: &mut Faults, texts: &[String]) -> BTreeSet<EventType> {
    if !(1..=FLAGS_MAX).contains(&texts.len()) {
        faults.add(["featureFlags"], format!("must be from 1 to {FLAGS_MAX} flags, or null"));
        return BTreeSet::new();
    }
    faults.take_all("featureFlags", texts, str::parse)
}

fn feature_flag(faults: &mut Faults, text: &str) -> BTreeSet<EventType> {
    faults.take("featureFlag", text.parse()).into_iter().collect()
}

#[cfg(test)]
mod tests;
