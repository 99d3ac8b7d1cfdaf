//! Event types: the catalogue of what may be sent.

mod catalogue;
mod draft;
mod import;
mod openapi;
mod shape;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Principal, Problem, QueryParams};
use posthaste_domain::{EventType, EventTypeDefinition, OrgId, Timestamp};
use posthaste_history::Order;
use posthaste_registry::WriteError;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    draft::Draft,
    shape::{EventTypeIn, EventTypeOut, EventTypePatch, EventTypeUpsertIn},
};
use super::{Api, path::EventTypePath, refused};
use crate::{
    access::{Anyone, Organisation},
    page::{Listed, PageQuery},
};

const TAKEN: &str = "An event_type with this name already exists";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Whether those that are archived are in the list too.
    #[serde(default)]
    #[param(default = false)]
    include_archived: bool,
    /// Whether each has its schemas with it.
    #[serde(default)]
    #[param(default = false)]
    with_content: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// Whether it is taken out of the catalogue for good.
    #[serde(default)]
    #[param(default = false)]
    expunge: bool,
}

/// The largest body of an import, in bytes: documents of whole APIs are larger than resources.
const IMPORT_LIMIT: usize = 4 << 20;

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    let import = OpenApiRouter::default()
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(IMPORT_LIMIT));
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, upsert, patch, delete))
        .merge(import)
        .merge(catalogue::routes())
}

type Shown = Result<Json<EventTypeOut>, Problem>;
type ShownWithStatus = Result<(StatusCode, Json<EventTypeOut>), Problem>;

/// List event types
///
/// By name; without `with_content` the schemas are left out. An application sees those without
/// feature flags and those that have one of its own.
#[utoipa::path(
    get, path = "/api/v1/event-type", operation_id = "v1.event-type.list", tag = "Event Type",
    params(PageQuery, ListQuery),
    responses(
        (status = 200, body = Listed<EventTypeOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    QueryParams(query): QueryParams<PageQuery>,
    QueryParams(ListQuery { include_archived, with_content }): QueryParams<ListQuery>,
) -> Result<Json<Listed<EventTypeOut>>, Problem> {
    let page = query.validate(Order::Ascending, |key| key.parse::<EventType>().is_ok())?;
    let mut all = api.registry.event_types(principal.org());
    all.retain(|found| (include_archived || !found.archived) && may_see(&principal, found));
    Ok(Json(page.of(
        &all,
        |found| found.name.as_str(),
        |found| if with_content { (&**found).into() } else { EventTypeOut::without_schemas(found) },
    )))
}

/// Create an event type
///
/// An archived one of that name is replaced and comes back.
#[utoipa::path(
    post, path = "/api/v1/event-type", operation_id = "v1.event-type.create", tag = "Event Type",
    request_body = EventTypeIn,
    responses(
        (status = 201, body = EventTypeOut),
    ),
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    JsonBody(body): JsonBody<EventTypeIn>,
) -> ShownWithStatus {
    let (name, draft) = body.validate()?;
    match api.registry.event_type(&org, name.as_str()) {
        Some(found) if found.archived => {
            let Json(shown) = replace(&api, &org, &name, &draft).await?;
            Ok((StatusCode::CREATED, Json(shown)))
        }
        Some(_) => Err(exists()),
        None => insert(&api, org, name, draft).await,
    }
}

/// Get an event type
///
/// With its schemas, archived or not. An application that has none of its feature flags does not
/// find it.
#[utoipa::path(
    get, path = "/api/v1/event-type/{event_type_name}", operation_id = "v1.event-type.get", tag = "Event Type",
    params(EventTypePath),
    responses(
        (status = 200, body = EventTypeOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    PathParams(name): PathParams<String>,
) -> Shown {
    let found = api.registry.event_type(principal.org(), &name);
    let found = found.filter(|found| may_see(&principal, found));
    found.map(|found| Json((&*found).into())).ok_or_else(Problem::entity_not_found)
}

/// Replace an event type, or create it
///
/// Everything but its name becomes what the body says; what the body does not say is empty again,
/// so an archived one comes back.
#[utoipa::path(
    put, path = "/api/v1/event-type/{event_type_name}", operation_id = "v1.event-type.upsert", tag = "Event Type",
    params(EventTypePath),
    request_body = EventTypeUpsertIn,
    responses(
        (status = 200, description = "It was replaced.", body = EventTypeOut),
        (status = 201, description = "It was created.", body = EventTypeOut),
    ),
)]
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(name): PathParams<String>,
    JsonBody(body): JsonBody<EventTypeUpsertIn>,
) -> ShownWithStatus {
    let (name, draft) = body.validate(&name)?;
    if api.registry.event_type(&org, name.as_str()).is_none() {
        return insert(&api, org, name, draft).await;
    }
    let shown = replace(&api, &org, &name, &draft).await?;
    Ok((StatusCode::OK, shown))
}

/// Change an event type
///
/// What is absent stays; what is `null` is cleared.
#[utoipa::path(
    patch, path = "/api/v1/event-type/{event_type_name}", operation_id = "v1.event-type.patch", tag = "Event Type",
    params(EventTypePath),
    request_body = EventTypePatch,
    responses(
        (status = 200, body = EventTypeOut),
    ),
)]
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(name): PathParams<String>,
    JsonBody(body): JsonBody<EventTypePatch>,
) -> Shown {
    let found = api.registry.event_type(&org, &name).ok_or_else(Problem::entity_not_found)?;
    let change = body.validate()?;
    let now = api.now();
    let apply = |current: &_| change.apply(current, now);
    let updated = api.writer.update_event_type(&org, &found.name, apply).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&*updated).into()))
}

/// Archive an event type, or delete it
///
/// Archived, it is hidden and closed to new subscriptions; with `expunge` it is gone.
#[utoipa::path(
    delete, path = "/api/v1/event-type/{event_type_name}", operation_id = "v1.event-type.delete", tag = "Event Type",
    params(EventTypePath, DeleteQuery),
    responses(
        (status = 204, description = "It is archived, or gone."),
    ),
)]
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(name): PathParams<String>,
    QueryParams(DeleteQuery { expunge }): QueryParams<DeleteQuery>,
) -> Result<StatusCode, Problem> {
    let found = api.registry.event_type(&org, &name).ok_or_else(Problem::entity_not_found)?;
    let now = api.now();
    let gone = if expunge {
        api.writer.delete_event_type(&org, &found.name).await
    } else {
        api.writer.update_event_type(&org, &found.name, |it| archived(it, now)).await.map(drop)
    };
    gone.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}

fn archived(current: &EventTypeDefinition, now: Timestamp) -> EventTypeDefinition {
    EventTypeDefinition { archived: true, updated_at: now, ..current.clone() }
}

fn may_see(principal: &Principal, found: &EventTypeDefinition) -> bool {
    match principal {
        Principal::Organisation(_) => true,
        Principal::Application(portal) => found.is_shown_to(&portal.feature_flags),
    }
}

async fn insert(api: &Api, org: OrgId, name: EventType, draft: Draft) -> ShownWithStatus {
    let definition = draft.create(name, org, api.now());
    match api.writer.create_event_type(definition).await {
        Ok(created) => Ok((StatusCode::CREATED, Json((&*created).into()))),
        Err(WriteError::Exists) => Err(exists()),
        Err(error) => Err(refused(error, TAKEN)),
    }
}

async fn replace(api: &Api, org: &OrgId, name: &EventType, draft: &Draft) -> Shown {
    let now = api.now();
    let replace = |current: &_| draft.replace(current, now);
    let updated = api.writer.update_event_type(org, name, replace).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&*updated).into()))
}

fn exists() -> Problem {
    Problem::conflict("event_type_exists", TAKEN)
}
