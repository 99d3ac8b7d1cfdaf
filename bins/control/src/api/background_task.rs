//! Work that goes on after the answer, and how far it is.

use std::sync::Arc;

use axum::extract::State;
use posthaste_api::{Json, PathParams, Problem, QueryParams, schema};
use posthaste_domain::{TaskId, Timestamp};
use posthaste_history::Order;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Api, path::TaskPath};
use crate::{
    access::Organisation,
    page::{Listed, PageQuery},
    tasks::{Task, TaskStatus, TaskType},
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get))
}

/// A background task.
#[derive(Serialize, ToSchema)]
#[schema(as = BackgroundTaskOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskOut {
    #[schema(value_type = schema::TaskId)]
    id: TaskId,
    status: TaskStatus,
    task: TaskType,
    /// What came of it so far; of a task that failed, `error` says why.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// When something came of it last.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

/// The answer to a request that started a task.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskStartedOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedOut {
    #[schema(value_type = schema::TaskId)]
    id: TaskId,
    status: TaskStatus,
    task: TaskType,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

/// What a recovery was begun as: older clients know no other words.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoverOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoverOut {
    #[schema(value_type = schema::TaskId)]
    id: TaskId,
    #[schema(inline)]
    status: Begun,
    #[schema(inline)]
    task: Recovery,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

/// It waits, or is worked on.
#[derive(Serialize, ToSchema)]
enum Begun {
    #[serde(rename = "running")]
    Running,
}

/// Messages that an endpoint did not take.
#[derive(Serialize, ToSchema)]
enum Recovery {
    #[serde(rename = "endpoint.recover")]
    Recover,
}

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskQuery {
    /// In this state.
    status: Option<TaskStatus>,
    /// Of this kind.
    task: Option<TaskType>,
}

impl From<Task> for TaskOut {
    fn from(task: Task) -> Self {
        let kind = task.kind().into();
        let Task { id, status, data, updated_at, .. } = task;
        Self { id, status, task: kind, data, updated_at }
    }
}

impl From<Task> for StartedOut {
    fn from(task: Task) -> Self {
        let kind = task.kind().into();
        let Task { id, status, updated_at, .. } = task;
        Self { id, status, task: kind, updated_at }
    }
}

impl RecoverOut {
    /// Of a task that was begun just now.
    pub(crate) fn begun(task: Task) -> Self {
        let Task { id, updated_at, .. } = task;
        Self { id, status: Begun::Running, task: Recovery::Recover, updated_at }
    }
}

/// List background tasks
///
/// Those of the organisation that run or ended in the last 30 days, newest first.
#[utoipa::path(
    get, path = "/api/v1/background-task", operation_id = "v1.background-task.list",
    tag = "Background Task",
    params(PageQuery, TaskQuery),
    responses(
        (status = 200, body = Listed<TaskOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<TaskQuery>,
) -> Result<Json<Listed<TaskOut>>, Problem> {
    let page = page.validate(Order::Descending, |key| key.parse::<TaskId>().is_ok())?;
    let mut tasks = api.tasks.list(&org).await?;
    tasks.retain(|task| {
        query.status.is_none_or(|status| task.status == status)
            && query.task.is_none_or(|kind| TaskType::from(task.kind()) == kind)
    });
    Ok(Json(page.of(&tasks, |task| task.id.as_str(), |task| task.clone().into())))
}

/// Get a background task
#[utoipa::path(
    get, path = "/api/v1/background-task/{task_id}", operation_id = "v1.background-task.get",
    tag = "Background Task",
    params(TaskPath),
    responses(
        (status = 200, body = TaskOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(id): PathParams<String>,
) -> Result<Json<TaskOut>, Problem> {
    let id = id.parse().map_err(|_| Problem::entity_not_found())?;
    let found = api.tasks.get(&org, &id).await?;
    found.map(|task| Json(task.into())).ok_or_else(Problem::entity_not_found)
}
