//! How messages fare at endpoints, and sending one of them to one of those again.

mod example;
mod resend;
mod shape;

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use posthaste_api::{
    Json, JsonBody, PathParams, Problem, QueryParams,
    message::{MessageOut, shown},
};
use posthaste_bus::Recipient;
use posthaste_domain::{AppId, EndpointId, Event, MessageId, Occurrence};
use posthaste_history::{Cursor, DeliveryRow, Order, PageOf};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    example::ExampleIn,
    shape::{EndpointMessageOut, MessageEndpointOut},
};
use super::{
    Api,
    path::{EndpointPath, MessagePath},
};
use crate::{
    access::{ManagedEndpoint, OwnApplication, OwnEndpoint},
    kept_profile::in_force,
    page::{Listed, Page, PageQuery},
    query::{Asked, DeliveryQuery, EventTypes, EventTypesQuery},
    reading::{Told, nothing, unavailable},
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(list_messages))
        .routes(routes!(list_endpoints))
        .merge(resend::routes())
        .routes(routes!(send_example))
}

/// List the messages that were attempted at an endpoint
///
/// The newest first, each with how it stands there.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg",
    operation_id = "v1.message-attempt.list-attempted-messages", tag = "Message Attempt",
    params(EndpointPath, PageQuery, DeliveryQuery, EventTypesQuery),
    responses(
        (status = 200, body = Listed<EndpointMessageOut>),
    ),
)]
pub(crate) async fn list_messages(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, entry, _): OwnEndpoint,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<DeliveryQuery>,
    types: EventTypes,
) -> Result<Told<Listed<EndpointMessageOut>>, Problem> {
    let Asked { filter, page, with_content } = query.validate(types, page)?;
    let (app, endpoint) = (&application.id, &entry.endpoint.id);
    let fresh = api.freshness.wait().await;
    let found = match &filter {
        Some(filter) => {
            api.history.messages_of_endpoint(app, endpoint, filter, &page, with_content).await
        }
        None => Ok(nothing()),
    };
    let listed = Listed::of(
        found.map_err(unavailable)?,
        |(message, _)| message.id.as_str(),
        |(message, delivery)| EndpointMessageOut::new(message, &delivery, with_content),
    );
    Ok(Told::new(fresh, listed))
}

/// List the endpoints at which a message was attempted
///
/// In the order of their ids, each with how the message stands there. An endpoint that was deleted
/// since is left out; the attempts at it are among those of the message.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint",
    operation_id = "v1.message-attempt.list-attempted-destinations", tag = "Message Attempt",
    params(MessagePath, PageQuery),
    responses(
        (status = 200, body = Listed<MessageEndpointOut>),
    ),
)]
pub(crate) async fn list_endpoints(
    State(api): State<Arc<Api>>,
    OwnApplication(application, _): OwnApplication,
    PathParams((_, key)): PathParams<(String, String)>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Told<Listed<MessageEndpointOut>>, Problem> {
    let Page(page) = page.validate(Order::Ascending, |key| key.parse::<EndpointId>().is_ok())?;
    let (fresh, message) = api.list_of_message(&application.id, &key).await?;
    let found = known_endpoints(&api, &application.id, &message.id, page).await?;
    let listed = Listed::of(
        found,
        |(entry, _)| entry.endpoint.id.as_str(),
        |(entry, delivery)| MessageEndpointOut::new(&entry.endpoint, &delivery),
    );
    Ok(Told::new(fresh, listed))
}

type Known = (Arc<posthaste_registry::EndpointEntry>, DeliveryRow);

/// A page of the deliveries of a message whose endpoints exist, however many between them do not.
async fn known_endpoints(
    api: &Api,
    app: &AppId,
    message: &MessageId,
    mut page: posthaste_history::Page,
) -> Result<PageOf<Known>, Problem> {
    let backwards = matches!(page.cursor, Cursor::Before(_));
    let wanted = page.limit;
    let mut items: Vec<Known> = Vec::new();
    loop {
        page.limit = wanted - items.len();
        let found = api.history.deliveries_of_message(app, message, &page).await;
        let PageOf { items: rows, done } = found.map_err(unavailable)?;
        let edge = if backwards { rows.first() } else { rows.last() };
        let Some(edge) = edge.map(|row| row.endpoint.to_string()) else {
            return Ok(PageOf { items, done: true });
        };
        page.cursor = if backwards { Cursor::Before(edge) } else { Cursor::After(edge) };
        let known = rows.into_iter().filter_map(|row| {
            api.registry.endpoint_by_id(app, &row.endpoint).map(|entry| (entry, row))
        });
        let at = if backwards { 0 } else { items.len() };
        items.splice(at..at, known);
        if done || items.len() >= wanted {
            return Ok(PageOf { items, done });
        }
    }
}

/// Send an example of an event type to an endpoint
///
/// One attempt, at that endpoint alone, whether it wants the event type or not. The example is the
/// one in the schema of the endpoint's version; `svix.ping` needs none.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example",
    operation_id = "v1.endpoint.send-example", tag = "Endpoint",
    params(EndpointPath),
    request_body = ExampleIn,
    responses(
        (status = 200, description = "It is stored, and about to be sent.", body = MessageOut),
    ),
)]
pub(crate) async fn send_example(
    State(api): State<Arc<Api>>,
    ManagedEndpoint(application, entry): ManagedEndpoint,
    JsonBody(body): JsonBody<ExampleIn>,
) -> Result<Json<MessageOut>, Problem> {
    let (event_type, index) = body.validate()?;
    let payload = match example::undeclared(&event_type) {
        Some(payload) => payload,
        None => {
            let found = api.registry.event_type(&application.org, event_type.as_str());
            let definition = found.ok_or_else(Problem::entity_not_found)?;
            example::declared(&definition, entry.endpoint.version, index)?
        }
    };
    let now = api.now();
    let event = Event {
        id: MessageId::generate(now, &mut rand::rng()),
        org: application.org.clone(),
        app: application.id.clone(),
        event_type,
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        idempotency_key: None,
        retention_hours: Event::RETENTION_HOURS,
        deliver_at: None,
        content_type: None,
        occurrence: Occurrence { tenant: application.uid.clone(), ..Occurrence::default() },
        accepted_at: now,
    };
    let payload = Bytes::from(payload);
    let profile = in_force(&application, &entry.endpoint);
    let to = Recipient { endpoint: &entry.endpoint.id, profile };
    resend::send(&api, "example", &event, payload.clone(), to).await?;
    Ok(Json(MessageOut::new(&event, shown(&payload))))
}
