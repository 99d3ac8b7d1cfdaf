//! What callers say of a message.

use std::{borrow::Cow, str::FromStr};

use posthaste_api::{ValidationFault, application::ApplicationIn, message::MessageMode, schema};
use posthaste_domain::{Channel, Event, EventId, EventType, NameError, Occurrence, Tag, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{occurrence, raw::Transformations};

/// The hours for which a payload may be kept.
const HOURS: std::ops::RangeInclusive<i64> = 1..=2_160;
/// The days that may be asked for. The specification of newer SDKs begins at 1, the server's at 5.
const DAYS: std::ops::RangeInclusive<i64> = 1..=90;
/// The most channels of a message.
const CHANNELS_MAX: usize = 10;
/// The most tags of a message.
const TAGS_MAX: usize = 5;

/// The body of `message.create`. Names are checked by [`MessageIn::checked`], so that each fault
/// has its place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageIn<'a> {
    /// What happened. It need not be in the catalogue.
    #[schema(value_type = schema::EventTypeName)]
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    /// What receivers get, byte for byte; `data` is an older name of it.
    #[schema(value_type = Object, example = json!({"chargebackId": "cb_1", "amount": 10}))]
    #[serde(borrow, alias = "data")]
    payload: &'a RawValue,
    /// The platform's own id of it: a second message with the same one is refused.
    #[schema(value_type = Option<schema::Uid>)]
    #[serde(borrow, default)]
    event_id: Option<Cow<'a, str>>,
    /// Narrows which endpoints get it: those that listen to one of these, and those without
    /// channels of their own.
    #[schema(value_type = Option<Vec<schema::Channel>>, max_items = 10)]
    #[serde(borrow, default)]
    channels: Option<Vec<Cow<'a, str>>>,
    /// By what it can be found in lists.
    #[schema(value_type = Option<Vec<schema::Tag>>, max_items = 5)]
    #[serde(borrow, default)]
    tags: Option<Vec<Cow<'a, str>>>,
    /// Sends it then, at most 24 hours from now; a moment that has passed is now.
    #[schema(value_type = Option<schema::Moment>)]
    #[serde(default)]
    deliver_at: Option<Timestamp>,
    /// For how many days its payload can be read; not beside `payloadRetentionHours`.
    #[schema(minimum = 1, maximum = 90, default = 90)]
    #[serde(default)]
    payload_retention_period: Option<i64>,
    /// For how many hours its payload can be read.
    #[schema(minimum = 1, maximum = 2160)]
    #[serde(default)]
    payload_retention_hours: Option<i64>,
    /// When it happened, no earlier than 1970; where it is not said, that is when it is accepted.
    #[schema(value_type = Option<schema::Moment>)]
    #[serde(borrow, default)]
    occurred_at: Option<Cow<'a, str>>,
    /// What it is about, such as the number of a case: at most 256 bytes, none of them of a
    /// control character.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256, example = "case-7")]
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    /// More about it, kept byte for byte: any JSON of at most 8 KiB. `null` is a value too.
    #[schema(value_type = Value, required = false)]
    #[serde(borrow, default, deserialize_with = "occurrence::given")]
    meta: Option<&'a RawValue>,
    /// Whether it is for real.
    #[schema(value_type = Option<MessageMode>)]
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
    /// Another body than JSON.
    #[serde(borrow, default)]
    transformations_params: Option<Transformations<'a>>,
    /// Creates the application of the path where there is none; else it is ignored.
    #[serde(default)]
    pub(crate) application: Option<ApplicationIn>,
}

/// A message whose every part is what it should be.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) event_type: EventType,
    pub(crate) event_id: Option<EventId>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) deliver_at: Option<Timestamp>,
    pub(crate) retention_hours: u16,
    /// What else is said of it; the tenant is its application's to say.
    pub(crate) occurrence: Occurrence,
    /// What is sent: a JSON object as it came, or a raw text.
    pub(crate) payload: Cow<'a, str>,
    /// The content type of a raw text.
    pub(crate) content_type: Option<String>,
}

impl<'a> MessageIn<'a> {
    /// Checks every part of a message that came at `now`.
    ///
    /// # Errors
    /// All faults at once, each with its place.
    pub(crate) fn checked(&self, now: Timestamp) -> Result<Checked<'a>, Vec<ValidationFault>> {
        let mut faults = Vec::new();
        let event_type = name::<EventType>(&self.event_type, &["eventType"], &mut faults);
        let event_id = match &self.event_id {
            Some(id) => name::<EventId>(id, &["eventId"], &mut faults).map(Some),
            None => Some(None),
        };
        let channels = names("channels", self.channels.as_deref(), CHANNELS_MAX, &mut faults);
        let tags = names("tags", self.tags.as_deref(), TAGS_MAX, &mut faults);
        let retention_hours = self.retention_hours(&mut faults);
        let deliver_at = self.deliver_at.filter(|at| *at > now);
        if deliver_at.is_some_and(|at| at > now + Event::AHEAD_MAX) {
            let wanted = "must be at most 24 hours in the future";
            faults.push(ValidationFault::body(["deliverAt"], wanted));
        }
        if !self.payload.get().starts_with('{') {
            faults.push(ValidationFault::body(["payload"], "must be a JSON object"));
        }
        if let Some(msg) = occurrence::unsendable(self.payload.get()) {
            faults.push(ValidationFault::body(["payload"], msg));
        }
        let occurrence = Occurrence {
            at: occurrence::at(self.occurred_at.as_deref(), &mut faults),
            subject: occurrence::subject(self.subject.as_deref(), &mut faults),
            meta: occurrence::meta(self.meta, &mut faults),
            mode: occurrence::mode(self.mode.as_deref(), &mut faults),
            tenant: None,
        };
        let raw = self.transformations_params.as_ref().and_then(|params| params.raw(&mut faults));
        match (event_type, event_id, channels, tags, retention_hours) {
            (
                Some(event_type),
                Some(event_id),
                Some(channels),
                Some(tags),
                Some(retention_hours),
            ) if faults.is_empty() => {
                let (payload, content_type) = match raw {
                    Some(raw) => (raw.text, raw.content_type),
                    None => (Cow::Borrowed(self.payload.get()), None),
                };
                Ok(Checked {
                    event_type,
                    event_id,
                    channels,
                    tags,
                    deliver_at,
                    retention_hours,
                    occurrence,
                    payload,
                    content_type,
                })
            }
            _ => Err(faults),
        }
    }

    fn retention_hours(&self, faults: &mut Vec<ValidationFault>) -> Option<u16> {
        let mut fault = |field: &str, wanted: String| {
            faults.push(ValidationFault::body([field], wanted));
            None
        };
        let outside = |range: &std::ops::RangeInclusive<i64>, unit: &str| {
            format!("must be from {} to {} {unit}", range.start(), range.end())
        };
        match (self.payload_retention_period, self.payload_retention_hours) {
            (None, None) => Some(Event::RETENTION_HOURS),
            (Some(days), None) if DAYS.contains(&days) => u16::try_from(days * 24).ok(),
            (None, Some(hours)) if HOURS.contains(&hours) => u16::try_from(hours).ok(),
            (Some(_), None) => fault("payloadRetentionPeriod", outside(&DAYS, "days")),
            (None, Some(_)) => fault("payloadRetentionHours", outside(&HOURS, "hours")),
            (Some(_), Some(_)) => {
                let wanted = "cannot be given beside payloadRetentionPeriod";
                fault("payloadRetentionHours", wanted.to_owned())
            }
        }
    }
}

/// A list of names. The contract wants one at least; clients send empty lists for none.
fn names<T: FromStr<Err = NameError>>(
    field: &str,
    texts: Option<&[Cow<'_, str>]>,
    max: usize,
    faults: &mut Vec<ValidationFault>,
) -> Option<Vec<T>> {
    let texts = texts.unwrap_or_default();
    if texts.len() > max {
        faults.push(ValidationFault::body([field], format!("must be at most {max} items")));
        return None;
    }
    let each = texts.iter().enumerate();
    let good: Vec<_> =
        each.filter_map(|(at, text)| name(text, &[field, &format!("[{at}]")], faults)).collect();
    (good.len() == texts.len()).then_some(good)
}

fn name<T: FromStr<Err = NameError>>(
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

#[cfg(test)]
mod tests;
