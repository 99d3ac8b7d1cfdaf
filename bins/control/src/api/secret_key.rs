//! Secret keys: what merchants' own programs show when they call.
//!
//! A key is told in the answer that makes it and never again: what is kept is its digest.

mod shape;

use std::sync::Arc;

use axum::{extract::State, middleware::map_response};
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Problem};
use posthaste_domain::SecretKeyId;
use posthaste_registry::SecretKey;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::shape::KeyId;
use self::shape::{SecretKeyCreated, SecretKeyIn, SecretKeysOut};
use super::{
    Api,
    no_store::never_stored,
    path::{ApplicationPath, SecretKeyPath},
    refused,
};
use crate::access::ManagedApplication;

/// How many keys an application may have: one for each of its programs, and room to replace them.
const MAX_KEYS: usize = 20;
const TAKEN: &str = "The key was changed meanwhile";

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(delete))
        .layer(map_response(never_stored))
}

/// List secret keys
///
/// Those of the application, oldest first. The keys themselves are not told again.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/secret-key", operation_id = "v1.secret-key.list", tag = "Secret Key",
    params(ApplicationPath),
    responses(
        (status = 200, body = SecretKeysOut),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
) -> Json<SecretKeysOut> {
    Json(api.registry.secret_keys(&application.id).iter().map(|key| (&**key).into()).collect())
}

/// Create a secret key
///
/// With it a merchant's own programs register endpoints and ask whether an event is genuine. This
/// answer alone tells the key. An application may have 20.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/secret-key", operation_id = "v1.secret-key.create", tag = "Secret Key",
    params(ApplicationPath),
    request_body = SecretKeyIn,
    responses(
        (status = 201, body = SecretKeyCreated),
    ),
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
    JsonBody(body): JsonBody<SecretKeyIn>,
) -> Result<(StatusCode, Json<SecretKeyCreated>), Problem> {
    let (mode, name) = body.validate()?;
    if api.registry.secret_keys(&application.id).len() >= MAX_KEYS {
        let detail = format!("An application may have {MAX_KEYS} secret keys. Delete one first.");
        return Err(Problem::limit_reached(detail));
    }
    let (org, app) = (application.org.clone(), application.id.clone());
    let (made, text) = SecretKey::generate(org, app, mode, name, api.now(), &mut rand::rng());
    let made = api.writer.create_secret_key(made).await;
    let made = made.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::CREATED, Json(SecretKeyCreated::new(&made, text))))
}

/// Delete a secret key
///
/// Nobody is let in with it any more.
#[utoipa::path(
    delete, path = "/api/v1/app/{app_id}/secret-key/{key_id}", operation_id = "v1.secret-key.delete", tag = "Secret Key",
    params(SecretKeyPath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
    PathParams((_, key)): PathParams<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id: SecretKeyId = key.parse().map_err(|_| Problem::entity_not_found())?;
    let deleted = api.writer.delete_secret_key(&application.id, &id).await;
    deleted.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}
