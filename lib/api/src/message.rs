//! What a message looks like in answers, those of acceptance and of queries alike.

mod occurred;
mod payload_fault;

use posthaste_domain::{Channel, Event, EventId, EventType, MessageId, Mode, Tag, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

pub use self::{
    occurred::{MessageMode, Occurred},
    payload_fault::PayloadFault,
};
use crate::{compact, schema};

/// A message as the API shows it. `null`s are written, but for what no SDK knows: that is there
/// only where the producer gave it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageOut {
    /// The platform's own id of it.
    #[schema(value_type = Option<schema::Uid>)]
    pub event_id: Option<EventId>,
    /// What happened.
    #[schema(value_type = schema::EventTypeName)]
    pub event_type: EventType,
    /// What was sent; `{}` where it was not asked for, `{"expired": true}` where it is gone.
    #[schema(value_type = Object, example = json!({"amount": 10}))]
    pub payload: Box<RawValue>,
    /// Labels that narrowed which endpoints got it.
    #[schema(value_type = Option<Vec<schema::Channel>>)]
    pub channels: Option<Vec<Channel>>,
    /// Its id.
    #[schema(value_type = schema::MessageId)]
    pub id: MessageId,
    /// When it was accepted.
    #[schema(value_type = schema::Moment)]
    pub timestamp: Timestamp,
    /// Labels by which it is found.
    #[schema(value_type = Option<Vec<schema::Tag>>)]
    pub tags: Option<Vec<Tag>>,
    /// The moment before which nothing is sent.
    #[schema(value_type = Option<schema::Moment>)]
    pub deliver_at: Option<Timestamp>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>, nullable = false)]
    pub occurred_at: Option<Timestamp>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 256, example = "case-7")]
    pub subject: Option<String>,
    /// More about it, byte for byte as it was given; `null` where `null` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub meta: Option<Box<RawValue>>,
    /// Whether it is for real.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MessageMode>, nullable = false)]
    pub mode: Option<Mode>,
    /// Where its payload does not fit the schema of its event type; told on acceptance alone, and
    /// only where messages are accepted all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub warnings: Vec<PayloadFault>,
}

impl MessageOut {
    /// How `event` is shown with this payload.
    #[must_use]
    pub fn new(event: &Event, payload: Box<RawValue>) -> Self {
        let Occurred { at, subject, meta, mode } = (&event.occurrence).into();
        Self {
            event_id: event.event_id.clone(),
            event_type: event.event_type.clone(),
            payload,
            channels: some(&event.channels),
            id: event.id.clone(),
            timestamp: event.accepted_at,
            tags: some(&event.tags),
            deliver_at: event.deliver_at,
            occurred_at: at,
            subject,
            meta,
            mode,
            warnings: Vec::new(),
        }
    }
}

/// A list that is `null` where it is empty.
fn some<T: Clone>(labels: &[T]) -> Option<Vec<T>> {
    (!labels.is_empty()).then(|| labels.to_vec())
}

/// A payload as answers show it: the JSON that was sent, without the space between its tokens.
/// A raw payload that is no JSON object is shown inside one, as `rawPayload`.
#[must_use]
pub fn shown(payload: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8_lossy(payload);
    let is_object = text.trim_start().starts_with('{');
    if is_object && let Ok(json) = RawValue::from_string(compact(&text)) {
        return json;
    }
    let raw = serde_json::json!({ "rawPayload": text });
    serde_json::value::to_raw_value(&raw).unwrap_or_else(|_| nothing())
}

/// A payload that was not asked for.
#[must_use]
pub fn nothing() -> Box<RawValue> {
    constant("{}")
}

/// A payload that is kept no longer.
#[must_use]
pub fn expired() -> Box<RawValue> {
    constant(r#"{"expired":true}"#)
}

fn constant(json: &'static str) -> Box<RawValue> {
    #[expect(clippy::expect_used, reason = "the texts are JSON, and a test reads each")]
    RawValue::from_string(json.to_owned()).expect("the constant is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_escapes_are_shown_as_they_were_sent() {
        let payload = br#" { "n": 1.10, "s": "\u00e9 {" } "#;
        assert_eq!(shown(payload).get(), r#"{"n":1.10,"s":"\u00e9 {"}"#);
        assert_eq!((nothing().get(), expired().get()), ("{}", r#"{"expired":true}"#));
    }

    #[test]
    fn what_is_no_object_is_shown_in_one() {
        for raw in ["<xml/>", "[1]", "{broken", "7", ""] {
            let json = shown(raw.as_bytes());
            let read: serde_json::Value = serde_json::from_str(json.get()).unwrap();
            assert_eq!(read["rawPayload"], raw);
        }
    }
}
