//! What waits for an endpoint, and the switch by which everything is made to wait.
//!
//! A paused endpoint goes on being sent messages: each becomes a delivery that is kept (*parked*)
//! instead of attempted, so nothing is missed. To switch an endpoint off is something else: that
//! makes it miss what is sent meanwhile.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use posthaste_api::{Json, Problem, schema};
use posthaste_bus::Backlog;
use posthaste_domain::{Endpoint, EndpointId, Timestamp};
use posthaste_registry::EndpointEntry;
use serde::Serialize;
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Api, RETRY_AFTER,
    endpoint::{EndpointOut, Shown},
    path::EndpointPath,
    refused,
};
use crate::access::{Edit, OwnEndpoint};

/// How many backlogs this process counts at once; each costs the broker a look at every delivery
/// that waits for anybody. Others wait their turn.
static COUNTED_AT_ONCE: Semaphore = Semaphore::const_new(4);
/// How long a caller waits for a backlog, turn included.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);
/// How many deliveries a resumption lets go itself; a keeper lets the rest go.
const RELEASED_AT_ONCE: usize = 100;
/// How long it takes over that at most.
const RELEASED_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(get)).routes(routes!(pause)).routes(routes!(resume))
}

/// What waits for an endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointBacklogOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BacklogOut {
    /// Deliveries that are due, those under way included.
    waiting: u64,
    /// Deliveries that become due later: what is to be tried again.
    scheduled: u64,
    /// Deliveries that are kept because the endpoint is, or was a moment ago, paused.
    parked: u64,
    /// When the oldest of their messages was accepted; `null` where nothing waits.
    #[schema(value_type = Option<schema::Moment>)]
    oldest_at: Option<Timestamp>,
}

impl From<Backlog> for BacklogOut {
    fn from(found: Backlog) -> Self {
        let Backlog { waiting, scheduled, parked, oldest } = found;
        Self { waiting, scheduled, parked, oldest_at: oldest }
    }
}

/// Get an endpoint's backlog
///
/// How much waits for it, and since when. It is counted anew for every request, at some cost: it
/// is for people, not for graphs.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/backlog", operation_id = "v1.endpoint.get-backlog", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, body = BacklogOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint,
) -> Result<Json<BacklogOut>, Problem> {
    let counted = async {
        // It is never closed.
        let _turn = COUNTED_AT_ONCE.acquire().await;
        api.bus.backlog(&found.endpoint.id).await
    };
    match timeout(COUNTED_WITHIN, counted).await {
        Ok(Ok(backlog)) => Ok(Json(backlog.into())),
        Ok(Err(error)) => Err(Problem::unavailable(RETRY_AFTER, error)),
        Err(late) => Err(Problem::unavailable(RETRY_AFTER, late)),
    }
}

/// Pause an endpoint
///
/// Nothing more is attempted until it is resumed; what is sent meanwhile, and what waits to be
/// tried again, is kept. An attempt that is under way ends as it will. Pausing what is paused
/// changes nothing.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/pause", operation_id = "v1.endpoint.pause", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, description = "It is paused.", body = EndpointOut),
    ),
)]
pub(crate) async fn pause(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint<Edit>,
) -> Shown {
    let now = api.now();
    switch(&api, &found, Some(now), now).await
}

/// Resume an endpoint
///
/// What was kept meanwhile is attempted, a part of it at once and the rest as it can be taken.
/// Resuming what is not paused changes nothing.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/resume", operation_id = "v1.endpoint.resume", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, description = "It is not paused.", body = EndpointOut),
    ),
)]
pub(crate) async fn resume(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint<Edit>,
) -> Shown {
    let now = api.now();
    let was_paused = found.endpoint.paused_at.is_some();
    let resumed = switch(&api, &found, None, now).await?;
    if was_paused {
        release(&api, &found.endpoint.id).await;
    }
    Ok(resumed)
}

/// Lets some of what was parked go. That it fails is no failure of the resumption: a keeper comes
/// by, and what is cut short is done again without harm.
async fn release(api: &Api, endpoint: &EndpointId) {
    let released = api.bus.release_parked(endpoint, RELEASED_AT_ONCE);
    if let Ok(Err(error)) = timeout(RELEASED_WITHIN, released).await {
        let error = &error as &dyn std::error::Error;
        warn!(%endpoint, error, "what was parked is left to the keeper");
    }
}

/// Has an endpoint be paused since then, or not at all.
async fn switch(
    api: &Api,
    entry: &EndpointEntry,
    paused_at: Option<Timestamp>,
    now: Timestamp,
) -> Shown {
    let current = &entry.endpoint;
    // A change that changes nothing would be announced all the same.
    if current.paused_at.is_some() == paused_at.is_some() {
        return Ok(Json(current.into()));
    }
    let change = |current: &Endpoint| switched(current, paused_at, now);
    let changed = api.writer.update_endpoint(&current.app, &current.id, change).await;
    let changed = changed.map_err(|error| refused(error, "The endpoint was changed meanwhile"))?;
    Ok(Json((&changed.endpoint).into()))
}

/// What an endpoint becomes; one that is in that state already stays as it is.
fn switched(current: &Endpoint, paused_at: Option<Timestamp>, now: Timestamp) -> Endpoint {
    if current.paused_at.is_some() == paused_at.is_some() {
        return current.clone();
    }
    Endpoint { paused_at, updated_at: now, ..current.clone() }
}
