//! Delivery profiles: those that everybody has, and those that an organisation publishes.
//!
//! A version is published once and stays as it is: deliveries that began with it go on with it.

mod document;
mod shape;

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use http::{HeaderValue, StatusCode, header};
use posthaste_api::{Json, PathParams, Problem, QueryParams, RawBody};
use posthaste_domain::ProfileRef;
use posthaste_history::Order;
use posthaste_profile::Preset;
use posthaste_registry::WriteError;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::document::longest_run;
pub(crate) use self::shape::Reference;
use self::{
    document::ProfileDocument,
    shape::{Faulty, ProfileOut, ProfilePublished},
};
use super::{Api, path::ProfilePath, refused};
use crate::{
    access::Organisation,
    page::{Listed, PageQuery},
};

/// How many profiles an organisation may publish, all versions counted.
const MAX_PROFILES: usize = 1_000;
const TAKEN: &str =
    "This version of the profile is published already, or its name is that of a preset";

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(validate))
        .routes(routes!(get))
}

/// List delivery profiles
///
/// Those that everybody has and those that the organisation has published, by name and version.
#[utoipa::path(
    get, path = "/api/v1/profile", operation_id = "v1.profile.list", tag = "Profile",
    params(PageQuery),
    responses(
        (status = 200, body = Listed<ProfileOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Listed<ProfileOut>>, Problem> {
    let page = query.validate(Order::Ascending, shape::is_place)?;
    let presets = Preset::all().map(|preset| ProfileOut::preset(&preset.profile.reference));
    let own = api.registry.profiles(&org);
    let own = own
        .iter()
        .map(|published| ProfileOut::published(&published.profile.reference, published.created_at));
    let mut all: Vec<_> = presets.chain(own).map(|shown| (shown.place(), shown)).collect();
    all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Json(page.of(&all, |(place, _)| place, |(_, shown)| shown.clone())))
}

/// Publish a delivery profile
///
/// The body is the profile, which is kept byte for byte and can be neither changed nor taken back;
/// what is to be otherwise is published as the next version. It is named by applications and
/// endpoints as `name@version`. A document with faults is refused with all of them, each with its
/// JSON Pointer. An organisation may publish 1000.
#[utoipa::path(
    post, path = "/api/v1/profile", operation_id = "v1.profile.create", tag = "Profile",
    request_body = ProfileDocument,
    responses(
        (status = 201, description = "It is published.", body = ProfilePublished),
    ),
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<ProfilePublished>), Problem> {
    let (profile, text) = document::read(&body, document::longest_run(&api))
        .map_err(|faults| Problem::validation(faults.iter().map(document::located).collect()))?;
    let known = api.registry.profiles(&org);
    let is_known = known.iter().any(|one| one.profile.reference == profile.reference);
    if known.len() >= MAX_PROFILES && !is_known {
        let detail = format!("An organisation may publish {MAX_PROFILES} profiles.");
        return Err(Problem::limit_reached(detail));
    }
    match api.writer.publish_profile(&org, profile, text, api.now()).await {
        Ok(published) => Ok((StatusCode::CREATED, Json((&published.profile.reference).into()))),
        Err(WriteError::Exists) => Err(Problem::conflict("profile_exists", TAKEN)),
        Err(error) => Err(refused(error, TAKEN)),
    }
}

/// Validate a delivery profile
///
/// Tells what publishing it would refuse, and publishes nothing.
#[utoipa::path(
    post, path = "/api/v1/profile/validate", operation_id = "v1.profile.validate", tag = "Profile",
    request_body = ProfileDocument,
    responses(
        (status = 200, description = "Its faults; none, where it can be published.", body = Faulty),
    ),
)]
pub(crate) async fn validate(
    State(api): State<Arc<Api>>,
    Organisation(_): Organisation,
    RawBody(body): RawBody,
) -> Json<Faulty> {
    let read = document::read(&body, document::longest_run(&api));
    Json(read.err().unwrap_or_default().into())
}

/// Get a delivery profile
///
/// The document, byte for byte as it was published.
#[utoipa::path(
    get, path = "/api/v1/profile/{reference}", operation_id = "v1.profile.get", tag = "Profile",
    params(ProfilePath),
    responses(
        (status = 200, body = ProfileDocument),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(reference): PathParams<String>,
) -> Result<impl IntoResponse, Problem> {
    let reference: ProfileRef = reference.parse().map_err(|_| Problem::entity_not_found())?;
    let document = match Preset::named(&reference) {
        Some(preset) => preset.document.to_owned(),
        None => {
            let found = api.registry.published(&org, &reference);
            found.ok_or_else(Problem::entity_not_found)?.document.as_ref().to_owned()
        }
    };
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], document))
}
