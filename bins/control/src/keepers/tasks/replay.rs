//! Messages of one endpoint that are sent again.
//!
//! Each gets one attempt, in the lane of bulk work, that the schedule knows nothing of. Every step
//! sends what the one before planned, and plans the next.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use posthaste_bus::{PublishError, Recipient, Source};
use posthaste_domain::{Lane, MessageId, Timestamp};
use posthaste_history::{
    Content, Cursor, DeliveryFilter, DeliveryStatus, MessageFilter, MessageRow, Order, Page,
    TimeRange,
};
use posthaste_profile::{Ids, Outgoing, Profile};
use posthaste_registry::EndpointEntry;
use posthaste_service::clock;

use super::{
    bench::Bench,
    step::{Step, StepError},
};
use crate::{
    kept_profile::{Known, in_force},
    tasks::{Replay, ReplayFilter, Standing, Task},
};

/// How many messages a step looks at, and sends at most.
const STEP: usize = 200;
/// How many of them are under way to the broker at once.
const AT_ONCE: usize = 16;
/// While events wait to be fanned out, those accepted in this time may be among them.
const FAN_OUT_MARGIN: std::time::Duration = std::time::Duration::from_secs(60);

/// The counts in a task's `data`.
const SENT: &str = "messagesSent";
const EXPIRED: &str = "messagesExpired";
const UNDER_WAY: &str = "messagesUnderWay";

/// What became of one message.
enum Resent {
    Sent,
    /// Its payload is gone, or its record is.
    Expired,
}

/// Sends again what was not taken and is not tried any more.
pub(super) async fn recover(
    bench: &Bench,
    task: &mut Task,
    replay: &Replay,
) -> Result<Step, StepError> {
    let filter = ReplayFilter { standing: Some(Standing::Fail), ..ReplayFilter::default() };
    bulk(bench, task, replay, &filter).await
}

/// Sends again what fits `filter`.
pub(super) async fn bulk(
    bench: &Bench,
    task: &mut Task,
    replay: &Replay,
    filter: &ReplayFilter,
) -> Result<Step, StepError> {
    endpoint(bench, replay)?;
    begin(bench, task).await?;
    send_planned(bench, task, replay).await?;
    let Some(filter) = delivery_filter(replay, filter) else { return Ok(Step::Done) };
    if task.progress.seen_all {
        return Ok(Step::Done);
    }
    let cursor = task.progress.cursor.clone().map_or(Cursor::Start, Cursor::After);
    let page = Page { limit: STEP, order: Order::Ascending, cursor };
    let found =
        bench.history.messages_of_endpoint(&replay.app, &replay.endpoint, &filter, &page, false);
    let found = found.await?;
    let ids = found.items.iter().map(|(message, _)| message.id.to_string());
    task.progress.planned = ids.collect();
    Ok(planned(task, found.done))
}

/// Sends what the endpoint wants and was never sent.
pub(super) async fn missing(
    bench: &Bench,
    task: &mut Task,
    replay: &Replay,
) -> Result<Step, StepError> {
    let entry = endpoint(bench, replay)?;
    begin(bench, task).await?;
    send_planned(bench, task, replay).await?;
    if task.progress.seen_all {
        return Ok(Step::Done);
    }
    let after = task.progress.cursor.as_deref().and_then(|id| id.parse::<MessageId>().ok());
    let filter = MessageFilter { range: range(replay), ..MessageFilter::default() };
    let (app, id) = (&replay.app, &replay.endpoint);
    let found = bench.history.messages_missing_at(app, id, &filter, after.as_ref(), STEP).await?;
    let last = found.items.last().map(|message| message.id.to_string());
    let now = Timestamp::from(clock::now());
    let profile = profile_in_force(bench, &entry);
    let profile = profile.as_deref();
    let wanted = found.items.into_iter().filter(|message| wants(&entry, profile, message, now));
    let (under_way, missing) = sort_out(bench, replay, wanted.collect()).await?;
    if under_way > 0 {
        task.count(UNDER_WAY, under_way);
    }
    task.progress.planned = missing.iter().map(|message| message.id.to_string()).collect();
    let step = planned(task, found.done);
    task.progress.cursor = last.or(task.progress.cursor.take());
    Ok(step)
}

/// Before the first step history must hold whatever was confirmed before the task was asked for.
async fn begin(bench: &Bench, task: &mut Task) -> Result<(), StepError> {
    if task.progress == crate::tasks::Progress::default() {
        bench.fresh().await?;
        task.count(SENT, 0);
    }
    Ok(())
}

/// Notes how far the list was looked through.
fn planned(task: &mut Task, done: bool) -> Step {
    let progress = &mut task.progress;
    progress.seen_all = done;
    if let Some(last) = progress.planned.last() {
        progress.cursor = Some(last.clone());
    }
    if done && progress.planned.is_empty() { Step::Done } else { Step::More }
}

/// The endpoint, where something may be sent to it.
fn endpoint(bench: &Bench, replay: &Replay) -> Result<Arc<EndpointEntry>, StepError> {
    let found = bench.registry.endpoint_by_id(&replay.app, &replay.endpoint);
    let entry = found.ok_or(StepError::Impossible("The endpoint was deleted."))?;
    if entry.endpoint.disabled {
        return Err(StepError::Impossible("The endpoint was disabled."));
    }
    Ok(entry)
}

async fn send_planned(bench: &Bench, task: &mut Task, replay: &Replay) -> Result<(), StepError> {
    if task.progress.planned.is_empty() {
        return Ok(());
    }
    bench.has_room().await?;
    let planned = std::mem::take(&mut task.progress.planned);
    let key = task.id.as_str();
    let resent: Vec<Resent> = stream::iter(planned)
        .map(|message| async move { send(bench, key, replay, &message).await })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let expired = resent.iter().filter(|one| matches!(one, Resent::Expired)).count() as u64;
    task.count(SENT, resent.len() as u64 - expired);
    if expired > 0 {
        task.count(EXPIRED, expired);
    }
    Ok(())
}

/// Has a message sent once. The broker knows it by the task, so a repeat changes nothing.
async fn send(
    bench: &Bench,
    key: &str,
    replay: &Replay,
    message: &str,
) -> Result<Resent, StepError> {
    let found = bench.history.message(&replay.app, message, true).await?;
    let Some(row) = found else { return Ok(Resent::Expired) };
    let event = row.event();
    let Content::Kept(payload) = row.content else { return Ok(Resent::Expired) };
    let application = bench.registry.application_by_id(&replay.app);
    let entry = bench.registry.endpoint_by_id(&replay.app, &replay.endpoint);
    let profile = match application.zip(entry) {
        Some((application, entry)) => {
            let known =
                Known { bus: &bench.bus, history: &bench.history, freshness: &bench.freshness };
            known.kept_profile(&application, &entry.endpoint, &event.id).await?
        }
        // The worker finds it gone as well, and says so.
        None => None,
    };
    let to = Recipient { endpoint: &replay.endpoint, profile };
    match bench.bus.resend(key, &event, payload, to, Lane::Bulk).await {
        Ok(()) => Ok(Resent::Sent),
        // It was taken once, with less beside it; it cannot be taken again.
        Err(PublishError::TooLarge) => Ok(Resent::Expired),
        Err(error) => Err(error.into()),
    }
}

/// The profile that a new message would get; `None` also where this process cannot read it, as for
/// the worker that fans out.
fn profile_in_force(bench: &Bench, entry: &EndpointEntry) -> Option<Arc<Profile>> {
    let application = bench.registry.application_by_id(&entry.endpoint.app)?;
    let reference = in_force(&application, &entry.endpoint)?;
    bench.registry.profile(&application.org, &reference)
}

/// Whether the endpoint wants a message that it was never sent, and nobody else sends it later.
fn wants(
    entry: &EndpointEntry,
    profile: Option<&Profile>,
    message: &MessageRow,
    now: Timestamp,
) -> bool {
    let endpoint = &entry.endpoint;
    let is_admitted = || {
        let Some(profile) = profile else { return true };
        // What a payload said that is gone is not known, and nothing of it is sent.
        let nothing = Bytes::new();
        let payload = match &message.content {
            Content::Kept(payload) => payload,
            Content::NotAsked | Content::Gone => &nothing,
        };
        let event = &message.event();
        let outgoing = Outgoing { event, payload, endpoint: &endpoint.id, ids: Ids::default() };
        profile.admits(endpoint, &outgoing)
    };
    endpoint.wants(&message.event_type, &message.channels)
        && message.deliver_at.is_none_or(|at| at <= now)
        && is_admitted()
}

/// Counts those that are on their way to the endpoint by themselves; the others are missing.
async fn sort_out(
    bench: &Bench,
    replay: &Replay,
    messages: Vec<MessageRow>,
) -> Result<(u64, Vec<MessageRow>), StepError> {
    let unfanned_from = unfanned_from(bench).await?;
    let all = messages.len() as u64;
    let sorted = stream::iter(messages).map(|message| async move {
        if unfanned_from.is_some_and(|from| message.accepted_at >= from) {
            return Ok(None);
        }
        let waiting = bench.bus.waiting_for(&message.id).await?;
        let waits = waiting.iter().any(|(endpoint, _)| *endpoint == replay.endpoint);
        Ok::<_, StepError>((!waits).then_some(message))
    });
    let sorted: Vec<Option<MessageRow>> = sorted.buffered(AT_ONCE).try_collect().await?;
    let missing: Vec<MessageRow> = sorted.into_iter().flatten().collect();
    Ok((all - missing.len() as u64, missing))
}

/// What was accepted at this moment or later may not be fanned out yet; `None` where all is.
async fn unfanned_from(bench: &Bench) -> Result<Option<Timestamp>, StepError> {
    let queues = bench.queues().await?;
    let events = queues.sources.iter().find(|source| source.source == Source::Events);
    Ok(events.filter(|events| events.ready + events.unacked > 0).map(|events| {
        let recent = Timestamp::from(clock::now()) - FAN_OUT_MARGIN;
        events.oldest.map_or(recent, |oldest| oldest.min(recent))
    }))
}

const fn range(replay: &Replay) -> TimeRange {
    TimeRange { after: Some(replay.since), before: Some(replay.until) }
}

/// The filter in the words of history; `None` where nothing can fit.
fn delivery_filter(replay: &Replay, filter: &ReplayFilter) -> Option<DeliveryFilter> {
    let statuses = match filter.standing {
        None => vec![DeliveryStatus::Success, DeliveryStatus::Fail],
        Some(Standing::Success) => vec![DeliveryStatus::Success],
        Some(Standing::Fail) => vec![DeliveryStatus::Fail],
        Some(Standing::Sending) => vec![DeliveryStatus::Sending],
        Some(Standing::Never) => return None,
    };
    Some(DeliveryFilter {
        statuses,
        status_class: filter.status_class,
        event_types: filter.event_types.clone(),
        channel: filter.channel.clone(),
        tag: filter.tag.clone(),
        range: range(replay),
    })
}
