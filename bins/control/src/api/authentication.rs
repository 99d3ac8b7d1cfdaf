//! Tokens for customers of the platform, and their end.
//!
//! There is no table of tokens: what is well signed is true until its time is over, or until the
//! application's record says that what was made before a moment is ended. Logging out, which would
//! end a single token, is not served.

mod portal;
mod shape;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{extract::State, middleware::map_response};
use http::{HeaderMap, StatusCode};
use posthaste_api::{Json, JsonBody, PathParams, Portal, Problem, RawBody, parse_json};
use posthaste_domain::{Application, CutOff, CutOffs};
use posthaste_ingress::find_or_create;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::shape::{AppPortalAccessIn, AppPortalAccessOut, ApplicationTokenExpireIn, Expiry};
use super::{Api, no_store::never_stored, path::ApplicationPath, refused};
use crate::access::{ManagedApplication, Organisation};

const TAKEN: &str = "An application with that id or uid already exists";

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(app_portal_access))
        .routes(routes!(expire_all))
        .routes(routes!(dashboard_access))
        .layer(map_response(never_stored))
}

/// Get a token for an application
///
/// The token lets a customer of the platform see and change what is the application's own, as far
/// as its capabilities go. The `url` is where it is used; whoever follows it is logged in. An
/// application that does not exist is created where the body describes it.
#[utoipa::path(
    post, path = "/api/v1/auth/app-portal-access/{app_id}",
    operation_id = "v1.authentication.app-portal-access", tag = "Authentication",
    params(ApplicationPath),
    request_body = AppPortalAccessIn,
    responses(
        (status = 200, description = "The token, and where it is used.", body = AppPortalAccessOut),
    ),
)]
pub(crate) async fn app_portal_access(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(key): PathParams<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<AppPortalAccessIn>,
) -> Result<Json<AppPortalAccessOut>, Problem> {
    let (access, application) = body.validate()?;
    let now = api.now();
    let application = match application {
        Some(described) => {
            find_or_create(&api.registry, &api.writer, &org, &key, described, now).await?
        }
        None => api.registry.application(&org, &key).ok_or_else(Problem::entity_not_found)?,
    };
    let portal = Portal {
        org,
        app: application.id.clone(),
        feature_flags: access.feature_flags,
        capabilities: access.capabilities,
        session_id: access.session_id,
        issued_at: now,
    };
    let token = api.signer.portal_token(&portal, access.lifetime);
    let url = portal::url(api.portal_url.as_deref(), &headers, &portal.app, &token);
    Ok(Json(AppPortalAccessOut { url, token }))
}

/// Get a token for an application, by an older name
///
/// As `app-portal-access`, and the body may be absent.
#[utoipa::path(
    post, path = "/api/v1/auth/dashboard-access/{app_id}",
    operation_id = "v1.authentication.dashboard-access", tag = "Authentication",
    params(ApplicationPath),
    request_body = Option<AppPortalAccessIn>,
    responses(
        (status = 200, description = "The token, and where it is used.", body = AppPortalAccessOut),
    ),
)]
pub(crate) async fn dashboard_access(
    state: State<Arc<Api>>,
    organisation: Organisation,
    path: PathParams<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<AppPortalAccessOut>, Problem> {
    let body = if body.is_empty() { None } else { parse_json(&body)? };
    let body: AppPortalAccessIn = Option::unwrap_or_default(body);
    app_portal_access(state, organisation, path, headers, JsonBody(body)).await
}

/// Expire an application's tokens
///
/// Every token of the application that was made before now stops working after `expiry` seconds;
/// with `sessionIds` only those that were made for one of these sessions. What is made later is
/// good.
#[utoipa::path(
    post, path = "/api/v1/auth/app/{app_id}/expire-all",
    operation_id = "v1.authentication.expire-all", tag = "Authentication",
    params(ApplicationPath),
    request_body = ApplicationTokenExpireIn,
    responses(
        (status = 204, description = "They stop working in time."),
    ),
)]
pub(crate) async fn expire_all(
    State(api): State<Arc<Api>>,
    ManagedApplication(found): ManagedApplication,
    JsonBody(body): JsonBody<ApplicationTokenExpireIn>,
) -> Result<StatusCode, Problem> {
    let Expiry { after, sessions } = body.validate()?;
    let now = api.now();
    let cut_off = CutOff { made_before: now, ends_at: now + after, sessions };
    let is_full = AtomicBool::new(false);
    let end = |current: &Application| {
        let with = current.token_cut_offs.with(cut_off.clone(), now);
        is_full.store(with.is_err(), Ordering::Relaxed);
        let token_cut_offs = with.unwrap_or_else(|_| current.token_cut_offs.clone());
        Application { token_cut_offs, ..current.clone() }
    };
    api.writer.update_application(&found.id, end).await.map_err(|error| refused(error, TAKEN))?;
    if is_full.into_inner() {
        return Err(Problem::limit_reached(format!(
            "At most {} ends of tokens with {} sessions can be pending. Expire all sessions.",
            CutOffs::MAX,
            CutOffs::MAX_SESSIONS
        )));
    }
    Ok(StatusCode::NO_CONTENT)
}
