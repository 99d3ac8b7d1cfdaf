//! Event types: the catalogue of what may be sent.

mod shape;

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, PathParams, Principal, Problem, QueryParams};
use posthaste_domain::{EventType, EventTypeDefinition, OrgId};
use posthaste_registry::WriteError;
use serde::Deserialize;

use self::shape::{Draft, EventTypeIn, EventTypeOut, EventTypePatch};
use super::{Api, refused};
use crate::{
    access::{Anyone, Organisation},
    page::{Listed, Order, PageQuery},
};

const TAKEN: &str = "An event_type with this name already exists";

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    include_archived: bool,
    #[serde(default)]
    with_content: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeleteQuery {
    #[serde(default)]
    expunge: bool,
}

type Shown = Result<Json<EventTypeOut>, Problem>;
type ShownWithStatus = Result<(StatusCode, Json<EventTypeOut>), Problem>;

/// `GET /event-type`; without `with_content` the schemas are left out.
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    QueryParams(query): QueryParams<PageQuery>,
    QueryParams(ListQuery { include_archived, with_content }): QueryParams<ListQuery>,
) -> Result<Json<Listed<EventTypeOut>>, Problem> {
    let page = query.validate(Order::Ascending, |key| key.parse::<EventType>().is_ok())?;
    let mut all = api.registry.event_types(principal.org());
    all.retain(|found| (include_archived || !found.archived) && may_see(&principal, found));
    Ok(Json(page.of(
        &all,
        |found| found.name.as_str(),
        |found| if with_content { (&**found).into() } else { EventTypeOut::without_schemas(found) },
    )))
}

/// `POST /event-type`; an archived one of that name is replaced and comes back.
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    JsonBody(body): JsonBody<EventTypeIn>,
) -> ShownWithStatus {
    let (name, draft) = body.validate()?;
    match api.registry.event_type(&org, name.as_str()) {
        Some(found) if found.archived => {
            let Json(shown) = replace(&api, &org, &name, &draft).await?;
            Ok((StatusCode::CREATED, Json(shown)))
        }
        Some(_) => Err(exists()),
        None => insert(&api, org, name, draft).await,
    }
}

/// `GET /event-type/{event_type_name}`
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    Anyone(principal): Anyone,
    PathParams(name): PathParams<String>,
) -> Shown {
    let found = api.registry.event_type(principal.org(), &name);
    let found = found.filter(|found| may_see(&principal, found));
    found.map(|found| Json((&*found).into())).ok_or_else(Problem::entity_not_found)
}

/// `PUT /event-type/{event_type_name}`; the name is the path's, whatever the body says.
pub(crate) async fn upsert(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(name): PathParams<String>,
    JsonBody(body): JsonBody<EventTypeIn>,
) -> ShownWithStatus {
    let (name, draft) = body.named(name).validate()?;
    if api.registry.event_type(&org, name.as_str()).is_none() {
        return insert(&api, org, name, draft).await;
    }
    let shown = replace(&api, &org, &name, &draft).await?;
    Ok((StatusCode::OK, shown))
}

/// `PATCH /event-type/{event_type_name}`
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(name): PathParams<String>,
    JsonBody(body): JsonBody<EventTypePatch>,
) -> Shown {
    let found = api.registry.event_type(&org, &name).ok_or_else(Problem::entity_not_found)?;
    let change = body.validate()?;
    let now = api.now();
    let apply = |current: &_| change.apply(current, now);
    let updated = api.writer.update_event_type(&org, &found.name, apply).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&*updated).into()))
}

/// `DELETE /event-type/{event_type_name}`: archives it, or with `expunge` forgets it.
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    Organisation(org): Organisation,
    PathParams(name): PathParams<String>,
    QueryParams(DeleteQuery { expunge }): QueryParams<DeleteQuery>,
) -> Result<StatusCode, Problem> {
    let found = api.registry.event_type(&org, &name).ok_or_else(Problem::entity_not_found)?;
    let now = api.now();
    let archive = |current: &EventTypeDefinition| EventTypeDefinition {
        archived: true,
        updated_at: now,
        ..current.clone()
    };
    let gone = if expunge {
        api.writer.delete_event_type(&org, &found.name).await
    } else {
        api.writer.update_event_type(&org, &found.name, archive).await.map(drop)
    };
    gone.map_err(|error| refused(error, TAKEN))?;
    Ok(StatusCode::NO_CONTENT)
}

/// An application sees what has no feature flag, or one of its own.
fn may_see(principal: &Principal, found: &EventTypeDefinition) -> bool {
    match (principal, &found.feature_flag) {
        (Principal::Organisation(_), _) | (_, None) => true,
        (Principal::Application { feature_flags, .. }, Some(flag)) => feature_flags.contains(flag),
    }
}

async fn insert(api: &Api, org: OrgId, name: EventType, draft: Draft) -> ShownWithStatus {
    let definition = draft.create(name, org, api.now());
    match api.writer.create_event_type(definition).await {
        Ok(created) => Ok((StatusCode::CREATED, Json((&*created).into()))),
        Err(WriteError::Exists) => Err(exists()),
        Err(error) => Err(refused(error, TAKEN)),
    }
}

async fn replace(api: &Api, org: &OrgId, name: &EventType, draft: &Draft) -> Shown {
    let now = api.now();
    let replace = |current: &_| draft.replace(current, now);
    let updated = api.writer.update_event_type(org, name, replace).await;
    let updated = updated.map_err(|error| refused(error, TAKEN))?;
    Ok(Json((&*updated).into()))
}

fn exists() -> Problem {
    Problem::conflict("event_type_exists", TAKEN)
}
