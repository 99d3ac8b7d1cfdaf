//! Applications: the platform's customers.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Problem, QueryParams};
use posthaste_domain::{AppId, Application, OrgId, Timestamp, Uid};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    field::{self, Faults, FieldError, Metadata},
    refused,
};
use crate::{
    access::{ManagedApplication, Organisation, OwnApplication},
    page::{Listed, Order, PageQuery},
    patch::Patch,
};

const TAKEN: &str = "An application with that id or uid already exists";

/// The body of POST and PUT. An explicit `null` is as good as absence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationIn {
    name: String,
    uid: Option<String>,
    throttle_rate: Option<u16>,
    /// The older name of `throttleRate`, which wins over it.
    rate_limit: Option<u16>,
    metadata: Option<Metadata>,
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ApplicationPatch {
    name: Patch<String>,
    uid: Patch<String>,
    throttle_rate: Patch<u16>,
    rate_limit: Patch<u16>,
    metadata: Patch<Metadata>,
}

/// An application as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Uid>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u16>,
    throttle_rate: Option<u16>,
    id: AppId,
    created_at: Timestamp,
    updated_at: Timestamp,
    metadata: Metadata,
}

impl From<&Application> for ApplicationOut {
    fn from(application: &Application) -> Self {
        Self {
            uid: application.uid.clone(),
            name: application.name.clone(),
            rate_limit: application.throttle_rate,
            throttle_rate: application.throttle_rate,
            id: application.id.clone(),
            created_at: application.created_at,
            updated_at: application.updated_at,
            metadata: application.metadata.clone(),
        }
    }
}

/// A checked [`ApplicationIn`].
#[derive(Clone, Debug)]
struct Draft {
    name: String,
    uid: Option<Uid>,
    throttle_rate: Option<u16>,
    metadata: Metadata,
}

/// A checked [`ApplicationPatch`].
#[derive(Clone, Debug)]
struct Change {
    name: Patch<String>,
    uid: Patch<Uid>,
    throttle_rate: Patch<u16>,
    metadata: Patch<Metadata>,
}

impl ApplicationIn {
    fn validate(self) -> Result<Draft, Problem> {
        let mut faults = Faults::default();
        let name = faults.take("name", field::name(self.name));
        let uid = self.uid.map(|text| field::uid(&text, AppId::PREFIX)).transpose();
        let uid = faults.take("uid", uid);
        let rate = self.throttle_rate.or(self.rate_limit).map(field::at_least_one).transpose();
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = field::metadata(self.metadata.unwrap_or_default());
        let metadata = faults.take("metadata", metadata);
        faults.finish(|| {
            Some(Draft {
                name: name?,
                uid: uid?,
                throttle_rate: throttle_rate?,
                metadata: metadata?,
            })
        })
    }
}

impl ApplicationPatch {
    fn validate(self) -> Result<Change, Problem> {
        let mut faults = Faults::default();
        let name = match self.name {
            Patch::Clear => Err(FieldError::Missing),
            name => name.try_map(field::name),
        };
        let name = faults.take("name", name);
        let uid = self.uid.try_map(|text| field::uid(&text, AppId::PREFIX));
        let uid = faults.take("uid", uid);
        let rate = self.throttle_rate.or(self.rate_limit).try_map(field::at_least_one);
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = faults.take("metadata", self.metadata.try_map(field::metadata));
        faults.finish(|| {
            Some(Change {
                name: name?,
                uid: uid?,
                throttle_rate: throttle_rate?,
                metadata: metadata?,
            })
        })
    }
}

impl Draft {
    /// For a PUT to `key`: one that addresses by uid and does not say another keeps, or gets,
    /// that uid. Else the same PUT would make another application each time.
    fn addressed_by(self, key: &str) -> Self {
        let uid = self.uid.or_else(|| field::uid(key, AppId::PREFIX).ok());
        Self { uid, ..self }
    }

    fn create(self, id: AppId, org: OrgId, now: Timestamp) -> Application {
        let Self { name, uid, throttle_rate, metadata } = self;
        let (created_at, updated_at) = (now, now);
        Application { id, org, name, uid, throttle_rate, metadata, created_at, updated_at }
    }

    fn replace(&self, current: &Application, now: Timestamp) -> Application {
        let draft = self.clone().create(current.id.clone(), current.org.clone(), now);
        Application { created_at: current.created_at, ..draft }
    }
}

impl Change {
    fn apply(&self, current: &Application, now: Timestamp) -> Application {
        Application {
            id: current.id.clone(),
            org: current.org.clone(),
            name: self.name.over_default(&current.name, current.name.clone()),
            uid: self.uid.over(&current.uid),
            throttle_rate: self.throttle_rate.over(&current.throttle_rate),
            metadata: self.metadata.over_default(&current.metadata, Metadata::new()),
            created_at: current.created_at,
            updated_at: now,
        }
    }
}

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
    // Somebody else may have created it since; whoever asked for either is content with theirs.
    match insert(&api, org.clone(), draft).await {
        Err(problem) if problem.status() == StatusCode::CONFLICT => existing().ok_or(problem),
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

#[cfg(test)]
mod tests;
