//! What lists of history are narrowed by, as queries say it.
//!
//! Pure: a query becomes a filter of the store, or every fault it has. A status that nothing ever
//! has makes no filter at all, so that the store is not asked.

mod event_types;
mod moment;
mod status;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use posthaste_api::{Problem, ValidationFault, schema};
use posthaste_domain::{AttemptId, Channel, MessageId, NameError, Tag, Timestamp};
use posthaste_history::{
    AttemptFilter, Cursor, DeliveryFilter, DeliveryStatus, MessageFilter, Order, TimeRange,
};
use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) use self::{
    event_types::{EventTypes, EventTypesQuery},
    moment::Moment,
    status::{MessageStatus, StatusCodeClass, StatusText, Trigger, WantedStatus},
};
use crate::page::{Page, PageQuery};

/// What lists of messages are narrowed by.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageQuery {
    /// Only messages with this channel.
    #[param(value_type = Option<schema::Channel>)]
    channel: Option<String>,
    /// Only messages with this tag.
    #[param(value_type = Option<schema::Tag>)]
    tag: Option<String>,
    /// Only what is older than this moment.
    #[param(value_type = Option<schema::Moment>)]
    before: Option<Moment>,
    /// Only what is of this moment or newer. Without `before` the first page is the oldest that
    /// fits; `prevIterator` leads on to what is newer.
    #[param(value_type = Option<schema::Moment>)]
    after: Option<Moment>,
    /// Whether payloads are shown.
    #[param(default = true)]
    with_content: Option<bool>,
}

/// What lists of attempts are narrowed by.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptQuery {
    /// Only attempts that ended like this: 0 taken, 2 failed. No attempt has another status.
    #[param(inline)]
    status: Option<WantedStatus>,
    /// Only attempts that were answered with a status of this class; 0 is no answer at all.
    #[param(inline)]
    status_code_class: Option<StatusCodeClass>,
    /// Only attempts at messages with this channel.
    #[param(value_type = Option<schema::Channel>)]
    channel: Option<String>,
    /// Only attempts at messages with this tag.
    #[param(value_type = Option<schema::Tag>)]
    tag: Option<String>,
    /// Only what is older than this moment.
    #[param(value_type = Option<schema::Moment>)]
    before: Option<Moment>,
    /// Only what is of this moment or newer. Without `before` the first page is the oldest that
    /// fits; `prevIterator` leads on to what is newer.
    #[param(value_type = Option<schema::Moment>)]
    after: Option<Moment>,
    /// Whether the bodies of answers are shown.
    #[param(default = true)]
    with_content: Option<bool>,
    /// Whether cancelled attempts are told from others; none is ever cancelled.
    #[param(default = false)]
    #[serde(rename = "expanded_statuses")]
    _expanded_statuses: Option<bool>,
}

/// What lists of deliveries are narrowed by.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only messages that stand like this: 0 taken, 2 given up, 3 to be attempted again.
    #[param(inline)]
    status: Option<WantedStatus>,
    /// Only messages with this channel.
    #[param(value_type = Option<schema::Channel>)]
    channel: Option<String>,
    /// Only messages with this tag.
    #[param(value_type = Option<schema::Tag>)]
    tag: Option<String>,
    /// Only messages that are older than this moment.
    #[param(value_type = Option<schema::Moment>)]
    before: Option<Moment>,
    /// Only messages of this moment or newer. Without `before` the first page is the oldest that
    /// fits; `prevIterator` leads on to what is newer.
    #[param(value_type = Option<schema::Moment>)]
    after: Option<Moment>,
    /// Whether payloads are shown.
    #[param(default = true)]
    with_content: Option<bool>,
    /// Whether cancelled deliveries are told from others; none is ever cancelled.
    #[param(default = false)]
    #[serde(rename = "expanded_statuses")]
    _expanded_statuses: Option<bool>,
}

/// A list that was asked for.
#[derive(Debug)]
pub(crate) struct Asked<F> {
    /// Which items.
    pub(crate) filter: F,
    /// Which of them.
    pub(crate) page: posthaste_history::Page,
    /// Whether payloads or answers are shown.
    pub(crate) with_content: bool,
}

impl MessageQuery {
    /// Checks the query of a list of messages.
    pub(crate) fn validate(
        self,
        EventTypes(event_types): EventTypes,
        page: PageQuery,
    ) -> Result<Asked<MessageFilter>, Problem> {
        let range = range(self.after, self.before);
        let (channel, tag) = labels(self.channel.as_deref(), self.tag.as_deref())?;
        Ok(Asked {
            filter: MessageFilter { event_types, channel, tag, range },
            page: newest_first(page, range, MessageId::floor)?,
            with_content: self.with_content.unwrap_or(true),
        })
    }
}

impl AttemptQuery {
    /// Checks the query of a list of attempts; the filter is `None` where none can fit.
    pub(crate) fn validate(
        self,
        EventTypes(event_types): EventTypes,
        page: PageQuery,
    ) -> Result<Asked<Option<AttemptFilter>>, Problem> {
        let range = range(self.after, self.before);
        let (channel, tag) = labels(self.channel.as_deref(), self.tag.as_deref())?;
        let statuses = match self.status {
            None => Some(Vec::new()),
            Some(status) => status.of_attempts(),
        };
        let filter = statuses.map(|statuses| AttemptFilter {
            statuses,
            status_class: self.status_code_class.map(u16::from),
            endpoint: None,
            event_types,
            channel,
            tag,
            range,
        });
        let page = newest_first(page, range, AttemptId::floor)?;
        Ok(Asked { filter, page, with_content: self.with_content.unwrap_or(true) })
    }
}

impl DeliveryQuery {
    /// Checks the query of a list of deliveries; the filter is `None` where none can fit.
    pub(crate) fn validate(
        self,
        EventTypes(event_types): EventTypes,
        page: PageQuery,
    ) -> Result<Asked<Option<DeliveryFilter>>, Problem> {
        let range = range(self.after, self.before);
        let (channel, tag) = labels(self.channel.as_deref(), self.tag.as_deref())?;
        let statuses = match self.status {
            None => Some(Vec::new()),
            Some(status) => Option::<DeliveryStatus>::from(status).map(|status| vec![status]),
        };
        let filter = statuses.map(|statuses| DeliveryFilter {
            statuses,
            status_class: None,
            event_types,
            channel,
            tag,
            range,
        });
        let page = newest_first(page, range, MessageId::floor)?;
        Ok(Asked { filter, page, with_content: self.with_content.unwrap_or(true) })
    }
}

/// The span between two moments of a query.
pub(crate) fn range(after: Option<Moment>, before: Option<Moment>) -> TimeRange {
    TimeRange { after: after.map(Timestamp::from), before: before.map(Timestamp::from) }
}

/// The page of a list that is sorted newest first and whose keys are ids.
///
/// With `after` alone the first page is the oldest that fits, as in the Svix API: those who look
/// for what is new go on with `prevIterator`, and miss nothing.
pub(crate) fn newest_first<I: FromStr + ToString>(
    query: PageQuery,
    range: TimeRange,
    floor: impl Fn(Timestamp) -> I,
) -> Result<posthaste_history::Page, Problem> {
    let Page(mut page) = query.validate(Order::Descending, |key| key.parse::<I>().is_ok())?;
    if let TimeRange { after: Some(after), before: None } = range
        && page.cursor == Cursor::Start
        && page.order == Order::Descending
    {
        page.cursor = Cursor::Before(floor(after).to_string());
    }
    Ok(page)
}

fn labels(
    channel: Option<&str>,
    tag: Option<&str>,
) -> Result<(Option<Channel>, Option<Tag>), Problem> {
    let mut faults = Vec::new();
    let channel = label(channel, "channel", &mut faults);
    let tag = label(tag, "tag", &mut faults);
    if faults.is_empty() { Ok((channel, tag)) } else { Err(Problem::validation(faults)) }
}

fn label<T: FromStr<Err = NameError>>(
    text: Option<&str>,
    name: &str,
    faults: &mut Vec<ValidationFault>,
) -> Option<T> {
    let checked = text?.parse();
    checked
        .map_err(|error: NameError| {
            faults.push(ValidationFault::query([name], error.to_string()));
        })
        .ok()
}
