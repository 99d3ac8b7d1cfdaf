//! One more attempt, because somebody asked for it.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use posthaste_api::{Json, PathParams, Problem, idempotency_key};
use posthaste_bus::{PublishError, Recipient};
use posthaste_domain::{Event, Lane};
use posthaste_history::{Content, MessageRow};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Attempt, OwnEndpoint},
    api::{Api, RETRY_AFTER, path::DeliveryPath},
    kept_profile::Known,
};

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(resend))
}

/// The answer to what has begun: an empty object.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmptyResponse)]
pub(crate) struct Begun {}

/// Send a message to an endpoint again
///
/// One attempt, whatever comes of it; those that are to follow by themselves still do. The
/// endpoint need not want the message. With an `idempotency-key`, asking again soon sends once.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend",
    operation_id = "v1.message-attempt.resend", tag = "Message Attempt",
    params(DeliveryPath),
    responses(
        (status = 202, description = "It is about to be sent.", body = Begun),
    ),
)]
pub(crate) async fn resend(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint<Attempt>,
    PathParams((_, key, _)): PathParams<(String, String, String)>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let asked = match idempotency_key(&headers)? {
        Some(key) => key.to_owned(),
        None => format!("{:032x}", rand::random::<u128>()),
    };
    let message = api.find_message(&application.id, &key, true).await?;
    let (event, payload) = kept(message)?;
    let known = Known { bus: &api.bus, history: &api.history, freshness: &api.freshness };
    let profile = known.kept_profile(&application, &entry.endpoint, &event.id).await?;
    let to = Recipient { endpoint: &entry.endpoint.id, profile };
    send(&api, &format!("resend:{asked}"), &event, payload, to).await?;
    Ok((StatusCode::ACCEPTED, Json(Begun {})))
}

/// The event that a message was, and its payload.
fn kept(row: MessageRow) -> Result<(Event, Bytes), Problem> {
    let event = row.event();
    let Content::Kept(payload) = row.content else {
        let detail = "Unable to resend message. Payload is missing (probably expired).";
        return Err(Problem::bad_request("missing_payload", detail));
    };
    Ok((event, payload))
}

/// Puts an event in for one endpoint. Asking twice with the same key soon sends once.
pub(super) async fn send(
    api: &Api,
    key: &str,
    event: &Event,
    payload: Bytes,
    to: Recipient<'_>,
) -> Result<(), Problem> {
    let sent = api.bus.resend(key, event, payload, to, Lane::Fresh).await;
    sent.map_err(|error| match error {
        PublishError::TooLarge => Problem::payload_too_large(),
        error @ PublishError::Unwritable(_) => Problem::internal(error),
        error => Problem::unavailable(RETRY_AFTER, error),
    })
}
