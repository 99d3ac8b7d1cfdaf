//! What the answers should be, computed from the sample by looking at all of it.

use std::collections::BTreeMap;

use posthaste_domain::{
    AppId, Attempt, AttemptId, Channel, EndpointId, Event, EventType, MessageId, Tag, Timestamp,
};
use posthaste_history::{
    AttemptFilter, AttemptStatus, Batch, DeliveryFilter, DeliveryStatus, MessageFilter, TimeRange,
};

fn in_range(range: TimeRange, at: Timestamp) -> bool {
    range.after.is_none_or(|after| at >= after) && range.before.is_none_or(|before| at < before)
}

fn is_labelled(
    wanted: (Option<&Channel>, Option<&Tag>, &[EventType]),
    found: (&[Channel], &[Tag], &EventType),
) -> bool {
    wanted.0.is_none_or(|channel| found.0.contains(channel))
        && wanted.1.is_none_or(|tag| found.1.contains(tag))
        && (wanted.2.is_empty() || wanted.2.contains(found.2))
}

fn fits_message(event: &Event, filter: &MessageFilter) -> bool {
    in_range(filter.range, event.accepted_at)
        && is_labelled(
            (filter.channel.as_ref(), filter.tag.as_ref(), &filter.event_types),
            (&event.channels, &event.tags, &event.event_type),
        )
}

/// The ids of an application's messages that fit, oldest first.
pub(crate) fn messages(batch: &Batch, app: &AppId, filter: &MessageFilter) -> Vec<MessageId> {
    let mut ids: Vec<_> = batch
        .events
        .iter()
        .filter(|one| one.event.app == *app && fits_message(&one.event, filter))
        .map(|one| one.event.id.clone())
        .collect();
    ids.sort();
    ids
}

fn status(attempt: &Attempt) -> AttemptStatus {
    match (attempt.is_success(), attempt.next_attempt) {
        (true, _) => AttemptStatus::Success,
        (false, Some(_)) => AttemptStatus::Sending,
        (false, None) => AttemptStatus::Fail,
    }
}

fn class(attempt: &Attempt) -> u16 {
    attempt.status.map_or(0, |status| status / 100 * 100)
}

/// The ids of the attempts of `of` that fit, oldest first.
pub(crate) fn attempts(
    batch: &Batch,
    of: impl Fn(&Attempt) -> bool,
    filter: &AttemptFilter,
) -> Vec<AttemptId> {
    let fits = |one: &&Attempt| {
        of(one)
            && in_range(filter.range, one.started_at)
            && (filter.statuses.is_empty() || filter.statuses.contains(&status(one)))
            && filter.status_class.is_none_or(|wanted| wanted == class(one))
            && filter.endpoint.as_ref().is_none_or(|wanted| *wanted == one.endpoint)
            && is_labelled(
                (filter.channel.as_ref(), filter.tag.as_ref(), &filter.event_types),
                (&one.channels, &one.tags, &one.event_type),
            )
    };
    let mut ids: Vec<_> = batch.attempts.iter().filter(fits).map(|one| one.id.clone()).collect();
    ids.sort();
    ids
}

/// How each delivery stands: as its last attempt ended, for the sample has none beside a schedule.
pub(crate) fn deliveries(
    batch: &Batch,
) -> BTreeMap<(EndpointId, MessageId), (DeliveryStatus, u16)> {
    let mut attempts: Vec<_> = batch.attempts.iter().collect();
    attempts.sort_by(|a, b| a.id.cmp(&b.id));
    let mut found = BTreeMap::new();
    for attempt in attempts {
        let status = match status(attempt) {
            AttemptStatus::Success => DeliveryStatus::Success,
            AttemptStatus::Fail => DeliveryStatus::Fail,
            AttemptStatus::Sending => DeliveryStatus::Sending,
        };
        let key = (attempt.endpoint.clone(), attempt.message.clone());
        found.insert(key, (status, class(attempt)));
    }
    found
}

/// The ids of the messages that were attempted at `endpoint` and fit, oldest first.
pub(crate) fn attempted(
    batch: &Batch,
    endpoint: &EndpointId,
    filter: &DeliveryFilter,
) -> Vec<MessageId> {
    let wanted = MessageFilter {
        event_types: filter.event_types.clone(),
        channel: filter.channel.clone(),
        tag: filter.tag.clone(),
        range: filter.range,
    };
    let events: BTreeMap<_, _> = batch.events.iter().map(|one| (&one.event.id, one)).collect();
    deliveries(batch)
        .into_iter()
        .filter(|((of, message), (status, class))| {
            of == endpoint
                && (filter.statuses.is_empty() || filter.statuses.contains(status))
                && filter.status_class.is_none_or(|wanted| wanted == *class)
                && fits_message(&events[message].event, &wanted)
        })
        .map(|((_, message), _)| message)
        .collect()
}
