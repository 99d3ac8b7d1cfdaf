//! Endpoints of operational webhooks: where an organisation is told of its own endpoints and
//! messages.
//!
//! They are endpoints like any other, of an application that Posthaste keeps for the organisation
//! ([`operational`]), and so what is done to them is done by the code of [`endpoint`], [`headers`]
//! and [`secret`]. That application is created with the first of them.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Problem, QueryParams, RawBody, field::Faults};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Api,
    endpoint::{
        self, Draft, EndpointIn, EndpointOut, EndpointUpdate, Page, Shown, ShownWithStatus,
    },
    headers::{self, HeadersIn, HeadersOut},
    path::OperationalEndpointPath,
    secret::{self, RotateIn, Rotated, SecretOut, ShownSecret},
};
use crate::{
    access::{OperationalEndpoint, Subscriber},
    operational,
    page::{Listed, PageQuery},
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, upsert, delete))
        .routes(routes!(get_headers, set_headers))
        .routes(routes!(get_secret))
        .routes(routes!(rotate_secret))
}

/// List operational endpoints
///
/// Every endpoint of the organisation's operational webhooks, newest first.
#[utoipa::path(
    get, path = "/api/v1/operational-webhook/endpoint",
    operation_id = "v1.operational-webhook.endpoint.list", tag = "Operational Webhook Endpoint",
    params(PageQuery),
    responses(
        (status = 200, body = Listed<EndpointOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Subscriber(org): Subscriber,
    QueryParams(query): QueryParams<PageQuery>,
) -> Page {
    let application = operational::application_of(&api.registry, &org);
    endpoint::list_of(&api, application.as_ref().map(|found| &found.id), query)
}

/// Create an operational endpoint
///
/// It may ask for `endpoint.created`, `endpoint.updated`, `endpoint.deleted`, `endpoint.disabled`,
/// `endpoint.enabled`, `message.attempt.failing`, `message.attempt.exhausted`,
/// `message.attempt.recovered` and `background_task.finished`; it cannot ask for channels, and
/// has no delivery profile. Without a `secret`, one is made.
#[utoipa::path(
    post, path = "/api/v1/operational-webhook/endpoint",
    operation_id = "v1.operational-webhook.endpoint.create", tag = "Operational Webhook Endpoint",
    request_body = EndpointIn,
    responses(
        (status = 201, body = EndpointOut),
    ),
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    Subscriber(org): Subscriber,
    JsonBody(body): JsonBody<EndpointIn>,
) -> ShownWithStatus {
    let new = endpoint::checked(&api, &operational::ORGANISATION, body)?;
    plain(&new.draft)?;
    let now = api.now();
    let application = operational::application_for(&api.registry, &api.writer, &org, now).await?;
    endpoint::insert(&api, &application, new).await
}

/// Get an operational endpoint
///
/// By its id or its uid.
#[utoipa::path(
    get, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}",
    operation_id = "v1.operational-webhook.endpoint.get", tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    responses(
        (status = 200, body = EndpointOut),
    ),
)]
pub(crate) async fn get(OperationalEndpoint(found): OperationalEndpoint) -> Shown {
    Ok(Json((&found.endpoint).into()))
}

/// Replace an operational endpoint, or create it
///
/// One that is addressed by a `uid` nobody has is created with that `uid`. Its secret and its
/// headers stay as they are.
#[utoipa::path(
    put, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}",
    operation_id = "v1.operational-webhook.endpoint.upsert", tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    request_body = EndpointUpdate,
    responses(
        (status = 200, description = "It was replaced.", body = EndpointOut),
        (status = 201, description = "It was created.", body = EndpointOut),
    ),
)]
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    Subscriber(org): Subscriber,
    PathParams(key): PathParams<String>,
    JsonBody(body): JsonBody<EndpointUpdate>,
) -> ShownWithStatus {
    let draft = endpoint::checked_update(&api, &operational::ORGANISATION, body)?;
    plain(&draft)?;
    let now = api.now();
    let application = operational::application_for(&api.registry, &api.writer, &org, now).await?;
    endpoint::put(&api, &application, &key, draft).await
}

/// Delete an operational endpoint
///
/// What is under way to it becomes dead letters.
#[utoipa::path(
    delete, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}",
    operation_id = "v1.operational-webhook.endpoint.delete", tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    OperationalEndpoint(found): OperationalEndpoint,
) -> Result<StatusCode, Problem> {
    endpoint::remove(&api, &found).await
}

/// Get an operational endpoint's headers
///
/// The values of headers that are known to hold credentials are not shown.
#[utoipa::path(
    get, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}/headers",
    operation_id = "v1.operational-webhook.endpoint.get-headers",
    tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    responses(
        (status = 200, body = HeadersOut),
    ),
)]
pub(crate) async fn get_headers(
    OperationalEndpoint(found): OperationalEndpoint,
) -> Result<Json<HeadersOut>, Problem> {
    headers::shown(&found)
}

/// Replace an operational endpoint's headers
///
/// All of them; what is not named goes.
#[utoipa::path(
    put, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}/headers",
    operation_id = "v1.operational-webhook.endpoint.set-headers",
    tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    request_body = HeadersIn,
    responses(
        (status = 204, description = "They are replaced."),
    ),
)]
pub(crate) async fn set_headers(
    State(api): State<Arc<Api>>,
    OperationalEndpoint(found): OperationalEndpoint,
    JsonBody(body): JsonBody<HeadersIn>,
) -> Result<StatusCode, Problem> {
    headers::replace(&api, &found, body).await
}

/// Get an operational endpoint's signing secret
///
/// In the form that receivers take.
#[utoipa::path(
    get, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}/secret",
    operation_id = "v1.operational-webhook.endpoint.get-secret",
    tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    responses(
        (status = 200, body = SecretOut),
    ),
)]
pub(crate) async fn get_secret(OperationalEndpoint(found): OperationalEndpoint) -> ShownSecret {
    secret::shown(&found)
}

/// Replace an operational endpoint's signing secret
///
/// The old one goes on signing beside the new one for a while.
#[utoipa::path(
    post, path = "/api/v1/operational-webhook/endpoint/{endpoint_id}/secret/rotate",
    operation_id = "v1.operational-webhook.endpoint.rotate-secret",
    tag = "Operational Webhook Endpoint",
    params(OperationalEndpointPath),
    request_body = Option<RotateIn>,
    responses(
        (status = 204, description = "It was replaced."),
    ),
)]
pub(crate) async fn rotate_secret(
    State(api): State<Arc<Api>>,
    OperationalEndpoint(found): OperationalEndpoint,
    RawBody(body): RawBody,
) -> Rotated {
    secret::replace(&api, &found, &body).await
}

/// What Posthaste tells has no channels, so an endpoint that has some would hear nothing; and it is
/// told in one form to everybody.
fn plain(draft: &Draft) -> Result<(), Problem> {
    let mut faults = Faults::default();
    if draft.channels.is_some() {
        faults.add(["channels"], "operational webhooks have no channels");
    }
    if draft.profile.is_some() {
        faults.add(["profile"], "operational webhooks have no delivery profiles");
    }
    faults.finish(|| Some(()))
}
