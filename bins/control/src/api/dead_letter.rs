//! Deliveries nobody took: looking at them, sending them again, throwing them away.
//!
//! The list is in history; the letter itself, with its payload, lies in its stream, which is what
//! counts: a letter that is no longer there can be neither shown whole nor sent again.

mod filter;
mod shape;

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Principal, Problem, QueryParams};
use posthaste_bus::{PublishError, ReadError, dead_letters::StoredDeadLetter};
use posthaste_domain::DeadLetterId;
use posthaste_history::{Content, DeadLetterFilter, DeadLetterRow, DeadLetterState};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    filter::{DeadLetterQuery, OfApplicationQuery, RedriveIn, application},
    shape::{DeadLetterDetailOut, DeadLetterOut},
};
use super::{
    Api, RETRY_AFTER,
    background_task::StartedOut,
    path::{ApplicationPath, DeadLetterPath},
};
use crate::{
    access::{Anyone, Attempt, May, Organisation, OwnApplication},
    page::{Listed, PageQuery},
    query::{Asked, EventTypes, EventTypesQuery},
    reading::{Told, unavailable},
    tasks::Work,
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(list_of_application))
        .routes(routes!(redrive_many))
        .routes(routes!(get, discard))
        .routes(routes!(redrive))
}

type Letters = Result<Told<Listed<DeadLetterOut>>, Problem>;

/// List dead letters
///
/// Those of the organisation, the newest first.
#[utoipa::path(
    get, path = "/api/v1/dead-letter", operation_id = "v1.dead-letter.list", tag = "Dead Letter",
    params(PageQuery, OfApplicationQuery, DeadLetterQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<DeadLetterOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(of): QueryParams<OfApplicationQuery>,
    QueryParams(query): QueryParams<DeadLetterQuery>,
    types: EventTypes,
) -> Letters {
    let app = of.app_id.map(|key| application(&api.registry, &org, &key)).transpose()?;
    listed(&api, &org, query.validate(&api.registry, app, types, page)?).await
}

/// List the dead letters of an application
///
/// The newest first.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/dead-letter",
    operation_id = "v1.dead-letter.list-by-app", tag = "Dead Letter",
    params(ApplicationPath, PageQuery, DeadLetterQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<DeadLetterOut>),
    ),
)]
pub(crate) async fn list_of_application(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication<Attempt>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<DeadLetterQuery>,
    types: EventTypes,
) -> Letters {
    let app = Some(application.id.clone());
    listed(&api, &application.org, query.validate(&api.registry, app, types, page)?).await
}

/// Get a dead letter
///
/// With the payload and every attempt that it remembers.
#[utoipa::path(
    get, path = "/api/v1/dead-letter/{dead_letter_id}",
    operation_id = "v1.dead-letter.get", tag = "Dead Letter",
    params(DeadLetterPath),
    responses(
        (status = 200, body = DeadLetterDetailOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    PathParams(id): PathParams<String>,
) -> Result<Json<DeadLetterDetailOut>, Problem> {
    let row = find(&api, &principal, &id).await?;
    let stored = stored(&api, &row).await?;
    // What was removed from the message is not shown by its letter either.
    let message = api.history.message(&row.app, row.message.as_str(), true).await;
    let message = message.map_err(unavailable)?;
    let is_gone = message.is_some_and(|message| message.content == Content::Gone);
    Ok(Json(DeadLetterDetailOut::new(row, stored, is_gone)))
}

/// Send a dead letter again
///
/// To the endpoint that did not take it, with a new run through the schedule.
#[utoipa::path(
    post, path = "/api/v1/dead-letter/{dead_letter_id}/redrive",
    operation_id = "v1.dead-letter.redrive", tag = "Dead Letter",
    params(DeadLetterPath),
    responses(
        (status = 202, description = "It is about to be sent.", body = DeadLetterOut),
    ),
)]
pub(crate) async fn redrive(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    PathParams(id): PathParams<String>,
) -> Result<(StatusCode, Json<DeadLetterOut>), Problem> {
    let row = find(&api, &principal, &id).await?;
    must_wait(&row)?;
    let Some(StoredDeadLetter { letter, payload, .. }) = stored(&api, &row).await? else {
        return Err(gone(&api, &row).await?);
    };
    let Some(event) = &letter.event else {
        let detail = "The message was gone before it was given up, and cannot be sent again.";
        return Err(Problem::bad_request("missing_payload", detail));
    };
    // Noted before the letter goes: cut off between any two of these, asking again sends once.
    api.bus.redrive(row.seq, &letter, event, payload).await.map_err(not_stored)?;
    mark(&api, &row, DeadLetterState::Redriven).await?;
    api.bus.discard_dead_letter(row.seq).await.map_err(unread)?;
    let redriven = DeadLetterRow { state: DeadLetterState::Redriven, ..row };
    Ok((StatusCode::ACCEPTED, Json(redriven.into())))
}

/// Throw a dead letter away
///
/// It stays in the list, and can no longer be sent again.
#[utoipa::path(
    delete, path = "/api/v1/dead-letter/{dead_letter_id}",
    operation_id = "v1.dead-letter.discard", tag = "Dead Letter",
    params(DeadLetterPath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn discard(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    PathParams(id): PathParams<String>,
) -> Result<StatusCode, Problem> {
    let row = find(&api, &principal, &id).await?;
    if row.state != DeadLetterState::Discarded {
        must_wait(&row)?;
        if stored(&api, &row).await?.is_some() {
            api.bus.discard_dead_letter(row.seq).await.map_err(unread)?;
        }
        mark(&api, &row, DeadLetterState::Discarded).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Send dead letters again
///
/// A background task sends those that fit and wait for a decision, each with a new run through the
/// schedule. Its `data` has `deadLettersRedriven`, and `deadLettersGone` for those that could not
/// be.
#[utoipa::path(
    post, path = "/api/v1/dead-letter/redrive",
    operation_id = "v1.dead-letter.redrive-many", tag = "Dead Letter",
    request_body = RedriveIn,
    responses(
        (status = 202, description = "It goes on.", body = StartedOut),
    ),
)]
pub(crate) async fn redrive_many(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    JsonBody(body): JsonBody<RedriveIn>,
) -> Result<(StatusCode, Json<StartedOut>), Problem> {
    let letters = body.validate(&api.registry, &org)?;
    let task = api.tasks.start(&org, Work::Redrive(letters), api.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(task.into())))
}

async fn listed(
    api: &Api,
    org: &posthaste_domain::OrgId,
    asked: Asked<DeadLetterFilter>,
) -> Letters {
    let fresh = api.freshness.wait().await;
    let found = api.history.dead_letters(org, &asked.filter, &asked.page).await;
    let found = found.map_err(unavailable)?;
    Ok(Told::new(fresh, Listed::of(found, |row| row.id.as_str(), DeadLetterOut::from)))
}

/// The dead letter of this id. An application's token finds only its own, and only where it may
/// have things sent.
async fn find(api: &Api, principal: &Principal, id: &str) -> Result<DeadLetterRow, Problem> {
    if let Principal::Application(portal) = principal
        && !portal.may(Attempt::WANTED)
    {
        return Err(Problem::forbidden());
    }
    let id: DeadLetterId = id.parse().map_err(|_| Problem::entity_not_found())?;
    let row = api.find(|| api.history.dead_letter(principal.org(), &id)).await?;
    match principal {
        Principal::Application(portal) if portal.app != row.app => Err(Problem::entity_not_found()),
        _ => Ok(row),
    }
}

/// The letter as it lies in its stream; `None` where it does not any more, or where the stream was
/// begun anew and another has its number.
async fn stored(api: &Api, row: &DeadLetterRow) -> Result<Option<StoredDeadLetter>, Problem> {
    let found = api.bus.dead_letter(row.seq).await.map_err(unread)?;
    Ok(found.filter(|stored| {
        let delivery = &stored.letter.delivery;
        delivery.message == row.message
            && delivery.endpoint == row.endpoint
            && delivery.run_start == row.run_start
    }))
}

fn must_wait(row: &DeadLetterRow) -> Result<(), Problem> {
    let detail = match row.state {
        DeadLetterState::Waiting => return Ok(()),
        DeadLetterState::Redriven => "The dead letter has been sent again already.",
        DeadLetterState::Discarded => "The dead letter has been thrown away.",
    };
    Err(Problem::conflict("conflict", detail))
}

/// Notes that a letter is kept no longer, and says so.
async fn gone(api: &Api, row: &DeadLetterRow) -> Result<Problem, Problem> {
    mark(api, row, DeadLetterState::Discarded).await?;
    let detail = "The dead letter is kept no longer, and cannot be sent again.";
    Ok(Problem::conflict("conflict", detail))
}

async fn mark(api: &Api, row: &DeadLetterRow, state: DeadLetterState) -> Result<(), Problem> {
    api.history.mark_dead_letter(&row.id, state).await.map_err(unavailable)
}

fn unread(error: ReadError) -> Problem {
    match error {
        ReadError::Unavailable(_) => Problem::unavailable(RETRY_AFTER, error),
        ReadError::Malformed(_) => Problem::internal(error),
    }
}

fn not_stored(error: PublishError) -> Problem {
    match error {
        PublishError::TooLarge => Problem::payload_too_large(),
        PublishError::Unwritable(_) => Problem::internal(error),
        error => Problem::unavailable(RETRY_AFTER, error),
    }
}
