//! Accepted messages, and what is left of them.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{
    Json, JsonBody, PathParams, Problem, QueryParams,
    field::Faults,
    message::{MessageOut, Occurred, expired, nothing, shown},
    schema,
};
use posthaste_domain::{Channel, EventType};
use posthaste_history::{Content, MessageRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Api,
    path::{ApplicationPath, MessagePath},
};
use crate::{
    access::{ManagedApplication, OwnApplication},
    page::{Listed, PageQuery},
    query::{EventTypes, EventTypesQuery, MessageQuery},
    reading::{Told, unavailable},
};

/// The most channels that a message may have.
const CHANNELS_MAX: usize = 10;

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(expunge))
        .routes(routes!(precheck))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentQuery {
    /// Whether the payload is shown.
    #[param(default = true)]
    with_content: Option<bool>,
}

/// A message that has not been sent.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MessagePrecheckIn)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrecheckIn {
    /// Its event type.
    #[schema(value_type = schema::EventTypeName)]
    event_type: String,
    /// Its channels.
    #[schema(value_type = Option<std::collections::BTreeSet<schema::Channel>>)]
    channels: Option<Vec<String>>,
}

/// Whether anybody would get it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePrecheckOut)]
pub(crate) struct PrecheckOut {
    /// Whether an endpoint that is not disabled wants it.
    active: bool,
}

impl PrecheckIn {
    fn validate(&self) -> Result<(EventType, Vec<Channel>), Problem> {
        let mut faults = Faults::default();
        let event_type = faults.take("eventType", self.event_type.parse::<EventType>());
        let named = self.channels.as_deref().unwrap_or_default();
        if self.channels.is_some() && !(1..=CHANNELS_MAX).contains(&named.len()) {
            faults.add(["channels"], format!("must be from 1 to {CHANNELS_MAX} channels"));
        }
        let channels = faults.take_all("channels", named, str::parse::<Channel>);
        faults.finish(|| Some((event_type?, channels)))
    }
}

/// A message as answers show it.
pub(super) fn show(row: MessageRow, with_content: bool) -> MessageOut {
    let payload = match row.content {
        _ if !with_content => nothing(),
        Content::NotAsked => nothing(),
        Content::Kept(payload) => shown(&payload),
        Content::Gone => expired(),
    };
    let Occurred { at, subject, meta, mode } = (&row.occurrence).into();
    MessageOut {
        event_id: row.event_id,
        event_type: row.event_type,
        payload,
        channels: (!row.channels.is_empty()).then_some(row.channels),
        id: row.id,
        timestamp: row.accepted_at,
        tags: (!row.tags.is_empty()).then_some(row.tags),
        deliver_at: row.deliver_at,
        occurred_at: at,
        subject,
        meta,
        mode,
        warnings: Vec::new(),
    }
}

/// List messages
///
/// Those of the application, newest first.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/msg", operation_id = "v1.message.list", tag = "Message",
    params(ApplicationPath, PageQuery, MessageQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<MessageOut>),
    ),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<MessageQuery>,
    types: EventTypes,
) -> Result<Told<Listed<MessageOut>>, Problem> {
    let asked = query.validate(types, page)?;
    let (app, with_content) = (&application.id, asked.with_content);
    let fresh = api.freshness.wait().await;
    let found = api.history.messages(app, &asked.filter, &asked.page, with_content).await;
    let listed = Listed::of(
        found.map_err(unavailable)?,
        |row| row.id.as_str(),
        |row| show(row, with_content),
    );
    Ok(Told::new(fresh, listed))
}

/// Get a message
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/msg/{msg_id}", operation_id = "v1.message.get", tag = "Message",
    params(MessagePath, ContentQuery),
    responses(
        (status = 200, body = MessageOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication,
    PathParams((_, key)): PathParams<(String, String)>,
    QueryParams(query): QueryParams<ContentQuery>,
) -> Result<Json<MessageOut>, Problem> {
    let with_content = query.with_content.unwrap_or(true);
    let found = api.find_message(&application.id, &key, with_content).await?;
    Ok(Json(show(found, with_content)))
}

/// Remove a message's payload
///
/// It cannot be shown or sent again. What is under way already arrives.
#[utoipa::path(
    delete, path = "/api/v1/app/{app_id}/msg/{msg_id}/content",
    operation_id = "v1.message.expunge-content", tag = "Message",
    params(MessagePath),
    responses(
        (status = 204, description = "It is gone."),
    ),
)]
pub(crate) async fn expunge(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
    PathParams((_, key)): PathParams<(String, String)>,
) -> Result<StatusCode, Problem> {
    let message = api.find_message(&application.id, &key, false).await?;
    let expunged = api.history.expunge_payload(&application.id, &message.id).await;
    if expunged.map_err(unavailable)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::entity_not_found())
    }
}

/// Ask whether anybody wants a message
///
/// Before it is sent, where making it costs something.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/msg/precheck/active",
    operation_id = "v1.message.precheck", tag = "Message",
    params(ApplicationPath),
    request_body = PrecheckIn,
    responses(
        (status = 200, body = PrecheckOut),
    ),
)]
pub(crate) async fn precheck(
    State(api): State<Arc<Api>>,
    ManagedApplication(application): ManagedApplication,
    JsonBody(body): JsonBody<PrecheckIn>,
) -> Result<Json<PrecheckOut>, Problem> {
    let (event_type, channels) = body.validate()?;
    let endpoints = api.registry.endpoints(&application.id);
    let active = endpoints.iter().any(|entry| entry.endpoint.wants(&event_type, &channels));
    Ok(Json(PrecheckOut { active }))
}
