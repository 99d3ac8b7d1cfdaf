//! The same attempts under paths of old; their filters work.

use std::sync::Arc;

use axum::extract::State;
use posthaste_api::{PathParams, QueryParams};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AttemptOut, Attempts, OfEndpointQuery, attempts_of_message, list_by_message};
use crate::{
    access::{OwnApplication, OwnEndpoint},
    api::{
        Api,
        path::{DeliveryPath, MessagePath},
    },
    page::{Listed, PageQuery},
    query::{AttemptQuery, EventTypes, EventTypesQuery},
};

#[expect(deprecated, reason = "what is old is answered all the same")]
pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list_by_message_deprecated))
        .routes(routes!(list_by_delivery_deprecated))
}

/// List the attempts at a message (old)
///
/// The same as under `/attempt/msg`.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/msg/{msg_id}/attempt",
    operation_id = "v1.message-attempt.list-by-msg-deprecated", tag = "Message Attempt",
    params(MessagePath, PageQuery, AttemptQuery, OfEndpointQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<AttemptOut>),
    ),
)]
#[deprecated]
pub(crate) async fn list_by_message_deprecated(
    api: State<Arc<Api>>,
    application: OwnApplication,
    path: PathParams<(String, String)>,
    page: QueryParams<PageQuery>,
    query: QueryParams<AttemptQuery>,
    of: QueryParams<OfEndpointQuery>,
    types: EventTypes,
) -> Attempts {
    list_by_message(api, application, path, page, query, of, types).await
}

/// List the attempts at a message and an endpoint (old)
///
/// The same as under `/attempt/msg` with `endpoint_id`.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/attempt",
    operation_id = "v1.message-attempt.list-by-endpoint-deprecated", tag = "Message Attempt",
    params(DeliveryPath, PageQuery, AttemptQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<AttemptOut>),
    ),
)]
#[deprecated]
pub(crate) async fn list_by_delivery_deprecated(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint,
    PathParams((_, key, _)): PathParams<(String, String, String)>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<AttemptQuery>,
    types: EventTypes,
) -> Attempts {
    let asked = query.validate(types, page)?;
    let endpoint = Some(entry.endpoint.id.clone());
    attempts_of_message(&api, &application, &key, asked, endpoint).await
}
