//! Event types from an OpenAPI document: what it describes is created or replaced, at once or only
//! as a plan.

mod plan;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::extract::State;
use posthaste_api::{Json, JsonBody, Problem, ValidationFault, schema as described};
use posthaste_domain::{EventType, OrgId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use self::plan::Plan;
use super::{
    super::Api,
    draft::Draft,
    openapi,
    shape::{Schemas, shown},
};
use crate::access::Organisation;

/// Bounds for YAML, in which a short text can stand for a very long one.
const NODES_MAX: usize = 500_000;
const SCALAR_BYTES_MAX: usize = 16 << 20;
const DEPTH_MAX: usize = 100;

/// An OpenAPI document, as `spec` or as `specRaw`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeImportOpenApiIn {
    /// The document.
    #[schema(value_type = Option<Object>)]
    spec: Option<Value>,
    /// The text of the document, YAML or JSON.
    spec_raw: Option<String>,
    /// Answer with what would be done, and do nothing.
    #[serde(default)]
    #[schema(value_type = bool, default = false)]
    dry_run: Option<bool>,
    /// Archive every event type that the document does not describe.
    #[serde(default)]
    #[schema(value_type = bool, default = false)]
    replace_all: Option<bool>,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeImportOpenApiOut {
    /// What was done, or would be.
    data: EventTypeImportOpenApiOutData,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeImportOpenApiOutData {
    /// The names of those that were created, changed or archived.
    #[schema(value_type = Vec<described::EventTypeName>)]
    modified: Vec<EventType>,
    /// With `dryRun`, those that would be created or changed, as they would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    to_modify: Option<Vec<EventTypeFromOpenApi>>,
    /// With `dryRun`, the names of those that would be archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<described::EventTypeName>>, nullable = false)]
    to_archive: Option<Vec<EventType>>,
}

/// An event type as it would be after an import.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeFromOpenApi {
    /// What it is called.
    #[schema(value_type = described::EventTypeName)]
    name: EventType,
    /// What it means.
    description: String,
    /// JSON Schemas by version; the document's is version `1`.
    #[schema(value_type = Option<BTreeMap<String, Object>>, required)]
    schemas: Option<Schemas>,
    /// Whether it is on its way out.
    deprecated: bool,
    /// What it is shown together with; a document says nothing of that.
    #[schema(value_type = Option<described::EventTypeName>, required)]
    group_name: Option<EventType>,
    /// The flags it has; a document says nothing of them.
    #[schema(value_type = Option<BTreeSet<described::EventTypeName>>, required)]
    feature_flags: Option<BTreeSet<EventType>>,
}

/// Import event types from an OpenAPI document
///
/// Every webhook that the document describes under `webhooks` or `x-webhooks` becomes an event type
/// of that name: with the description of its operation, the schema of its JSON body, in which
/// references within the document are resolved, and its example. What exists is changed, and comes
/// back where it was archived; its feature flags, its group and its schemas of other versions stay.
/// Each event type is written on its own: after a failure the same import may be sent again.
#[utoipa::path(
    post, path = "/api/v1/event-type/import/openapi", operation_id = "v1.event-type.import-openapi",
    tag = "Event Type",
    request_body(
        content = EventTypeImportOpenApiIn,
        example = json!({
            "spec": {
                "openapi": "3.1.0",
                "info": { "title": "Shop", "version": "1" },
                "webhooks": {
                    "chargeback.created": {
                        "post": {
                            "description": "A dispute was opened.",
                            "requestBody": {
                                "content": {
                                    "application/json": {
                                        "schema": { "type": "object" },
                                        "example": { "amount": 4200 },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }),
    ),
    responses(
        (status = 200, description = "What was done, or would be.", body = EventTypeImportOpenApiOut),
    ),
)]
pub(crate) async fn import(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    JsonBody(body): JsonBody<EventTypeImportOpenApiIn>,
) -> Result<Json<EventTypeImportOpenApiOut>, Problem> {
    let dry_run = body.dry_run.unwrap_or_default();
    let replace_all = body.replace_all.unwrap_or_default();
    // A large document takes a while, in which others want to be answered.
    let wanted = tokio::task::spawn_blocking(|| body.described());
    let wanted = wanted.await.map_err(Problem::internal)??;
    put(&api, &org, wanted, replace_all, dry_run).await
}

/// Makes what is `wanted` of the organisation's event types, or says what that would do.
pub(super) async fn put(
    api: &Api,
    org: &OrgId,
    wanted: BTreeMap<EventType, openapi::Described>,
    replace_all: bool,
    dry_run: bool,
) -> Result<Json<EventTypeImportOpenApiOut>, Problem> {
    let plan = Plan::new(&api.registry.event_types(org), wanted, replace_all);
    let data = if dry_run {
        EventTypeImportOpenApiOutData::of_plan(plan)
    } else {
        let modified = plan.carry_out(api, org).await?;
        EventTypeImportOpenApiOutData { modified, to_modify: None, to_archive: None }
    };
    Ok(Json(EventTypeImportOpenApiOut { data }))
}

impl EventTypeImportOpenApiIn {
    fn described(self) -> Result<BTreeMap<EventType, openapi::Described>, Problem> {
        match (self.spec, self.spec_raw) {
            (Some(spec), None) => openapi::read(&spec, "spec"),
            (None, Some(text)) => openapi::read(&parse(&text)?, "specRaw"),
            (None, None) | (Some(_), Some(_)) => {
                let detail = "Exactly one of `spec` and `specRaw` must be given.";
                Err(Problem::bad_request("generic_error", detail))
            }
        }
    }
}

/// Reads YAML, which JSON is too.
fn parse(text: &str) -> Result<Value, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_nodes: NODES_MAX,
            max_total_scalar_bytes: SCALAR_BYTES_MAX,
            max_depth: DEPTH_MAX,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let fault = ValidationFault::body(["specRaw"], error.to_string());
        Problem::validation(vec![fault])
    })
}

impl EventTypeImportOpenApiOutData {
    fn of_plan(plan: Plan) -> Self {
        let to_modify = plan.to_modify().map(EventTypeFromOpenApi::from).collect();
        let to_archive = (!plan.archive.is_empty()).then_some(plan.archive);
        Self { modified: Vec::new(), to_modify: Some(to_modify), to_archive }
    }
}

impl From<(EventType, Draft)> for EventTypeFromOpenApi {
    fn from((name, draft): (EventType, Draft)) -> Self {
        let Draft { description, schemas, deprecated, group_name, feature_flags: flags, .. } =
            draft;
        let schemas = schemas.as_ref().map(shown);
        let feature_flags = (!flags.is_empty()).then_some(flags);
        Self { name, description, schemas, deprecated, group_name, feature_flags }
    }
}
