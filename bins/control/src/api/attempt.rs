//! Attempts: what each try came to.

mod old;
mod shape;

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use posthaste_api::{Json, PathParams, Problem, QueryParams, message::MessageOut, schema};
use posthaste_domain::{AppId, Application, Attempt, EndpointId, MessageId};
use posthaste_history::{AttemptFilter, PageOf};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::shape::AttemptOut;
pub(super) use self::shape::failed;
use super::{
    Api, message,
    path::{AttemptPath, EndpointPath, MessagePath},
};
use crate::{
    access::{ManagedApplication, OwnApplication, OwnEndpoint},
    freshness::Fresh,
    page::{Listed, PageQuery},
    query::{Asked, AttemptQuery, EventTypes, EventTypesQuery},
    reading::{Told, nothing, unavailable},
};

/// How many messages are looked up at once for the attempts that show them.
const LOOK_UPS: usize = 8;

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list_by_endpoint))
        .routes(routes!(list_by_message))
        .routes(routes!(get))
        .routes(routes!(expunge))
        .merge(old::routes())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WithMessageQuery {
    /// Whether the messages are shown, without their payloads.
    #[param(default = false)]
    with_msg: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfEndpointQuery {
    /// Only attempts at this endpoint, named by its id or uid.
    #[param(value_type = Option<schema::Uid>)]
    endpoint_id: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExpandedQuery {
    /// Whether a cancelled attempt is told from others; none is ever cancelled.
    #[param(default = false)]
    #[serde(rename = "expanded_statuses")]
    _expanded_statuses: Option<bool>,
}

type Attempts = Result<Told<Listed<AttemptOut>>, Problem>;

/// List the attempts at an endpoint
///
/// The newest first.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}",
    operation_id = "v1.message-attempt.list-by-endpoint", tag = "Message Attempt",
    params(EndpointPath, PageQuery, AttemptQuery, WithMessageQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<AttemptOut>),
    ),
)]
pub(crate) async fn list_by_endpoint(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<AttemptQuery>,
    QueryParams(with): QueryParams<WithMessageQuery>,
    types: EventTypes,
) -> Attempts {
    let Asked { filter, page, with_content } = query.validate(types, page)?;
    let app = &application.id;
    let fresh = api.freshness.wait().await;
    let found = match &filter {
        Some(filter) => {
            let id = &entry.endpoint.id;
            api.history.attempts_of_endpoint(app, id, filter, &page, with_content).await
        }
        None => Ok(nothing()),
    };
    let found = found.map_err(unavailable)?;
    let messages = if with.with_msg.unwrap_or(false) {
        messages_of(&api, app, &found.items).await?
    } else {
        BTreeMap::new()
    };
    Ok(Told::new(fresh, listed(found, with_content, &messages)))
}

/// List the attempts at a message
///
/// The newest first, whatever the endpoint.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/attempt/msg/{msg_id}",
    operation_id = "v1.message-attempt.list-by-msg", tag = "Message Attempt",
    params(MessagePath, PageQuery, AttemptQuery, OfEndpointQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<AttemptOut>),
    ),
)]
pub(crate) async fn list_by_message(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication,
    PathParams((_, key)): PathParams<(String, String)>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<AttemptQuery>,
    QueryParams(of): QueryParams<OfEndpointQuery>,
    types: EventTypes,
) -> Attempts {
    let asked = query.validate(types, page)?;
    let endpoint = of.endpoint_id.map(|key| endpoint_of(&api, &application, &key)).transpose()?;
    attempts_of_message(&api, &application, &key, asked, endpoint).await
}

/// Get an attempt
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}",
    operation_id = "v1.message-attempt.get", tag = "Message Attempt",
    params(AttemptPath, ExpandedQuery),
    responses(
        (status = 200, body = AttemptOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication,
    PathParams((_, key, id)): PathParams<(String, String, String)>,
    QueryParams(_): QueryParams<ExpandedQuery>,
) -> Result<Json<AttemptOut>, Problem> {
    let (_, attempt) = find(&api, &application.id, &key, &id).await?;
    Ok(Json(AttemptOut::new(attempt, true, None)))
}

/// Remove the answer to an attempt
///
/// Where a receiver said what it should not have.
#[utoipa::path(
    delete, path = "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content",
    operation_id = "v1.message-attempt.expunge-content", tag = "Message Attempt",
    params(AttemptPath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn expunge(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
    PathParams((_, key, id)): PathParams<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let (message, attempt) = find(&api, &application.id, &key, &id).await?;
    let expunged = api.history.expunge_response(&application.id, &message, &attempt.id).await;
    if expunged.map_err(unavailable)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::entity_not_found())
    }
}

async fn attempts_of_message(
    api: &Api,
    application: &Application,
    key: &str,
    asked: Asked<Option<AttemptFilter>>,
    endpoint: Option<EndpointId>,
) -> Attempts {
    let Asked { filter, page, with_content } = asked;
    let app = &application.id;
    let (fresh, message): (Fresh, _) = api.list_of_message(app, key).await?;
    let found = match filter {
        Some(filter) => {
            let filter = AttemptFilter { endpoint, ..filter };
            api.history.attempts_of_message(app, &message.id, &filter, &page, with_content).await
        }
        None => Ok(nothing()),
    };
    let found = found.map_err(unavailable)?;
    Ok(Told::new(fresh, listed(found, with_content, &BTreeMap::new())))
}

fn listed(
    found: PageOf<Attempt>,
    with_content: bool,
    messages: &BTreeMap<MessageId, MessageOut>,
) -> Listed<AttemptOut> {
    let show = |attempt: Attempt| {
        let message = messages.get(&attempt.message).cloned();
        AttemptOut::new(attempt, with_content, message)
    };
    Listed::of(found, |attempt| attempt.id.as_str(), show)
}

/// The attempt of this id at the message of this id or `eventId`, and the message's id.
async fn find(
    api: &Api,
    app: &AppId,
    key: &str,
    id: &str,
) -> Result<(MessageId, Attempt), Problem> {
    let id = id.parse().map_err(|_| Problem::entity_not_found())?;
    let message = api.find_message(app, key, false).await?.id;
    let attempt = api.find(|| api.history.attempt(app, &message, &id)).await?;
    Ok((message, attempt))
}

fn endpoint_of(api: &Api, application: &Application, key: &str) -> Result<EndpointId, Problem> {
    let found = api.registry.endpoint(&application.id, key);
    found.map(|entry| entry.endpoint.id.clone()).ok_or_else(Problem::entity_not_found)
}

/// The messages of these attempts, each once, without payloads. One that is not recorded yet is
/// left out.
async fn messages_of(
    api: &Api,
    app: &AppId,
    attempts: &[Attempt],
) -> Result<BTreeMap<MessageId, MessageOut>, Problem> {
    let ids: std::collections::BTreeSet<_> =
        attempts.iter().map(|attempt| attempt.message.clone()).collect();
    let look_ups = futures_util::stream::iter(ids).map(|id| async move {
        let found = api.history.message(app, id.as_str(), false).await;
        Ok(found.map_err(unavailable)?.map(|row| (id, message::show(row, false))))
    });
    look_ups
        .buffer_unordered(LOOK_UPS)
        .try_filter_map(|found| async { Ok(found) })
        .try_collect()
        .await
}
