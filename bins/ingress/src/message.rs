//! What callers say of a message, and what they hear of it.

use std::borrow::Cow;

use posthaste_api::ValidationFault;
use posthaste_domain::{Channel, Event, EventId, EventType, MessageId, NameError, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Days for which history keeps a payload unless the message says otherwise.
const RETENTION_DEFAULT: u16 = 90;
/// The days that may be asked for.
const RETENTION: std::ops::RangeInclusive<i64> = 5..=90;
/// The most channels of a message.
const CHANNELS_MAX: usize = 5;

/// The body of `message.create`. Names are checked by [`MessageIn::checked`], so that each fault
/// has its place.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageIn<'a> {
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow, alias = "data")]
    payload: &'a RawValue,
    #[serde(borrow, default)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    channels: Option<Vec<Cow<'a, str>>>,
    #[serde(default)]
    payload_retention_period: Option<i64>,
    #[serde(borrow, default)]
    transformations_params: Option<Transformations<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformations<'a> {
    #[serde(borrow, default)]
    raw_payload: Option<&'a RawValue>,
}

/// A message whose every part is what it should be.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) event_type: EventType,
    pub(crate) event_id: Option<EventId>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) retention_days: u16,
    /// A JSON object, as it was sent.
    pub(crate) payload: &'a str,
}

impl<'a> MessageIn<'a> {
    /// Checks every part.
    ///
    /// # Errors
    /// All faults at once, each with its place.
    pub(crate) fn checked(&self) -> Result<Checked<'a>, Vec<ValidationFault>> {
        let mut faults = Vec::new();
        let event_type = name::<EventType>(&self.event_type, &["eventType"], &mut faults);
        let event_id = match &self.event_id {
            Some(id) => name::<EventId>(id, &["eventId"], &mut faults).map(Some),
            None => Some(None),
        };
        let channels = self.checked_channels(&mut faults);
        let retention = self.payload_retention_period.unwrap_or(i64::from(RETENTION_DEFAULT));
        if !RETENTION.contains(&retention) {
            let wanted = format!("must be from {} to {} days", RETENTION.start(), RETENTION.end());
            faults.push(ValidationFault::body(["payloadRetentionPeriod"], wanted));
        }
        let payload = self.payload.get();
        if !payload.starts_with('{') {
            faults.push(ValidationFault::body(["payload"], "must be a JSON object"));
        }
        if self.transformations_params.as_ref().is_some_and(|params| params.raw_payload.is_some()) {
            // Sending the empty `payload` beside it instead would be worse than refusing.
            faults.push(ValidationFault::body(
                ["transformationsParams", "rawPayload"],
                "raw payloads are not supported; send JSON as `payload`",
            ));
        }
        match (event_type, event_id, channels) {
            (Some(event_type), Some(event_id), Some(channels)) if faults.is_empty() => {
                let retention_days = u16::try_from(retention).unwrap_or(RETENTION_DEFAULT);
                Ok(Checked { event_type, event_id, channels, retention_days, payload })
            }
            _ => Err(faults),
        }
    }

    fn checked_channels(&self, faults: &mut Vec<ValidationFault>) -> Option<Vec<Channel>> {
        let Some(channels) = &self.channels else { return Some(Vec::new()) };
        if !(1..=CHANNELS_MAX).contains(&channels.len()) {
            let wanted = format!("must be from 1 to {CHANNELS_MAX} channels");
            faults.push(ValidationFault::body(["channels"], wanted));
            return None;
        }
        let checked: Vec<_> = channels
            .iter()
            .enumerate()
            .filter_map(|(at, channel)| {
                name::<Channel>(channel, &["channels", &format!("[{at}]")], faults)
            })
            .collect();
        (checked.len() == channels.len()).then_some(checked)
    }
}

fn name<T: std::str::FromStr<Err = NameError>>(
    text: &str,
    path: &[&str],
    faults: &mut Vec<ValidationFault>,
) -> Option<T> {
    match text.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            faults.push(ValidationFault::body(path.iter().copied(), error.to_string()));
            None
        }
    }
}

/// The answer to `message.create`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageOut<'a> {
    event_id: Option<&'a EventId>,
    event_type: &'a EventType,
    payload: &'a RawValue,
    channels: Option<&'a [Channel]>,
    id: &'a MessageId,
    timestamp: Timestamp,
}

impl<'a> MessageOut<'a> {
    pub(crate) fn new(event: &'a Event, payload: &'a RawValue) -> Self {
        Self {
            event_id: event.event_id.as_ref(),
            event_type: &event.event_type,
            payload,
            channels: (!event.channels.is_empty()).then_some(&*event.channels),
            id: &event.id,
            timestamp: event.accepted_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn faults(body: &serde_json::Value) -> Vec<String> {
        let body = body.to_string();
        let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
        let faults = message.checked().err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.loc.join("/")).collect()
    }

    #[test]
    fn every_fault_is_reported_with_its_place() {
        let body = json!({
            "eventType": "no spaces", "payload": [], "eventId": "", "channels": ["ok", "ä"],
            "payloadRetentionPeriod": 4,
        });
        assert_eq!(
            faults(&body),
            [
                "body/eventType",
                "body/eventId",
                "body/channels/[1]",
                "body/payloadRetentionPeriod",
                "body/payload",
            ]
        );
        let raw =
            json!({"eventType": "a", "payload": {}, "transformationsParams": {"rawPayload": "x"}});
        assert_eq!(faults(&raw), ["body/transformationsParams/rawPayload"]);
        let many =
            json!({"eventType": "a", "payload": {}, "channels": ["a", "b", "c", "d", "e", "f"]});
        assert_eq!(faults(&many), ["body/channels"]);
        assert_eq!(
            faults(&json!({"eventType": "a", "payload": {}, "channels": []})),
            ["body/channels"]
        );
    }

    #[test]
    fn nulls_and_the_old_name_of_the_payload_are_taken() {
        let body = r#"{"eventType":"a.b","data":{ "n": 1.10 },"eventId":null,"channels":null,"tags":null}"#;
        let message: MessageIn<'_> = serde_json::from_str(body).unwrap();
        let checked = message.checked().unwrap();
        assert_eq!(checked.payload, r#"{ "n": 1.10 }"#);
        assert_eq!((checked.event_id, checked.retention_days), (None, 90));
    }

    proptest! {
        #[test]
        fn hostile_names_are_faults_and_never_panics(
            event_type in "\\PC{0,300}", event_id in prop::option::of("\\PC{0,300}"),
            channels in prop::option::of(prop::collection::vec("\\PC{0,20}", 0..8)), days: i64,
        ) {
            let body = json!({
                "eventType": event_type, "payload": {}, "eventId": event_id, "channels": channels,
                "payloadRetentionPeriod": days,
            }).to_string();
            let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
            let fits = |text: &str| text.parse::<EventType>().is_ok();
            let valid = fits(&event_type)
                && event_id.as_deref().is_none_or(fits)
                && channels.as_ref().is_none_or(|all| {
                    (1..=5).contains(&all.len()) && all.iter().all(|channel| fits(channel))
                })
                && (5..=90).contains(&days);
            prop_assert_eq!(message.checked().is_ok(), valid);
        }
    }
}
