//! Event types from the catalogues that are built in: what each system publishes, for those who
//! need not write it down again.

use std::sync::Arc;

use axum::extract::State;
use posthaste_api::{Json, JsonBody, Problem, ValidationFault, compact, schema};
use posthaste_domain::{EventType, OrgId};
use posthaste_profile::{Catalogue, CatalogueEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::Api,
    import::{EventTypeImportOpenApiOut, put},
    openapi::Described,
};
use crate::access::Organisation;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(import))
}

/// The catalogues that are built in.
#[derive(Serialize, ToSchema)]
pub(crate) struct CataloguesOut {
    /// By name.
    data: Vec<CatalogueOut>,
}

/// The event types of one system.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogueOut {
    /// What it is imported by.
    #[schema(example = "justwallet")]
    name: &'static str,
    /// What the system calls itself.
    #[schema(example = "Just Wallet")]
    title: &'static str,
    /// In the order in which the system documents them.
    event_types: Vec<CatalogueEventTypeOut>,
}

/// An event type of a system.
#[derive(Serialize, ToSchema)]
pub(crate) struct CatalogueEventTypeOut {
    /// What it is called.
    #[schema(value_type = schema::EventTypeName)]
    name: &'static EventType,
    /// When it is sent.
    description: &'static str,
}

/// Which catalogue is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeImportCatalogueIn {
    /// Its name, as the list of catalogues has it.
    #[schema(example = "justwallet")]
    name: String,
    /// Answer with what would be done, and do nothing.
    #[schema(value_type = bool, required = false, default = false)]
    dry_run: Option<bool>,
}

/// List the catalogues that are built in
///
/// Each is what one system publishes: its event types and what they mean. Importing one brings
/// their schemas along.
#[utoipa::path(
    get, path = "/api/v1/catalogue", operation_id = "v1.catalogue.list", tag = "Event Type",
    responses(
        (status = 200, body = CataloguesOut),
    ),
)]
pub(crate) async fn list(Organisation(_): Organisation) -> Json<CataloguesOut> {
    Json(CataloguesOut { data: Catalogue::all().iter().map(CatalogueOut::from).collect() })
}

/// Import the event types of a catalogue
///
/// Each becomes an event type of its name, with its description and, as version `1`, the schema of
/// what is posted. What exists is changed, and comes back where it was archived; its flags, its
/// group, its schemas of other versions and whether it is on its way out stay. Each event type is
/// written on its own: after a failure the same import may be sent again.
#[utoipa::path(
    post, path = "/api/v1/event-type/import/catalogue", operation_id = "v1.event-type.import-catalogue",
    tag = "Event Type",
    request_body = EventTypeImportCatalogueIn,
    responses(
        (status = 200, description = "What was done, or would be.", body = EventTypeImportOpenApiOut),
    ),
)]
pub(crate) async fn import(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    JsonBody(body): JsonBody<EventTypeImportCatalogueIn>,
) -> Result<Json<EventTypeImportOpenApiOut>, Problem> {
    let catalogue = Catalogue::builtin(&body.name).ok_or_else(no_such_catalogue)?;
    let entries = catalogue.event_types.iter();
    let wanted = entries.map(|entry| (entry.name.clone(), described(entry, &api, &org))).collect();
    put(&api, &org, wanted, false, body.dry_run.unwrap_or_default()).await
}

fn described(entry: &CatalogueEntry, api: &Api, org: &OrgId) -> Described {
    let current = api.registry.event_type(org, entry.name.as_str());
    Described {
        description: entry.description.clone(),
        // No catalogue says anything of that.
        deprecated: current.is_some_and(|current| current.deprecated),
        schema: Some(compact(entry.schema.get())),
    }
}

fn no_such_catalogue() -> Problem {
    let names: Vec<_> = Catalogue::all().iter().map(|catalogue| catalogue.name).collect();
    let msg = format!("must be one of {}", names.join(", "));
    Problem::validation(vec![ValidationFault::body(["name"], msg)])
}

impl From<&'static Catalogue> for CatalogueOut {
    fn from(catalogue: &'static Catalogue) -> Self {
        let shown = catalogue.event_types.iter().map(|entry| CatalogueEventTypeOut {
            name: &entry.name,
            description: &entry.description,
        });
        Self { name: catalogue.name, title: &catalogue.title, event_types: shown.collect() }
    }
}
