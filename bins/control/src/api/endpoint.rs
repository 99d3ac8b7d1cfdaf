//! Endpoints: where an application wants its messages.

mod creation;
mod draft;
mod force;
mod rules;
mod shape;

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{
    Json, JsonBody, PathParams, Problem, QueryParams, field::Faults, patch::Patch,
};
use posthaste_domain::{AppId, Application, EndpointId, EventType, OrgId};
use posthaste_history::Order;
use posthaste_registry::{EndpointEntry, Headers};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::{
    creation::insert,
    draft::{Draft, New},
    force::{misfits, profile_of},
    shape::{EndpointOut, EndpointUpdate},
};
pub(crate) use self::{creation::register, shape::EndpointIn};
use self::{force::check_change, shape::EndpointPatch};
use super::{
    Api,
    application::find,
    no_store::NoStore,
    path::{ApplicationPath, EndpointPath},
    refused,
};
use crate::{
    access::{Anyone, Edit, OwnApplication, OwnEndpoint},
    operational::{self, OperationalEvent},
    page::{Listed, PageQuery},
};

const TAKEN: &str = "An endpoint with that id or uid already exists";

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, upsert, patch, delete))
}

pub(super) type Page = Result<Json<Listed<EndpointOut>>, Problem>;
pub(super) type Shown = Result<Json<EndpointOut>, Problem>;
/// An endpoint that was made or replaced; an answer with a secret is kept out of every cache.
pub(super) type ShownWithStatus = Result<(StatusCode, Option<NoStore>, Json<EndpointOut>), Problem>;

/// List endpoints
///
/// Every endpoint of the application, newest first.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint", operation_id = "v1.endpoint.list", tag = "Endpoint",
    params(ApplicationPath, PageQuery),
    responses(
        (status = 200, body = Listed<EndpointOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication,
    QueryParams(query): QueryParams<PageQuery>,
) -> Page {
    list_of(&api, Some(&application.id), query)
}

/// Create an endpoint
///
/// Without a `secret`, one is made. Where the endpoint's profile shows a secret once only, this
/// answer alone has what was made, in `secret`; no later one shows it.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint", operation_id = "v1.endpoint.create", tag = "Endpoint",
    params(ApplicationPath),
    request_body = EndpointIn,
    responses(
        (status = 201, body = EndpointOut),
    ),
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication<Edit>,
    speaker: Anyone,
    JsonBody(body): JsonBody<EndpointIn>,
) -> ShownWithStatus {
    let new = checked(&api, &application.org, body)?;
    speaker.may_choose(new.draft.choice.is_some())?;
    insert(&api, &application, new).await
}

/// Get an endpoint
///
/// By its id or its uid.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}", operation_id = "v1.endpoint.get", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, body = EndpointOut),
    ),
)]
pub(crate) async fn get(OwnEndpoint(_, found, _): OwnEndpoint) -> Shown {
    Ok(Json((&found.endpoint).into()))
}

/// Replace an endpoint, or create it
///
/// One that is addressed by a `uid` nobody has is created with that `uid`, and answered as a POST
/// is. Its secret, its headers and whether it is paused stay as they are.
#[utoipa::path(
    put, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}", operation_id = "v1.endpoint.upsert", tag = "Endpoint",
    params(EndpointPath),
    request_body = EndpointUpdate,
    responses(
        (status = 200, description = "It was replaced.", body = EndpointOut),
        (status = 201, description = "It was created.", body = EndpointOut),
    ),
)]
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication<Edit>,
    PathParams((_, key)): PathParams<(String, String)>,
    speaker: Anyone,
    JsonBody(body): JsonBody<EndpointUpdate>,
) -> ShownWithStatus {
    let draft = checked_update(&api, &application.org, body)?;
    speaker.may_choose(draft.choice.is_some())?;
    let current = api.registry.endpoint(&application.id, &key);
    let draft = match current.filter(|_| speaker.is_portal()) {
        // Not theirs to choose, so not theirs to leave out.
        Some(current) => Draft { profile: current.endpoint.profile.clone(), ..draft },
        None => draft,
    };
    put(&api, &application, &key, draft).await
}

/// Change an endpoint
///
/// What is absent stays; what is `null` is cleared.
#[utoipa::path(
    patch, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}", operation_id = "v1.endpoint.patch", tag = "Endpoint",
    params(EndpointPath),
    request_body = EndpointPatch,
    responses(
        (status = 200, body = EndpointOut),
    ),
)]
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, found, _): OwnEndpoint<Edit>,
    speaker: Anyone,
    JsonBody(body): JsonBody<EndpointPatch>,
) -> Shown {
    let mut change = body.validate()?;
    speaker.may_choose(change.choice != Patch::Absent)?;
    check_declared(&api, &application.org, change.event_types())?;
    let choice = std::mem::take(&mut change.choice);
    let meant = choice.try_map(|choice| find(&api, &application.org, &choice));
    let mut faults = Faults::default();
    let meant = faults.take("profile", meant);
    change.profile = faults.finish(|| meant)?;
    let now = api.now();
    let next = change.apply(&found.endpoint, now);
    check_change(&api, &application, &found, &next)?;
    let apply = |current: &_| change.apply(current, now);
    let updated = api.writer.update_endpoint(&application.id, &found.endpoint.id, apply).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&updated.endpoint).into()))
}

/// Delete an endpoint
///
/// What is under way to it becomes dead letters.
#[utoipa::path(
    delete, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}", operation_id = "v1.endpoint.delete", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint<Edit>,
) -> Result<StatusCode, Problem> {
    remove(&api, &found).await
}

/// A page of the endpoints of `app`, which has none where there is no application.
pub(super) fn list_of(api: &Api, app: Option<&AppId>, query: PageQuery) -> Page {
    let page = query.validate(Order::Descending, |key| key.parse::<EndpointId>().is_ok())?;
    let all = app.map_or_else(|| Arc::from([]), |app| api.registry.endpoints(app));
    Ok(Json(page.of(&all, |found| found.endpoint.id.as_str(), |found| (&found.endpoint).into())))
}

/// What the body of a POST comes to in an application of `org`.
pub(super) fn checked(api: &Api, org: &OrgId, body: EndpointIn) -> Result<New, Problem> {
    let new = body.validate()?;
    check_declared(api, org, new.draft.event_types.iter().flatten())?;
    Ok(New { draft: with_profile(api, org, new.draft)?, ..new })
}

/// What the body of a PUT comes to in an application of `org`.
pub(super) fn checked_update(
    api: &Api,
    org: &OrgId,
    body: EndpointUpdate,
) -> Result<Draft, Problem> {
    let draft = body.validate()?;
    check_declared(api, org, draft.event_types.iter().flatten())?;
    with_profile(api, org, draft)
}

/// With the profile that is meant by what was asked.
fn with_profile(api: &Api, org: &OrgId, draft: Draft) -> Result<Draft, Problem> {
    let mut faults = Faults::default();
    let meant = draft.choice.as_ref().map(|choice| find(api, org, choice)).transpose();
    let meant = faults.take("profile", meant);
    faults.finish(|| Some(Draft { profile: meant?, ..draft }))
}

/// Replaces the endpoint that `key` names, or creates it with that uid.
pub(super) async fn put(
    api: &Api,
    application: &Application,
    key: &str,
    draft: Draft,
) -> ShownWithStatus {
    let draft = draft.addressed_by(key);
    let Some(found) = api.registry.endpoint(&application.id, key) else {
        // Without a uid nothing could ever address what would be created by this.
        return match draft.uid {
            Some(_) => {
                let new = New { draft, secret: None, headers: Headers::new() };
                insert(api, application, new).await
            }
            None => Err(Problem::entity_not_found()),
        };
    };
    let now = api.now();
    check_change(api, application, &found, &draft.replace(&found.endpoint, now))?;
    let replace = |current: &_| draft.replace(current, now);
    let updated = api.writer.update_endpoint(&application.id, &found.endpoint.id, replace).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::OK, None, Json((&updated.endpoint).into())))
}

/// Deletes an endpoint.
pub(crate) async fn remove(api: &Api, entry: &EndpointEntry) -> Result<StatusCode, Problem> {
    let endpoint = &entry.endpoint;
    let deleted = api.writer.delete_endpoint(&endpoint.app, &endpoint.id).await;
    deleted.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}

/// An endpoint may only ask for event types that are in the catalogue and not archived, so that
/// a misspelt name does not silence it. Posthaste's own catalogue is what it tells of.
fn check_declared<'a>(
    api: &Api,
    org: &OrgId,
    wanted: impl Iterator<Item = &'a EventType>,
) -> Result<(), Problem> {
    let is_declared = |name: &EventType| {
        if *org == *operational::ORGANISATION {
            return OperationalEvent::is_known(name);
        }
        api.registry.event_type(org, name.as_str()).is_some_and(|found| !found.archived)
    };
    let unknown: Vec<_> = wanted.filter(|name| !is_declared(name)).map(EventType::as_str).collect();
    let mut faults = Faults::default();
    if !unknown.is_empty() {
        let msg = format!("The following event types don't exist: {}", unknown.join(", "));
        faults.add(["eventTypes"], msg);
    }
    faults.finish(|| Some(()))
}
