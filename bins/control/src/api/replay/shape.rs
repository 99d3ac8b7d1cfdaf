//! What callers say of many messages at once. Pure.

use std::{collections::BTreeMap, time::Duration};

use posthaste_api::{Problem, field::Faults, schema};
use posthaste_domain::{Channel, EventType, Tag, Timestamp};
use posthaste_history::DeliveryStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    query::{Moment, StatusCodeClass, WantedStatus},
    tasks::{ReplayFilter, Standing},
};

/// The longest time that is recovered at once, and how much more is let pass.
const RECOVER_MAX: Duration = Duration::from_secs(14 * 86_400);
const RECOVER_GRACE: Duration = Duration::from_secs(5 * 60);
/// How many event types a filter may name.
const EVENT_TYPES_MAX: usize = 100;
/// How many messages may be named at once.
const IDS_MAX: usize = 250;

/// From when to when: from the first, inclusive, to the second, exclusive.
pub(super) type Span = (Timestamp, Timestamp);

/// Which time is recovered.
#[derive(Deserialize, ToSchema)]
#[schema(as = RecoverIn)]
pub(crate) struct RecoverIn {
    /// Messages accepted at this moment or later.
    #[schema(value_type = schema::Moment)]
    since: Moment,
    /// Messages accepted before this; until now where it is absent. At most 14 days after `since`.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Moment>,
}

/// Which time is replayed.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReplayIn)]
pub(crate) struct ReplayIn {
    /// Messages accepted at this moment or later.
    #[schema(value_type = schema::Moment)]
    since: Moment,
    /// Messages accepted before this; until now where it is absent.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Moment>,
}

/// Which messages are replayed.
#[derive(Deserialize, ToSchema)]
#[schema(as = BulkReplayIn)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkReplayIn {
    /// Messages accepted at this moment or later.
    #[schema(value_type = schema::Moment)]
    since: Moment,
    /// Messages accepted before this; until now where it is absent.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Moment>,
    /// Of one of these types; at most 100.
    #[schema(value_type = Option<Vec<schema::EventTypeName>>)]
    event_types: Option<Vec<String>>,
    /// With this channel.
    #[schema(value_type = Option<schema::Channel>)]
    channel: Option<String>,
    /// With this tag.
    #[schema(value_type = Option<schema::Tag>)]
    tag: Option<String>,
    /// Standing like this at the endpoint: 0 for taken, 2 for given up, 3 for still being tried.
    #[schema(inline)]
    status: Option<WantedStatus>,
    /// Last answered with a status of this class: 100, 200 … 500, or 0 for no answer.
    #[schema(inline)]
    status_code_class: Option<StatusCodeClass>,
}

/// Whose payloads are removed.
#[derive(Deserialize, ToSchema)]
#[schema(as = BulkExpungeContentsIn)]
pub(crate) struct BulkExpungeIn {
    /// Ids or `eventId`s of messages; at most 250.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Uid>>, default = json!([]))]
    ids: Option<Vec<String>>,
}

/// What became of each.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkExpungeContentsOut)]
pub(crate) struct BulkExpungeOut {
    /// By the name that was given.
    pub(super) results: BTreeMap<String, Expunged>,
}

/// What became of a payload that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BulkExpungeStatus)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expunged {
    /// It is gone.
    Expunged,
    /// There is no such message.
    NotFound,
}

impl RecoverIn {
    pub(super) fn validate(self, now: Timestamp) -> Result<Span, Problem> {
        let mut faults = Faults::default();
        let span = span(self.since, self.until, now, &mut faults);
        if let Some((since, until)) = span
            && until.since(since) > RECOVER_MAX + RECOVER_GRACE
        {
            faults.add(["since"], "must be at most 14 days before `until`, or before now");
        }
        faults.finish(|| span)
    }
}

impl ReplayIn {
    pub(super) fn validate(self, now: Timestamp) -> Result<Span, Problem> {
        let mut faults = Faults::default();
        let span = span(self.since, self.until, now, &mut faults);
        faults.finish(|| span)
    }
}

impl BulkReplayIn {
    pub(super) fn validate(self, now: Timestamp) -> Result<(Span, ReplayFilter), Problem> {
        let mut faults = Faults::default();
        let span = span(self.since, self.until, now, &mut faults);
        let names = self.event_types.unwrap_or_default();
        if names.len() > EVENT_TYPES_MAX {
            faults.add(["eventTypes"], format!("must be at most {EVENT_TYPES_MAX} event types"));
        }
        let event_types = faults.take_all("eventTypes", &names, str::parse::<EventType>);
        let channel = self.channel.as_deref().map(str::parse::<Channel>);
        let channel = channel.and_then(|channel| faults.take("channel", channel));
        let tag = self.tag.as_deref().map(str::parse::<Tag>);
        let tag = tag.and_then(|tag| faults.take("tag", tag));
        let standing = self.status.map(standing);
        let status_class = self.status_code_class.map(u16::from);
        let filter = ReplayFilter { standing, status_class, event_types, channel, tag };
        faults.finish(|| Some((span?, filter)))
    }
}

impl BulkExpungeIn {
    pub(super) fn validate(self) -> Result<Vec<String>, Problem> {
        let mut faults = Faults::default();
        let ids = self.ids.unwrap_or_default();
        if ids.len() > IDS_MAX {
            faults.add(["ids"], format!("must be at most {IDS_MAX} messages"));
        }
        faults.finish(|| Some(ids))
    }
}

/// The span that two moments make; one that would end after `now` ends then, so that what comes
/// later is left alone.
fn span(since: Moment, until: Option<Moment>, now: Timestamp, faults: &mut Faults) -> Option<Span> {
    let since = Timestamp::from(since);
    let until = until.map_or(now, Timestamp::from);
    if until < since {
        faults.add(["until"], "must not be before `since`");
    }
    Some((since, until.min(now)))
}

fn standing(status: WantedStatus) -> Standing {
    match Option::<DeliveryStatus>::from(status) {
        Some(DeliveryStatus::Success) => Standing::Success,
        Some(DeliveryStatus::Fail) => Standing::Fail,
        Some(DeliveryStatus::Sending) => Standing::Sending,
        None => Standing::Never,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn recover(since: &str, until: Option<&str>) -> Result<Span, Problem> {
        let body = serde_json::json!({"since": since, "until": until});
        serde_json::from_value::<RecoverIn>(body).unwrap().validate(NOW)
    }

    #[test]
    fn fourteen_days_are_recovered_and_not_much_more() {
        let ago = |seconds| (NOW - Duration::from_secs(seconds)).to_string();
        assert!(recover(&ago(14 * 86_400 + 299), None).is_ok());
        assert_eq!(recover(&ago(14 * 86_400 + 301), None).unwrap_err().status(), 422);
        // An old span is as good as a recent one.
        assert!(recover(&ago(50 * 86_400), Some(&ago(40 * 86_400))).is_ok());
        assert_eq!(recover(&ago(1), Some(&ago(2))).unwrap_err().status(), 422);
    }

    #[test]
    fn the_future_is_left_alone() {
        let (_, until) =
            recover(&(NOW - RECOVER_GRACE).to_string(), Some("2099-01-01T00:00:00Z")).unwrap();
        assert_eq!(until, NOW);
        // Nothing was accepted in the future, and that is no mistake to ask for.
        assert!(recover("2099-01-01T00:00:00Z", Some("2099-01-02T00:00:00Z")).is_ok());
    }

    proptest! {
        #[test]
        fn a_filter_is_read_or_refused(name in "\\PC{0,40}", status in 0..=4) {
            let body = serde_json::json!({
                "since": NOW, "eventTypes": [name], "channel": name, "tag": name, "status": status,
            });
            let body: BulkReplayIn = serde_json::from_value(body).unwrap();
            let good = name.parse::<EventType>().is_ok() && name.parse::<Tag>().is_ok();
            prop_assert_eq!(body.validate(NOW).is_ok(), good);
        }
    }
}
