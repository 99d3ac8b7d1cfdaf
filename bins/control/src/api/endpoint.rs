//! Endpoints: where an application wants its messages.

mod draft;
mod shape;

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Problem, QueryParams};
use posthaste_domain::{Application, EndpointId, EventType, Keyring, OrgId, SigningSecret};

use self::{
    draft::Draft,
    shape::{EndpointIn, EndpointOut, EndpointPatch},
};
use super::{Api, field::Faults, refused};
use crate::{
    access::{OwnApplication, OwnEndpoint},
    page::{Listed, Order, PageQuery},
};

const TAKEN: &str = "An endpoint with that id or uid already exists";

type Shown = Result<Json<EndpointOut>, Problem>;
type ShownWithStatus = Result<(StatusCode, Json<EndpointOut>), Problem>;

/// `GET /app/{app_id}/endpoint`
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    OwnApplication(application): OwnApplication,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Listed<EndpointOut>>, Problem> {
    let page = query.validate(Order::Descending, |key| key.parse::<EndpointId>().is_ok())?;
    let all = api.registry.endpoints(&application.id);
    Ok(Json(page.of(&all, |found| found.endpoint.id.as_str(), |found| (&found.endpoint).into())))
}

/// `POST /app/{app_id}/endpoint`
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    OwnApplication(application): OwnApplication,
    JsonBody(body): JsonBody<EndpointIn>,
) -> ShownWithStatus {
    let (draft, secret) = body.validate()?;
    check_declared(&api, &application.org, draft.event_types.iter().flatten())?;
    insert(&api, &application, draft, secret).await
}

/// `GET /app/{app_id}/endpoint/{endpoint_id}`
pub(crate) async fn get(OwnEndpoint(_, found): OwnEndpoint) -> Shown {
    Ok(Json((&found.endpoint).into()))
}

/// `PUT /app/{app_id}/endpoint/{endpoint_id}`; its secret is neither read nor changed.
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    OwnApplication(application): OwnApplication,
    PathParams((_, key)): PathParams<(String, String)>,
    JsonBody(body): JsonBody<EndpointIn>,
) -> ShownWithStatus {
    let draft = body.without_secret().validate()?.0.addressed_by(&key);
    check_declared(&api, &application.org, draft.event_types.iter().flatten())?;
    let Some(found) = api.registry.endpoint(&application.id, &key) else {
        // Without a uid nothing could ever address what would be created by this.
        return match draft.uid {
            Some(_) => insert(&api, &application, draft, None).await,
            None => Err(Problem::entity_not_found()),
        };
    };
    let now = api.now();
    let replace = |current: &_| draft.replace(current, now);
    let updated = api.writer.update_endpoint(&application.id, &found.endpoint.id, replace).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::OK, Json((&updated.endpoint).into())))
}

/// `PATCH /app/{app_id}/endpoint/{endpoint_id}`
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, found): OwnEndpoint,
    JsonBody(body): JsonBody<EndpointPatch>,
) -> Shown {
    let change = body.validate()?;
    check_declared(&api, &application.org, change.event_types())?;
    let now = api.now();
    let apply = |current: &_| change.apply(current, now);
    let updated = api.writer.update_endpoint(&application.id, &found.endpoint.id, apply).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&updated.endpoint).into()))
}

/// `DELETE /app/{app_id}/endpoint/{endpoint_id}`
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found): OwnEndpoint,
) -> Result<StatusCode, Problem> {
    let endpoint = &found.endpoint;
    let deleted = api.writer.delete_endpoint(&endpoint.app, &endpoint.id).await;
    deleted.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn insert(
    api: &Api,
    application: &Application,
    draft: Draft,
    secret: Option<SigningSecret>,
) -> ShownWithStatus {
    let now = api.now();
    let id = EndpointId::generate(now, &mut rand::rng());
    let endpoint = draft.create(id, application.id.clone(), now);
    let secret = secret.unwrap_or_else(|| SigningSecret::generate(&mut rand::rng()));
    let created = api.writer.create_endpoint(endpoint, Keyring::new(secret)).await;
    let created = created.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::CREATED, Json((&created.endpoint).into())))
}

/// An endpoint may only ask for event types that are in the catalogue and not archived, so that
/// a misspelt name does not silence it.
fn check_declared<'a>(
    api: &Api,
    org: &OrgId,
    wanted: impl Iterator<Item = &'a EventType>,
) -> Result<(), Problem> {
    let is_declared = |name: &EventType| {
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
