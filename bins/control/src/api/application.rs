//! Applications: the platform's customers.

mod shape;

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Problem, QueryParams};
use posthaste_domain::{AppId, OrgId};
use serde::Deserialize;

use self::shape::{ApplicationIn, ApplicationOut, ApplicationPatch, Draft};
use super::{Api, refused};
use crate::{
    access::{ManagedApplication, Organisation, OwnApplication},
    page::{Listed, Order, PageQuery},
};

/// How often, and how far apart, one looks for what somebody else is creating at this moment.
const LOOKS: u32 = 50;
const LOOK_EVERY: Duration = Duration::from_millis(20);

const TAKEN: &str = "An application with that id or uid already exists";

#[derive(Debug, Deserialize)]
pub(crate) struct CreateQuery {
    #[serde(default)]
    get_if_exists: bool,
}

type Shown = Result<Json<ApplicationOut>, Problem>;
type ShownWithStatus = Result<(StatusCode, Json<ApplicationOut>), Problem>;

/// `GET /app`
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Listed<ApplicationOut>>, Problem> {
    let page = query.validate(Order::Ascending, |key| key.parse::<AppId>().is_ok())?;
    let all = api.registry.applications(&org);
    Ok(Json(page.of(&all, |found| found.id.as_str(), |found| (&**found).into())))
}

/// `POST /app`
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(query): QueryParams<CreateQuery>,
    JsonBody(body): JsonBody<ApplicationIn>,
) -> ShownWithStatus {
    let draft = body.validate()?;
    let uid = draft.uid.clone();
    let existing = || {
        let uid = uid.as_ref().filter(|_| query.get_if_exists)?;
        let found = api.registry.application(&org, uid.as_str())?;
        Some((StatusCode::OK, Json(ApplicationOut::from(&*found))))
    };
    if let Some(found) = existing() {
        return Ok(found);
    }
    match insert(&api, org.clone(), draft).await {
        Err(problem) if query.get_if_exists && problem.status() == StatusCode::CONFLICT => {
            // Somebody else is creating it: a uid is reserved a moment before its record shows.
            let mut looks = tokio::time::interval(LOOK_EVERY);
            for _ in 0..LOOKS {
                looks.tick().await;
                if let Some(found) = existing() {
                    return Ok(found);
                }
            }
            Err(problem)
        }
        created => created,
    }
}

/// `GET /app/{app_id}`
pub(crate) async fn get(OwnApplication(found): OwnApplication) -> Shown {
    Ok(Json((&*found).into()))
}

/// `PUT /app/{app_id}`
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(key): PathParams<String>,
    JsonBody(body): JsonBody<ApplicationIn>,
) -> ShownWithStatus {
    let draft = body.validate()?.addressed_by(&key);
    let Some(found) = api.registry.application(&org, &key) else {
        // Without a uid nothing could ever address what would be created by this.
        return match draft.uid {
            Some(_) => insert(&api, org, draft).await,
            None => Err(Problem::entity_not_found()),
        };
    };
    let now = api.now();
    let updated = api.writer.update_application(&found.id, |current| draft.replace(current, now));
    let updated = updated.await.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::OK, Json((&*updated).into())))
}

/// `PATCH /app/{app_id}`
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    ManagedApplication(found): ManagedApplication,
    JsonBody(body): JsonBody<ApplicationPatch>,
) -> Shown {
    let change = body.validate()?;
    let now = api.now();
    let updated = api.writer.update_application(&found.id, |current| change.apply(current, now));
    let updated = updated.await.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&*updated).into()))
}

/// `DELETE /app/{app_id}`
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    ManagedApplication(found): ManagedApplication,
) -> Result<StatusCode, Problem> {
    let deleted = api.writer.delete_application(&found.id).await;
    deleted.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn insert(api: &Api, org: OrgId, draft: Draft) -> ShownWithStatus {
    let now = api.now();
    let application = draft.create(AppId::generate(now, &mut rand::rng()), org, now);
    let created = api.writer.create_application(application).await;
    let created = created.map_err(|error| refused(error, TAKEN))?;
    Ok((StatusCode::CREATED, Json((&*created).into())))
}
