//! What happened, for questions to be asked about it.

use std::time::Duration;

use bytes::Bytes;
use posthaste_bus::{BatchBounds, StoredEvent, Tail};
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptNo, DeadLetter, DeathReason, Delivery, EndpointId, Event,
    FailureKind, MessageId, Timestamp, Trigger,
};
use posthaste_history::{Batch, RecordedEvent};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::bed::{Bed, Caller, ORG, column, now, text};

pub(crate) const PAYLOAD: &str = r#"{ "n": 1 }"#;

/// An application with endpoints, and a past.
pub(crate) struct Past {
    pub(crate) bed: Bed,
    pub(crate) app: AppId,
    /// The endpoints `hook` and `other`.
    pub(crate) hook: EndpointId,
    pub(crate) other: EndpointId,
    /// The moment from which the past is counted, an hour ago.
    pub(crate) begun: Timestamp,
}

impl Past {
    /// The application `shop` of the platform, and nothing that happened.
    pub(crate) async fn begin() -> Self {
        let bed = Bed::start().await;
        let platform = bed.platform();
        let app = platform.application("shop").await.parse().unwrap();
        let mut made = Vec::new();
        for uid in ["hook", "other"] {
            let body = json!({"url": format!("http://{uid}.example/"), "uid": uid});
            let created = platform.post("/app/shop/endpoint", body, 201).await;
            made.push(text(&created["id"]).parse().unwrap());
        }
        let (hook, other) = (made.remove(0), made.remove(0));
        let begun = now() - Duration::from_secs(3_600);
        Self { bed, app, hook, other, begun }
    }

    /// So many seconds after it began.
    pub(crate) fn at(&self, second: u64) -> Timestamp {
        self.begun + Duration::from_secs(second)
    }

    /// A message accepted at this second, as it would be recorded.
    pub(crate) fn event(&self, second: u64, event_type: &str) -> Event {
        let accepted_at = self.at(second);
        Event {
            occurrence: posthaste_domain::Occurrence::default(),
            id: MessageId::generate(accepted_at, &mut rand::rng()),
            org: ORG.parse().unwrap(),
            app: self.app.clone(),
            event_type: event_type.parse().unwrap(),
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            idempotency_key: None,
            retention_hours: Event::RETENTION_HOURS,
            deliver_at: None,
            content_type: None,
            accepted_at,
        }
    }

    /// An attempt at a message, taken by the endpoint.
    pub(crate) fn taken(&self, event: &Event, endpoint: &EndpointId, second: u64) -> Attempt {
        let started_at = self.at(second);
        Attempt {
            profile: None,
            warning: None,
            id: AttemptId::generate(started_at, &mut rand::rng()),
            org: event.org.clone(),
            app: event.app.clone(),
            message: event.id.clone(),
            event_type: event.event_type.clone(),
            channels: event.channels.clone(),
            tags: event.tags.clone(),
            endpoint: endpoint.clone(),
            url: "http://hook.example/".to_owned(),
            number: AttemptNo::FIRST,
            trigger: Trigger::Scheduled,
            lane: None,
            started_at,
            duration_ms: 12,
            status: Some(200),
            failure: None,
            refusal: None,
            response: "thanks".to_owned(),
            next_attempt: None,
        }
    }

    /// An attempt that failed with this status, or with no answer at all; another is due where
    /// `again` says so.
    pub(crate) fn failed(
        &self,
        event: &Event,
        endpoint: &EndpointId,
        second: u64,
        status: Option<u16>,
        again: bool,
    ) -> Attempt {
        let kind = if status.is_some() { FailureKind::Status } else { FailureKind::Timeout };
        let response = status.map(|_| "no".to_owned()).unwrap_or_default();
        Attempt {
            status,
            failure: Some(kind),
            response,
            next_attempt: again.then(|| self.at(second + 5)),
            ..self.taken(event, endpoint, second)
        }
    }

    /// A message that nobody took after these attempts.
    pub(crate) fn letter(&self, event: &Event, attempts: &[Attempt], second: u64) -> DeadLetter {
        let endpoint = attempts.first().map_or(&self.hook, |attempt| &attempt.endpoint);
        let first = Delivery::first(event.id.clone(), event.app.clone(), endpoint.clone(), 1);
        let delivery =
            attempts.iter().fold(first, |delivery, attempt| delivery.after(attempt.summary()));
        DeadLetter {
            event: Some(event.clone()),
            delivery,
            reason: DeathReason::Exhausted,
            url: Some("http://hook.example/".to_owned()),
            died_at: self.at(second),
        }
    }

    /// Records messages and attempts.
    pub(crate) async fn record(&self, events: &[Event], attempts: &[Attempt]) {
        let payload = Bytes::from_static(PAYLOAD.as_bytes());
        let events = events
            .iter()
            .map(|event| RecordedEvent { event: event.clone(), payload: payload.clone() })
            .collect();
        let batch = Batch { events, attempts: attempts.to_vec(), dead_letters: Vec::new() };
        self.bed.history.record(&batch).await.unwrap();
    }

    /// Buries letters, and records them as the recorder would.
    pub(crate) async fn bury(&self, letters: &[DeadLetter]) {
        for letter in letters {
            let payload = Bytes::from_static(PAYLOAD.as_bytes());
            self.bed.bus.bury(letter, payload).await.unwrap();
        }
        self.catch_up(letters.len()).await;
    }

    /// Records what waits in the streams, `rows` of it.
    pub(crate) async fn catch_up(&self, rows: usize) {
        let mut tail = Tail::open(&self.bed.bus).await.unwrap();
        let bounds = BatchBounds { rows, bytes: 1 << 20, linger: Duration::from_millis(10) };
        let mut left = rows;
        while left > 0 {
            let read = tail.next_batch(&bounds, &CancellationToken::new()).await.unwrap();
            let (accepted, attempts, dead_letters) =
                (read.events, read.attempts, read.dead_letters);
            let events = accepted
                .into_iter()
                .map(|stored| RecordedEvent { event: stored.event, payload: stored.payload })
                .collect();
            let batch = Batch { events, attempts, dead_letters };
            self.bed.history.record(&batch).await.unwrap();
            read.receipts.acknowledge().await;
            left = left.saturating_sub(batch.len());
        }
        tail.close().await;
    }

    /// Everything that waits in the stream of events: what was put in again or anew.
    pub(crate) async fn sent(&self) -> Vec<StoredEvent> {
        let mut found = Vec::new();
        while let Some(stored) = self.bed.bus.event_at(found.len() as u64 + 1).await.unwrap() {
            found.push(stored);
        }
        found
    }
}

/// The ids of a page's items.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    column(page, "id")
}

/// Walks a list of which `newest` is the first page's query, forwards and back; returns what a
/// single page of everything would show.
pub(crate) async fn walk(caller: &Caller, path: &str, limit: usize) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let all = ids(&caller.get(path, 200).await);
    let mut forward = Vec::new();
    let mut query = String::new();
    let last = loop {
        let page = caller.get(&format!("{path}{separator}limit={limit}{query}"), 200).await;
        forward.extend(ids(&page));
        if page["done"].as_bool().unwrap() {
            break page;
        }
        assert_eq!(ids(&page).len(), limit, "{path}");
        query = format!("&iterator={}", text(&page["iterator"]));
    };
    assert_eq!(forward, all, "{path}");
    let mut back = ids(&last);
    let mut page = last;
    while let Some(previous) = page["prevIterator"].as_str() {
        let path = format!("{path}{separator}limit={limit}&iterator={previous}");
        page = caller.get(&path, 200).await;
        back.splice(0..0, ids(&page));
        if page["done"].as_bool().unwrap() {
            break;
        }
    }
    assert_eq!(back, all, "{path}");
    all
}
