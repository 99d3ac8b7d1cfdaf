//! What an import has to do, and the doing of it.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use posthaste_api::Problem;
use posthaste_domain::{EventType, EventTypeDefinition, OrgId, Timestamp};
use posthaste_registry::WriteError;

use super::super::{
    super::{Api, refused},
    TAKEN, archived,
    draft::Draft,
    openapi::Described,
};

/// The version under which an imported schema is kept; the one that examples are taken from.
const VERSION: &str = "1";

/// How many event types are written at once. Each write waits until every reader sees it.
const WRITES_AT_ONCE: usize = 32;

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// What is to be made or changed, with what it is now.
    modify: BTreeMap<EventType, (Described, Option<Arc<EventTypeDefinition>>)>,
    pub(super) archive: Vec<EventType>,
}

impl Plan {
    /// What makes `wanted` of `existing`; what is so already is left alone.
    pub(super) fn new(
        existing: &[Arc<EventTypeDefinition>],
        wanted: BTreeMap<EventType, Described>,
        replace_all: bool,
    ) -> Self {
        let existing: BTreeMap<_, _> = existing.iter().map(|one| (&one.name, one)).collect();
        let mut plan = Self::default();
        if replace_all {
            let superfluous = existing.values().filter(|one| !one.archived);
            let superfluous = superfluous.filter(|one| !wanted.contains_key(&one.name));
            plan.archive = superfluous.map(|one| one.name.clone()).collect();
        }
        for (name, described) in wanted {
            let current = existing.get(&name).map(|current| Arc::clone(current));
            let is_so = current
                .as_deref()
                .is_some_and(|one| described.over(one).replace(one, one.updated_at) == *one);
            if !is_so {
                plan.modify.insert(name, (described, current));
            }
        }
        plan
    }

    /// What is to be made or changed, as it will be.
    pub(super) fn to_modify(&self) -> impl Iterator<Item = (EventType, Draft)> {
        self.modify.iter().map(|(name, (described, current))| {
            let draft =
                current.as_deref().map_or_else(|| described.alone(), |one| described.over(one));
            (name.clone(), draft)
        })
    }

    /// Does it; returns the names of all that was touched.
    ///
    /// # Errors
    /// The first failure. What was done before it stays done.
    pub(super) async fn carry_out(self, api: &Api, org: &OrgId) -> Result<Vec<EventType>, Problem> {
        let now = api.now();
        let modify = self.modify.into_iter().map(|(name, (described, _))| (name, Some(described)));
        let archive = self.archive.into_iter().map(|name| (name, None));
        let writes = modify.chain(archive).map(|(name, described)| async move {
            match described {
                Some(described) => write(api, org, &name, &described, now).await,
                None => put_away(api, org, &name, now).await,
            }
            .map_err(|error| refused(error, TAKEN))?;
            Ok::<_, Problem>(name)
        });
        let written = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        let mut names: Vec<EventType> = written.try_collect().await?;
        names.sort_unstable();
        Ok(names)
    }
}

async fn write(
    api: &Api,
    org: &OrgId,
    name: &EventType,
    described: &Described,
    now: Timestamp,
) -> Result<(), WriteError> {
    let replace = |current: &EventTypeDefinition| described.over(current).replace(current, now);
    match api.writer.update_event_type(org, name, replace).await {
        Err(WriteError::NotFound) => {}
        replaced => return replaced.map(drop),
    }
    let definition = described.alone().create(name.clone(), org.clone(), now);
    match api.writer.create_event_type(definition).await {
        // Somebody else has just made it.
        Err(WriteError::Exists) => api.writer.update_event_type(org, name, replace).await,
        created => created,
    }
    .map(drop)
}

async fn put_away(
    api: &Api,
    org: &OrgId,
    name: &EventType,
    now: Timestamp,
) -> Result<(), WriteError> {
    match api.writer.update_event_type(org, name, |current| archived(current, now)).await {
        // Somebody else has deleted it.
        Err(WriteError::NotFound) => Ok(()),
        archived => archived.map(drop),
    }
}

impl Described {
    /// What it is where there is nothing of that name.
    fn alone(&self) -> Draft {
        Draft {
            description: self.description.clone(),
            archived: false,
            deprecated: self.deprecated,
            schemas: self.schema.clone().map(|schema| [(VERSION.to_owned(), schema)].into()),
            feature_flags: [].into(),
            group_name: None,
        }
    }

    /// What it makes of `current`; what a document says nothing of stays.
    fn over(&self, current: &EventTypeDefinition) -> Draft {
        let mut schemas = current.schemas.clone();
        if let Some(schema) = &self.schema {
            schemas.get_or_insert_default().insert(VERSION.to_owned(), schema.clone());
        }
        Draft {
            schemas,
            feature_flags: current.feature_flags.clone(),
            group_name: current.group_name.clone(),
            ..self.alone()
        }
    }
}

#[cfg(test)]
mod tests;
