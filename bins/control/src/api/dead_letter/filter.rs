//! Which dead letters, as queries and bodies say it.

use std::collections::BTreeSet;

use posthaste_api::{Problem, ValidationFault, field::Faults, schema};
use posthaste_domain::{AppId, DeadLetterId, EndpointId, EventType, OrgId, Timestamp};
use posthaste_history::DeadLetterFilter;
use posthaste_registry::Registry;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::shape::{State, is_reason};
use crate::{
    page::PageQuery,
    query::{Asked, EventTypes, Moment, newest_first, range},
    tasks::DeadLetters,
};

/// The most event types that one redrive may name.
const EVENT_TYPES_MAX: usize = 100;

const NO_REASON: &str = "no delivery is ever given up for this reason";
const ALONE: &str = "an endpoint must be named together with its application";

/// Whose dead letters; for an organisation.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfApplicationQuery {
    /// Only those of this application, named by its id or uid.
    #[param(value_type = Option<schema::Uid>)]
    pub(super) app_id: Option<String>,
}

/// What lists of dead letters are narrowed by.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterQuery {
    /// Only those of this endpoint, named by its id or uid; wants the application too.
    #[param(value_type = Option<schema::Uid>)]
    endpoint_id: Option<String>,
    /// Only those given up for this reason.
    #[param(example = "exhausted")]
    reason: Option<String>,
    /// Only those of which this became.
    state: Option<State>,
    /// Only those given up before this moment.
    #[param(value_type = Option<schema::Moment>)]
    before: Option<Moment>,
    /// Only those given up at this moment or later. Without `before` the first page is the oldest
    /// that fits; `prevIterator` leads on to what is newer.
    #[param(value_type = Option<schema::Moment>)]
    after: Option<Moment>,
}

/// Which dead letters are to be sent again; what is absent is not asked about.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = DeadLetterRedriveIn)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedriveIn {
    /// Those of this application, named by its id or uid.
    #[schema(value_type = Option<schema::Uid>)]
    app_id: Option<String>,
    /// Those of this endpoint, named by its id or uid; wants the application too.
    #[schema(value_type = Option<schema::Uid>)]
    endpoint_id: Option<String>,
    /// Those of these event types.
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>)]
    event_types: Option<Vec<String>>,
    /// Those given up for this reason.
    #[schema(example = "exhausted")]
    reason: Option<String>,
    /// Those given up at this moment or later.
    #[schema(value_type = Option<schema::Moment>)]
    since: Option<Moment>,
    /// Those given up before this moment.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Moment>,
}

impl DeadLetterQuery {
    /// Checks the query of a list of dead letters, of `app` alone where it is given.
    pub(super) fn validate(
        self,
        registry: &Registry,
        app: Option<AppId>,
        EventTypes(event_types): EventTypes,
        page: PageQuery,
    ) -> Result<Asked<DeadLetterFilter>, Problem> {
        let mut faults = Vec::new();
        if self.reason.as_deref().is_some_and(|reason| !is_reason(reason)) {
            faults.push(ValidationFault::query(["reason"], NO_REASON));
        }
        let endpoint = match (&self.endpoint_id, &app) {
            (Some(_), None) => {
                faults.push(ValidationFault::query(["endpoint_id"], ALONE));
                None
            }
            (Some(key), Some(app)) => Some(endpoint(registry, app, key)?),
            (None, _) => None,
        };
        if !faults.is_empty() {
            return Err(Problem::validation(faults));
        }
        let range = range(self.after, self.before);
        let state = self.state.map(Into::into);
        let filter =
            DeadLetterFilter { app, endpoint, event_types, reason: self.reason, state, range };
        let page = newest_first(page, range, DeadLetterId::floor)?;
        Ok(Asked { filter, page, with_content: false })
    }
}

impl RedriveIn {
    /// Checks every field.
    pub(super) fn validate(self, registry: &Registry, org: &OrgId) -> Result<DeadLetters, Problem> {
        let mut faults = Faults::default();
        if self.reason.as_deref().is_some_and(|reason| !is_reason(reason)) {
            faults.add(["reason"], NO_REASON);
        }
        if self.endpoint_id.is_some() && self.app_id.is_none() {
            faults.add(["endpointId"], ALONE);
        }
        let named = self.event_types.unwrap_or_default();
        if named.len() > EVENT_TYPES_MAX {
            faults.add(["eventTypes"], format!("must be at most {EVENT_TYPES_MAX} event types"));
        }
        let types: BTreeSet<EventType> = faults.take_all("eventTypes", &named, str::parse);
        faults.finish(|| Some(()))?;
        let app = self.app_id.map(|key| application(registry, org, &key)).transpose()?;
        let endpoint = match (&app, self.endpoint_id) {
            (Some(app), Some(key)) => Some(endpoint(registry, app, &key)?),
            _ => None,
        };
        Ok(DeadLetters {
            app,
            endpoint,
            event_types: types.into_iter().collect(),
            reason: self.reason,
            since: self.since.map(Timestamp::from),
            until: self.until.map(Timestamp::from),
        })
    }
}

/// The application of this id or uid. Its letters outlive an application, so an id is good
/// whether it is still known or not: none of another organisation's is ever shown.
pub(super) fn application(registry: &Registry, org: &OrgId, key: &str) -> Result<AppId, Problem> {
    let known = registry.application(org, key).map(|found| found.id.clone());
    known.or_else(|| key.parse().ok()).ok_or_else(Problem::entity_not_found)
}

/// The endpoint of this id or uid; as with applications, an id is good in any case.
fn endpoint(registry: &Registry, app: &AppId, key: &str) -> Result<EndpointId, Problem> {
    let known = registry.endpoint(app, key).map(|found| found.endpoint.id.clone());
    known.or_else(|| key.parse().ok()).ok_or_else(Problem::entity_not_found)
}
