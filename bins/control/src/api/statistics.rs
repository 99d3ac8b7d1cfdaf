//! How many, of what.
//!
//! An endpoint's figures are answered at once. Those of whole applications are counted by a
//! background task, whose `data` has them once it is finished.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, Problem, QueryParams, field::Faults, schema};
use posthaste_domain::{AppId, OrgId, TaskId, Timestamp};
use posthaste_history::{AttemptCounts, TimeRange};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Api, background_task::StartedOut, path::EndpointPath};
use crate::{
    access::{Organisation, OwnEndpoint},
    query::Moment,
    reading::{Told, unavailable},
    tasks::{Task, TaskStatus, TaskType, Work},
};

/// The longest time that is counted at once.
const RANGE_MAX: Duration = Duration::from_secs(28 * 86_400);
/// How far clocks may be apart before that is refused.
const CLOCKS_APART: Duration = Duration::from_secs(5 * 60);

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(of_endpoint))
        .routes(routes!(of_applications))
        .routes(routes!(of_event_types))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RangeQuery {
    /// From this moment on; without it, 28 days before `until`.
    #[param(value_type = Option<schema::Moment>)]
    since: Option<Moment>,
    /// Until this moment; without it, until now.
    #[param(value_type = Option<schema::Moment>)]
    until: Option<Moment>,
}

impl RangeQuery {
    fn validate(self, now: Timestamp) -> Result<TimeRange, Problem> {
        let invalid = |detail: String| Problem::bad_request("invalid_range", detail);
        let until = self.until.map_or(now, Timestamp::from);
        if until > now + CLOCKS_APART {
            return Err(invalid("'until' cannot be in the future".to_owned()));
        }
        let since = self.since.map_or(until - RANGE_MAX, Timestamp::from);
        if until.since(since) > RANGE_MAX + CLOCKS_APART {
            return Err(invalid(format!("'since' cannot be more than 28 days prior to {until}")));
        }
        Ok(TimeRange { after: Some(since), before: Some(until) })
    }
}

/// Attempts by how they ended.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EndpointStats)]
pub(crate) struct EndpointStatsOut {
    /// Those that were taken.
    #[schema(value_type = i64)]
    success: u64,
    /// Always 0.
    #[schema(value_type = i64)]
    pending: u64,
    /// Always 0: an attempt that failed has failed, whatever is to follow it.
    #[schema(value_type = i64)]
    sending: u64,
    /// Those that failed.
    #[schema(value_type = i64)]
    fail: u64,
    /// Always 0.
    #[schema(value_type = i64)]
    canceled: u64,
}

impl From<AttemptCounts> for EndpointStatsOut {
    fn from(AttemptCounts { success, fail, sending }: AttemptCounts) -> Self {
        Self { success, pending: 0, sending: 0, fail: fail.saturating_add(sending), canceled: 0 }
    }
}

/// Which applications, and of which time.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AppUsageStatsIn)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageIn {
    /// From this moment on, inclusive.
    #[schema(value_type = schema::Moment)]
    since: Moment,
    /// Until this moment, exclusive.
    #[schema(value_type = schema::Moment)]
    until: Moment,
    /// The ids or uids of applications; without them, all of the organisation.
    #[schema(value_type = Option<BTreeSet<schema::Uid>>)]
    app_ids: Option<Vec<String>>,
}

/// The task that counts, and who is left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppUsageStatsOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageOut {
    #[schema(value_type = schema::TaskId)]
    id: TaskId,
    status: TaskStatus,
    task: TaskType,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
    /// Those of `appIds` that name no application.
    #[schema(value_type = BTreeSet<schema::Uid>)]
    unresolved_app_ids: BTreeSet<String>,
}

impl UsageOut {
    fn new(task: Task, unresolved_app_ids: BTreeSet<String>) -> Self {
        let kind = task.kind().into();
        let Task { id, status, updated_at, .. } = task;
        Self { id, status, task: kind, updated_at, unresolved_app_ids }
    }
}

/// Count the attempts at an endpoint
///
/// Of at most 28 days, by how they ended.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats",
    operation_id = "v1.endpoint.get-stats", tag = "Endpoint",
    params(EndpointPath, RangeQuery),
    responses(
        (status = 200, body = EndpointStatsOut),
    ),
)]
pub(crate) async fn of_endpoint(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint,
    QueryParams(query): QueryParams<RangeQuery>,
) -> Result<Told<EndpointStatsOut>, Problem> {
    let range = query.validate(api.now())?;
    let fresh = api.freshness.wait().await;
    let endpoint = &entry.endpoint.id;
    let counts = api.history.attempt_counts(&application.id, endpoint, range).await;
    Ok(Told::new(fresh, counts.map_err(unavailable)?.into()))
}

/// Count the attempts of applications
///
/// A background task counts them.
#[utoipa::path(
    post, path = "/api/v1/stats/usage/app",
    operation_id = "v1.statistics.aggregate-app-stats", tag = "Statistics",
    request_body(
        content = UsageIn,
        example = json!({ "since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z" }),
    ),
    responses(
        (status = 202, description = "They are being counted.", body = UsageOut),
    ),
)]
pub(crate) async fn of_applications(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    JsonBody(body): JsonBody<UsageIn>,
) -> Result<(StatusCode, Json<UsageOut>), Problem> {
    let (since, until) = (Timestamp::from(body.since), Timestamp::from(body.until));
    let mut faults = Faults::default();
    if since >= until {
        faults.add(["since"], "must be before `until`");
    }
    let (apps, unresolved) = match &body.app_ids {
        None => (None, BTreeSet::new()),
        Some(keys) => {
            let (apps, unresolved) = resolve(&api, &org, keys);
            if apps.is_empty() {
                faults.add(["appIds"], "none of these is an application");
            }
            (Some(apps), unresolved)
        }
    };
    let work = faults.finish(|| Some(Work::ApplicationStats { apps, since, until }))?;
    let task = api.tasks.start(&org, work, api.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(UsageOut::new(task, unresolved))))
}

/// List the event types that applications ask for
///
/// A background task lists them.
#[utoipa::path(
    put, path = "/api/v1/stats/usage/event-types",
    operation_id = "v1.statistics.aggregate-event-types", tag = "Statistics",
    responses(
        (status = 202, description = "They are being listed.", body = StartedOut),
    ),
)]
pub(crate) async fn of_event_types(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
) -> Result<(StatusCode, Json<StartedOut>), Problem> {
    let task = api.tasks.start(&org, Work::EventTypeAggregate, api.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(task.into())))
}

/// The applications that are named, each once, and the names of none.
fn resolve(api: &Api, org: &OrgId, keys: &[String]) -> (Vec<AppId>, BTreeSet<String>) {
    let (mut apps, mut unresolved) = (BTreeSet::new(), BTreeSet::new());
    for key in keys {
        match api.registry.application(org, key) {
            Some(found) => drop(apps.insert(found.id.clone())),
            None => drop(unresolved.insert(key.clone())),
        }
    }
    (apps.into_iter().collect(), unresolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn range(since: Option<&str>, until: Option<&str>) -> Result<TimeRange, u16> {
        let moment = |text: Option<&str>| text.map(|text| serde_json::from_str(text).unwrap());
        let query = RangeQuery { since: moment(since), until: moment(until) };
        query.validate(NOW).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn a_range_is_at_most_28_days_and_a_little() {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        let text = |at: Timestamp| format!("\"{at}\"");
        let whole = TimeRange { after: Some(NOW - days(28)), before: Some(NOW) };
        assert_eq!(range(None, None), Ok(whole));
        let early = text(NOW - days(28) - CLOCKS_APART);
        assert!(range(Some(&early), None).is_ok());
        let earlier = text(NOW - days(28) - CLOCKS_APART - Duration::from_secs(1));
        assert_eq!(range(Some(&earlier), None), Err(400));
        let (ahead, tomorrow) = (text(NOW + CLOCKS_APART), text(NOW + days(1)));
        assert!(range(None, Some(&ahead)).is_ok());
        assert_eq!(range(None, Some(&tomorrow)), Err(400));
    }

    #[test]
    fn what_failed_has_failed_whatever_follows() {
        let shown = EndpointStatsOut::from(AttemptCounts { success: 5, fail: 2, sending: 3 });
        let json = serde_json::to_string(&shown).unwrap();
        assert_eq!(json, r#"{"success":5,"pending":0,"sending":0,"fail":5,"canceled":0}"#);
    }
}
