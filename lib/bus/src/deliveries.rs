//! The delivery stream: what is due, and what the broker makes due later.
//!
//! A schedule fires in the server, through restarts, 0 to 0.25 s late and never early. Two of its
//! traps shape this file: a schedule that was due while the store was full stays unfired until
//! somebody publishes it anew ([`Bus::fire_overdue`]), and a fired message carries headers that
//! would purge a schedule if they were published again, so nothing received is ever copied.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    header::{
        NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID, NATS_SCHEDULE, NATS_SCHEDULE_TARGET,
    },
    jetstream::message::StreamMessage,
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use posthaste_domain::{AttemptNo, Delivery, EndpointId, Lane, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{
    Bus, PublishError, ReadError, StoredEvent, read::is_absent, subject, topology::DELIVERIES,
    wire::WireError,
};

/// How many deliveries of one event are published before the first confirmations are awaited.
const FAN_OUT_WINDOW: usize = 256;

/// How late a schedule must be before it counts as stuck. Far above the quarter of a second that
/// the server takes, and above an election.
const OVERDUE: Duration = Duration::from_secs(30);

/// How often what moves while it is looked for is looked for.
const LOOKS: u32 = 3;

/// What becomes due where a whole event does: the event's place in its stream.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FanOut {
    pub(crate) fan_out: u64,
}

impl Bus {
    /// Makes a delivery due now, in `lane`. A repeat within the dedup window changes nothing.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn enqueue(&self, lane: Lane, delivery: &Delivery) -> Result<(), PublishError> {
        let subject = subject::due(lane, delivery);
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, format!("{subject}@{}", delivery.event_seq));
        let body = serde_json::to_vec(delivery).map_err(WireError::from)?;
        self.publish(subject, headers, body.into()).await?;
        Ok(())
    }

    /// Makes many deliveries due now; returns once every one is confirmed.
    ///
    /// # Errors
    /// The first [`PublishError`]; some deliveries may be stored all the same.
    pub async fn enqueue_all(
        &self,
        lane: Lane,
        deliveries: impl IntoIterator<Item = Delivery>,
    ) -> Result<(), PublishError> {
        futures_util::stream::iter(deliveries)
            .map(|delivery| async move { self.enqueue(lane, &delivery).await })
            .buffer_unordered(FAN_OUT_WINDOW)
            .try_collect()
            .await
    }

    /// Has the broker make the next attempt of a delivery due at `due`, in the retry lane.
    ///
    /// An attempt is scheduled once: a repeat within the dedup window, by a worker that was given
    /// the claim of the attempt before for the second time, changes nothing, and so a delivery
    /// never forks.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn schedule(&self, due: Timestamp, delivery: &Delivery) -> Result<(), PublishError> {
        let Delivery { message, endpoint, attempt, event_seq, .. } = delivery;
        let id = format!("later:{message}:{endpoint}:{attempt}@{event_seq}");
        self.schedule_with(due, delivery, Some(id)).await
    }

    /// Has the broker make a delivery due at `due` that was due before and not attempted, under
    /// the same number.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn postpone(&self, due: Timestamp, delivery: &Delivery) -> Result<(), PublishError> {
        self.schedule_with(due, delivery, None).await
    }

    /// Has the broker make a whole event due at `due`, to be fanned out then. A repeat changes
    /// nothing: the event's subject follows its time alone.
    ///
    /// # Errors
    /// [`PublishError`] where the broker does not confirm.
    pub async fn schedule_fan_out(
        &self,
        due: Timestamp,
        message: &MessageId,
        event_seq: u64,
    ) -> Result<(), PublishError> {
        let mut headers = schedule_headers(due, &subject::due_fan_out(message));
        headers.insert(NATS_MESSAGE_ID, format!("later:{message}:all@{event_seq}"));
        let body = serde_json::to_vec(&FanOut { fan_out: event_seq }).map_err(WireError::from)?;
        self.publish(subject::later_fan_out(due, message), headers, body.into()).await?;
        Ok(())
    }

    async fn schedule_with(
        &self,
        due: Timestamp,
        delivery: &Delivery,
        message_id: Option<String>,
    ) -> Result<(), PublishError> {
        let target = subject::due(Lane::Retry, delivery);
        let mut headers = schedule_headers(due, &target);
        if let Some(id) = message_id {
            headers.insert(NATS_MESSAGE_ID, id);
        }
        let body = serde_json::to_vec(delivery).map_err(WireError::from)?;
        self.publish(subject::later(due, delivery), headers, body.into()).await?;
        Ok(())
    }

    /// What is due, will be, or is parked of a message: the endpoints, each with the attempt of the
    /// schedule that waits. Attempts beside the schedule are left out.
    ///
    /// A worker that is given a claim for the second time asks this to learn how far the first
    /// holder came.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn waiting_for(
        &self,
        message: &MessageId,
    ) -> Result<Vec<(EndpointId, AttemptNo)>, ReadError> {
        let subjects = self.delivery_subjects(subject::waiting_for(message)).await?;
        Ok(subjects.iter().filter_map(|subject| subject::parse_waiting(subject)).collect())
    }

    /// What is scheduled of a message: each delivery and when it will be due, the soonest first.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn scheduled(
        &self,
        message: &MessageId,
    ) -> Result<Vec<(Timestamp, Delivery)>, ReadError> {
        let (stored, _) = self.waiting_as(message, |kind, _| kind == "later").await?;
        let mut found = Vec::new();
        for stored in stored {
            if let Some(due) = due_at(&stored.headers) {
                let delivery = serde_json::from_slice(&stored.payload).map_err(WireError::from)?;
                found.push((due, delivery));
            }
        }
        found.sort_by_key(|(due, _)| *due);
        Ok(found)
    }

    /// Every delivery of a message to an endpoint that is due, will be, or is parked; attempts
    /// beside the schedule too. What is under way is among them, unless it is being tried straight
    /// from its event.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn waiting_deliveries(
        &self,
        message: &MessageId,
        endpoint: &EndpointId,
    ) -> Result<Vec<Delivery>, ReadError> {
        for _ in 0..LOOKS {
            let (stored, moved) = self.waiting_as(message, |_, one| one == endpoint).await?;
            // What is not there any more may have become due under another subject.
            if !stored.is_empty() || !moved {
                let read = |stored: &StreamMessage| serde_json::from_slice(&stored.payload);
                let read: Result<_, _> = stored.iter().map(read).collect();
                return Ok(read.map_err(WireError::from)?);
            }
        }
        Ok(Vec::new())
    }

    /// What is stored of a message in the delivery stream, of these kinds and endpoints; and whether
    /// anything was gone between the list of subjects and the look at one.
    async fn waiting_as(
        &self,
        message: &MessageId,
        is_meant: impl Fn(&str, &EndpointId) -> bool,
    ) -> Result<(Vec<StreamMessage>, bool), ReadError> {
        let stream = self.stream(DELIVERIES).await?;
        let (mut found, mut moved) = (Vec::new(), false);
        for subject in self.delivery_subjects(subject::waiting_for(message)).await? {
            let parsed = subject::parse_delivery(&subject);
            if !parsed.is_some_and(|(kind, _, endpoint)| is_meant(kind, &endpoint)) {
                continue;
            }
            match stream.get_last_raw_message_by_subject(&subject).await {
                Ok(stored) => found.push(stored),
                Err(error) if is_absent(&error) => moved = true, // fired, or done with
                Err(error) => return Err(ReadError::unavailable(error)),
            }
        }
        Ok((found, moved))
    }

    /// Whether what became of a claimed delivery is stored already: a later attempt of it waits, or
    /// the same one does, under a message that was stored after `claimed_seq`, the claim's own.
    ///
    /// A worker that is given a claim for the second time asks this. The one before may have
    /// scheduled the next attempt, put the delivery off or parked it, and died before it said so;
    /// then the delivery goes on from there, and would fork if it went on from here too. Of several
    /// messages for one attempt the newest goes on, so one always does.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn is_overtaken(
        &self,
        delivery: &Delivery,
        claimed_seq: u64,
    ) -> Result<bool, ReadError> {
        let subjects = self.delivery_subjects(subject::waiting_for(&delivery.message)).await?;
        let is_later = |subject: &&String| {
            subject::parse_waiting(subject).is_some_and(|(endpoint, attempt)| {
                endpoint == delivery.endpoint && attempt > delivery.attempt
            })
        };
        if !delivery.single && subjects.iter().any(|subject| is_later(&subject)) {
            return Ok(true);
        }
        let stream = self.stream(DELIVERIES).await?;
        let own = subject::end(delivery);
        for subject in subjects.iter().filter(|subject| subject::ends(subject, &own)) {
            match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) if message.sequence > claimed_seq => return Ok(true),
                Ok(_) => {}
                Err(error) if is_absent(&error) => {} // done with meanwhile
                Err(error) => return Err(ReadError::unavailable(error)),
            }
        }
        Ok(false)
    }

    /// Whether what an event became waits as a whole: it is kept back until its time, or it was put
    /// in for one attempt beside the schedule and that has not been made.
    ///
    /// A worker that is given such an event for the second time asks this.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn is_waiting(&self, stored: &StoredEvent) -> Result<bool, ReadError> {
        let end = match &stored.resume {
            Some(resume) => subject::once(&resume.endpoint, stored.seq),
            None => subject::FAN_OUT.to_owned(),
        };
        let subjects = self.delivery_subjects(subject::waiting_for(&stored.event.id)).await?;
        Ok(subjects.iter().any(|subject| subject::ends(subject, &end)))
    }

    /// Fires the schedules that should have fired before `now` and did not, among those due in the
    /// last `reach`; returns how many.
    ///
    /// Each is published anew on condition that it is still the last on its subject, so one that
    /// fires meanwhile is left alone, and several keepers may do this at once.
    ///
    /// # Errors
    /// [`ReadError`] where the broker does not answer.
    pub async fn fire_overdue(&self, now: Timestamp, reach: Duration) -> Result<usize, ReadError> {
        let latest = now - OVERDUE;
        let mut fired = 0;
        for bucket in subject::bucket(now - reach)..=subject::bucket(latest) {
            for subject in self.delivery_subjects(subject::later_bucket(bucket)).await? {
                fired += usize::from(self.fire_if_overdue(&subject, latest).await?);
            }
        }
        Ok(fired)
    }

    async fn fire_if_overdue(&self, subject: &str, latest: Timestamp) -> Result<bool, ReadError> {
        let stream = self.stream(DELIVERIES).await?;
        let message = match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => message,
            Err(error) if is_absent(&error) => return Ok(false), // fired meanwhile
            Err(error) => return Err(ReadError::unavailable(error)),
        };
        let header = |name| message.headers.get(name).map(async_nats::HeaderValue::as_str);
        let (Some(due), Some(target)) = (due_at(&message.headers), header(NATS_SCHEDULE_TARGET))
        else {
            warn!(subject, "a message among the schedules is none");
            return Ok(false);
        };
        if due > latest {
            return Ok(false);
        }
        let mut headers = schedule_headers(due, target);
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, message.sequence.to_string());
        match self.publish(subject.to_owned(), headers, message.payload).await {
            Ok(_) => {
                warn!(subject, %due, "fired a schedule that the broker had left behind");
                Ok(true)
            }
            Err(PublishError::Changed) => Ok(false),
            Err(error) => Err(ReadError::unavailable(error)),
        }
    }

    pub(crate) async fn delivery_subjects(&self, filter: String) -> Result<Vec<String>, ReadError> {
        let stream =
            self.jetstream.get_stream_no_info(DELIVERIES).await.map_err(ReadError::unavailable)?;
        let pages = stream.info_with_subjects(filter).await.map_err(ReadError::unavailable)?;
        pages.map_ok(|(subject, _)| subject).try_collect().await.map_err(ReadError::unavailable)
    }
}

/// When a schedule fires.
fn due_at(headers: &HeaderMap) -> Option<Timestamp> {
    headers.get(NATS_SCHEDULE)?.as_str().strip_prefix("@at ")?.parse().ok()
}

pub(crate) fn schedule_headers(due: Timestamp, target: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_SCHEDULE, format!("@at {due}"));
    headers.insert(NATS_SCHEDULE_TARGET, target);
    headers
}
