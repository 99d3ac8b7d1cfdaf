//! Applications: the platform's customers.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{
    Json, JsonBody, PathParams, Problem, ProfileChoice, ProfileUnfit, QueryParams,
    application::{ApplicationIn, ApplicationOut, ApplicationPatch, Draft},
    field::Faults,
};
use posthaste_domain::{AppId, Application, OrgId, ProfileRef};
use posthaste_history::Order;
use posthaste_registry::EndpointEntry;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Api, endpoint::misfits, path::ApplicationPath, profile::longest_run, refused};
use crate::{
    access::{ManagedApplication, Organisation, OwnApplication},
    page::{Listed, PageQuery},
};

const TAKEN: &str = "An application with that id or uid already exists";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CreateQuery {
    /// Where there is an application with this `uid`, answer with that one.
    #[serde(default)]
    get_if_exists: bool,
}

/// Which applications are left out of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExclusionQuery {
    /// Leave out those that have no endpoints.
    #[serde(default)]
    #[param(default = false)]
    exclude_apps_with_no_endpoints: bool,
    /// Leave out those that have endpoints, all of them disabled.
    #[serde(default)]
    #[param(default = false)]
    exclude_apps_with_disabled_endpoints: bool,
    /// Known to clients; there are no such endpoints here, so it leaves out nothing.
    #[serde(default, rename = "exclude_apps_with_svix_play_endpoints")]
    #[param(default = false)]
    _exclude_apps_with_svix_play_endpoints: bool,
}

impl ExclusionQuery {
    fn may_exclude(&self) -> bool {
        self.exclude_apps_with_no_endpoints || self.exclude_apps_with_disabled_endpoints
    }

    fn excludes(&self, endpoints: &[Arc<EndpointEntry>]) -> bool {
        if endpoints.is_empty() {
            self.exclude_apps_with_no_endpoints
        } else {
            self.exclude_apps_with_disabled_endpoints
                && endpoints.iter().all(|entry| entry.endpoint.disabled)
        }
    }
}

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, upsert, patch, delete))
}

type Shown = Result<Json<ApplicationOut>, Problem>;
type ShownWithStatus = Result<(StatusCode, Json<ApplicationOut>), Problem>;

/// List applications
///
/// Every application of the organisation, oldest first.
#[utoipa::path(
    get, path = "/api/v1/app", operation_id = "v1.application.list", tag = "Application",
    params(PageQuery, ExclusionQuery),
    responses(
        (status = 200, body = Listed<ApplicationOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(query): QueryParams<PageQuery>,
    QueryParams(exclusion): QueryParams<ExclusionQuery>,
) -> Result<Json<Listed<ApplicationOut>>, Problem> {
    let page = query.validate(Order::Ascending, |key| key.parse::<AppId>().is_ok())?;
    let mut all = api.registry.applications(&org);
    if exclusion.may_exclude() {
        all.retain(|found| !exclusion.excludes(&api.registry.endpoints(&found.id)));
    }
    Ok(Json(page.of(&all, |found| found.id.as_str(), |found| (&**found).into())))
}

/// Create an application
///
/// With `get_if_exists`, one that has the `uid` already is answered with 200.
#[utoipa::path(
    post, path = "/api/v1/app", operation_id = "v1.application.create", tag = "Application",
    params(CreateQuery),
    request_body = ApplicationIn,
    responses(
        (status = 201, description = "It was created.", body = ApplicationOut),
        (status = 200, description = "It exists, and `get_if_exists` is set.", body = ApplicationOut),
    ),
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(query): QueryParams<CreateQuery>,
    JsonBody(body): JsonBody<ApplicationIn>,
) -> ShownWithStatus {
    let draft = body.validate()?.with_profile(|choice| find(&api, &org, choice))?;
    if !query.get_if_exists {
        return insert(&api, org, draft).await;
    }
    let now = api.now();
    let wanted = draft.create(AppId::generate(now, &mut rand::rng()), org, now);
    let found = api.writer.find_or_create_application(wanted).await;
    let (application, is_new) = found.map_err(|error| refused(error, TAKEN))?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json((&*application).into())))
}

/// Get an application
///
/// By its id or its `uid`.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}", operation_id = "v1.application.get", tag = "Application",
    params(ApplicationPath),
    responses(
        (status = 200, body = ApplicationOut),
    ),
)]
pub(crate) async fn get(OwnApplication(found, _): OwnApplication) -> Shown {
    Ok(Json((&*found).into()))
}

/// Replace an application, or create it
///
/// One that is addressed by a `uid` nobody has is created with that `uid`.
#[utoipa::path(
    put, path = "/api/v1/app/{app_id}", operation_id = "v1.application.upsert", tag = "Application",
    params(ApplicationPath),
    request_body = ApplicationIn,
    responses(
        (status = 200, description = "It was replaced.", body = ApplicationOut),
        (status = 201, description = "It was created.", body = ApplicationOut),
    ),
)]
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(key): PathParams<String>,
    JsonBody(body): JsonBody<ApplicationIn>,
) -> ShownWithStatus {
    let draft = body.validate()?.with_profile(|choice| find(&api, &org, choice))?;
    let draft = draft.addressed_by(&key);
    let Some(found) = api.registry.application(&org, &key) else {
        // Without a uid nothing could ever address what would be created by this.
        return match draft.uid {
            Some(_) => insert(&api, org, draft).await,
            None => Err(Problem::entity_not_found()),
        };
    };
    let now = api.now();
    check_endpoints(&api, &found, &draft.replace(&found, now))?;
    let updated = api.writer.update_application(&found.id, |current| draft.replace(current, now));
    let updated = updated.await.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::OK, Json((&*updated).into())))
}

/// Change an application
///
/// What is absent stays; what is `null` is cleared.
#[utoipa::path(
    patch, path = "/api/v1/app/{app_id}", operation_id = "v1.application.patch", tag = "Application",
    params(ApplicationPath),
    request_body = ApplicationPatch,
    responses(
        (status = 200, body = ApplicationOut),
    ),
)]
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    ManagedApplication(found): ManagedApplication,
    JsonBody(body): JsonBody<ApplicationPatch>,
) -> Shown {
    let change = body.validate()?.with_profile(|choice| find(&api, &found.org, &choice))?;
    let now = api.now();
    check_endpoints(&api, &found, &change.apply(&found, now))?;
    let updated = api.writer.update_application(&found.id, |current| change.apply(current, now));
    let updated = updated.await.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&*updated).into()))
}

/// Delete an application
///
/// Its endpoints go with it; what is under way to them becomes dead letters.
#[utoipa::path(
    delete, path = "/api/v1/app/{app_id}", operation_id = "v1.application.delete", tag = "Application",
    params(ApplicationPath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    ManagedApplication(found): ManagedApplication,
) -> Result<StatusCode, Problem> {
    let deleted = api.writer.delete_application(&found.id).await;
    deleted.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The profile that is meant.
pub(super) fn find(
    api: &Api,
    org: &OrgId,
    choice: &ProfileChoice,
) -> Result<ProfileRef, ProfileUnfit> {
    let reference = choice.among(&api.registry.profile_names(org))?;
    let profile = api.registry.profile(org, &reference).ok_or(ProfileUnfit::Unknown)?;
    let takes = profile.schedule.horizon(profile.total_timeout);
    if takes > longest_run(api) { Err(ProfileUnfit::TooLong) } else { Ok(reference) }
}

/// Whether an application may become `next`: another profile must suit the endpoints that it has.
fn check_endpoints(api: &Api, found: &Application, next: &Application) -> Result<(), Problem> {
    if found.profile == next.profile {
        return Ok(());
    }
    let profile = next.profile.as_ref().and_then(|name| api.registry.profile(&next.org, name));
    let mut faults = Faults::default();
    if let Some((count, first)) = misfits(api, found, profile.as_deref()) {
        let msg = format!("does not suit {count} of the application's endpoints, such as {first}");
        faults.add(["profile"], msg);
    }
    faults.finish(|| Some(()))
}

async fn insert(api: &Api, org: OrgId, draft: Draft) -> ShownWithStatus {
    let now = api.now();
    let application = draft.create(AppId::generate(now, &mut rand::rng()), org, now);
    let created = api.writer.create_application(application).await;
    let created = created.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::CREATED, Json((&*created).into())))
}
