//! How a message fares at an endpoint, on the wire: seen from the endpoint, and from the message.

use std::collections::BTreeSet;

use posthaste_api::{message::MessageOut, schema};
use posthaste_domain::{Channel, Endpoint, EndpointId, EndpointUrl, EventType, Timestamp, Uid};
use posthaste_history::{DeliveryRow, MessageRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::message,
    query::{MessageStatus, StatusText},
};

/// A message, and how it stands at the endpoint that was asked about; `null`s are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointMessageOut {
    #[serde(flatten)]
    message: MessageOut,
    /// 0 taken, 2 given up, 3 to be attempted again.
    status: MessageStatus,
    status_text: StatusText,
    /// When it is attempted next.
    #[schema(value_type = Option<schema::Moment>)]
    next_attempt: Option<Timestamp>,
}

impl EndpointMessageOut {
    pub(super) fn new(row: MessageRow, delivery: &DeliveryRow, with_content: bool) -> Self {
        let status = MessageStatus::from(delivery.status);
        Self {
            message: message::show(row, with_content),
            status,
            status_text: status.text(),
            next_attempt: delivery.next_attempt,
        }
    }
}

/// An endpoint, and how the message that was asked about stands there; `null`s are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageEndpointOut {
    /// Its id.
    #[schema(value_type = schema::EndpointId)]
    id: EndpointId,
    /// 0 taken, 2 given up, 3 to be attempted again.
    status: MessageStatus,
    status_text: StatusText,
    /// When it is attempted next.
    #[schema(value_type = Option<schema::Moment>)]
    next_attempt: Option<Timestamp>,
    /// For humans.
    description: String,
    /// The older name of `throttleRate`.
    #[schema(required = false, format = "uint16", deprecated)]
    rate_limit: Option<u16>,
    /// Requests per second that its owner asks not to exceed.
    #[schema(required = false, format = "uint16")]
    throttle_rate: Option<u16>,
    /// The platform's own name for it.
    #[schema(value_type = Option<schema::Uid>)]
    uid: Option<Uid>,
    /// Where its requests go.
    #[schema(value_type = String, format = "uri", example = "https://example.com/webhook/")]
    url: EndpointUrl,
    /// The version of the events' schemas that it wants.
    #[schema(required = false, deprecated)]
    version: u16,
    /// Whether it is switched off.
    #[schema(required = false, default = false)]
    disabled: bool,
    /// The event types it wants; `null` is all.
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>)]
    event_types: Option<BTreeSet<EventType>>,
    /// The older name of `eventTypes`.
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>, deprecated)]
    filter_types: Option<BTreeSet<EventType>>,
    /// The channels it listens to; `null` is messages whatever their channels are.
    #[schema(value_type = Option<BTreeSet<schema::Channel>>)]
    channels: Option<BTreeSet<Channel>>,
    /// When it was created.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl MessageEndpointOut {
    pub(super) fn new(endpoint: &Endpoint, delivery: &DeliveryRow) -> Self {
        let status = MessageStatus::from(delivery.status);
        Self {
            id: endpoint.id.clone(),
            status,
            status_text: status.text(),
            next_attempt: delivery.next_attempt,
            description: endpoint.description.clone(),
            rate_limit: endpoint.throttle_rate,
            throttle_rate: endpoint.throttle_rate,
            uid: endpoint.uid.clone(),
            url: endpoint.url.clone(),
            version: endpoint.version,
            disabled: endpoint.disabled,
            event_types: endpoint.event_types.clone(),
            filter_types: endpoint.event_types.clone(),
            channels: endpoint.channels.clone(),
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}
