//! Many messages at once: having them sent again, and removing what they say.
//!
//! What may take long is a task that goes on after the answer; `shape` reads the bodies.

mod shape;

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, Problem};
use posthaste_domain::{AppId, Application, EndpointId};
use posthaste_registry::EndpointEntry;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::shape::{BulkExpungeIn, BulkExpungeOut, BulkReplayIn, Expunged, RecoverIn, ReplayIn};
use super::{
    Api,
    background_task::{RecoverOut, StartedOut},
    path::{ApplicationPath, EndpointPath},
};
use crate::{
    access::{Attempt, ManagedApplication, OwnEndpoint},
    freshness::Fresh,
    reading,
    tasks::{Replay, Work},
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(recover))
        .routes(routes!(replay_missing))
        .routes(routes!(bulk_replay))
        .routes(routes!(bulk_expunge))
        .routes(routes!(expunge_all))
}

type Started = Result<(StatusCode, Json<StartedOut>), Problem>;

/// Recover failed messages
///
/// Sends again what was accepted in the given time, was not taken by the endpoint, and is not
/// tried any more: one attempt each, in the lane of bulk work. The task's `data` has
/// `messagesSent`, and `messagesExpired` for those whose payload is gone.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover",
    operation_id = "v1.endpoint.recover", tag = "Endpoint",
    params(EndpointPath),
    request_body = RecoverIn,
    responses(
        (status = 202, description = "It goes on.", body = RecoverOut),
    ),
)]
pub(crate) async fn recover(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint<Attempt>,
    JsonBody(body): JsonBody<RecoverIn>,
) -> Result<(StatusCode, Json<RecoverOut>), Problem> {
    let (since, until) = body.validate(api.now())?;
    let (app, endpoint) = may_be_sent_to(&application, &entry)?;
    let work = Work::Recover(Replay { app, endpoint, since, until });
    let task = api.tasks.start(&application.org, work, api.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(RecoverOut::begun(task))))
}

/// Replay missing messages
///
/// Sends what was accepted in the given time, is wanted by the endpoint, and was never sent to it:
/// one attempt each, in the lane of bulk work. What is on its way to the endpoint is left to
/// arrive. The task's `data` has `messagesSent`, and `messagesExpired` for those whose payload is
/// gone.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing",
    operation_id = "v1.endpoint.replay-missing", tag = "Endpoint",
    params(EndpointPath),
    request_body = ReplayIn,
    responses(
        (status = 202, description = "It goes on.", body = StartedOut),
    ),
)]
pub(crate) async fn replay_missing(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint<Attempt>,
    JsonBody(body): JsonBody<ReplayIn>,
) -> Started {
    let (since, until) = body.validate(api.now())?;
    let (app, endpoint) = may_be_sent_to(&application, &entry)?;
    start(&api, &application, Work::ReplayMissing(Replay { app, endpoint, since, until })).await
}

/// Replay messages
///
/// Sends again what was accepted in the given time, was sent to the endpoint before, and fits the
/// filter: one attempt each, in the lane of bulk work. Without a `status` that is what was taken
/// and what was given up, not what is still being tried. The task's `data` has `messagesSent`,
/// and `messagesExpired` for those whose payload is gone.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay",
    operation_id = "v1.endpoint.bulk-replay", tag = "Endpoint",
    params(EndpointPath),
    request_body = BulkReplayIn,
    responses(
        (status = 202, description = "It goes on.", body = StartedOut),
    ),
)]
pub(crate) async fn bulk_replay(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint<Attempt>,
    JsonBody(body): JsonBody<BulkReplayIn>,
) -> Started {
    let ((since, until), filter) = body.validate(api.now())?;
    let (app, endpoint) = may_be_sent_to(&application, &entry)?;
    let replay = Replay { app, endpoint, since, until };
    start(&api, &application, Work::BulkReplay { replay, filter }).await
}

/// Remove the payloads of messages
///
/// At most 250 of them. What is removed cannot be sent again.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/msg/bulk-expunge",
    operation_id = "v1.message.bulk-expunge-content", tag = "Message",
    params(ApplicationPath),
    request_body = BulkExpungeIn,
    responses(
        (status = 200, body = BulkExpungeOut),
    ),
)]
pub(crate) async fn bulk_expunge(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
    JsonBody(body): JsonBody<BulkExpungeIn>,
) -> Result<Json<BulkExpungeOut>, Problem> {
    let ids = body.validate()?;
    let fresh = api.freshness.wait().await;
    let mut results = BTreeMap::new();
    for id in ids {
        let result = match expunge(&api, &application, &id).await? {
            true => Expunged::Expunged,
            false if fresh == Fresh::UpToDate => Expunged::NotFound,
            false => return Err(reading::absent(fresh)),
        };
        results.insert(id, result);
    }
    Ok(Json(BulkExpungeOut { results }))
}

/// Remove the payloads of all messages
///
/// Those of every message accepted so far, and the answers to them. The task's `data` has
/// `messagesPurged`.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/msg/expunge-all-contents",
    operation_id = "v1.message.expunge-all-contents", tag = "Message",
    params(ApplicationPath),
    responses(
        (status = 202, description = "It goes on.", body = StartedOut),
    ),
)]
pub(crate) async fn expunge_all(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
) -> Started {
    let (app, until) = (application.id.clone(), api.now());
    start(&api, &application, Work::PurgeContent { app, until }).await
}

async fn start(api: &Api, application: &Application, work: Work) -> Started {
    let task = api.tasks.start(&application.org, work, api.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(task.into())))
}

/// Nothing is sent to an endpoint that is switched off, so nothing is begun that would fail.
fn may_be_sent_to(
    application: &Application,
    entry: &EndpointEntry,
) -> Result<(AppId, EndpointId), Problem> {
    if entry.endpoint.disabled {
        let detail = "The endpoint is disabled. Enable it before sending it anything again.";
        return Err(Problem::bad_request("endpoint_disabled", detail));
    }
    Ok((application.id.clone(), entry.endpoint.id.clone()))
}

async fn expunge(api: &Api, application: &Application, id: &str) -> Result<bool, Problem> {
    let found = api.history.message(&application.id, id, false).await;
    let found = found.map_err(reading::unavailable)?;
    let Some(message) = found else { return Ok(false) };
    let expunged = api.history.expunge_payload(&application.id, &message.id).await;
    expunged.map_err(reading::unavailable)
}
