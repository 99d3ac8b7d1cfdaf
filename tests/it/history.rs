//! What happened is in history: all of it, once, whoever is killed meanwhile; and nothing on a
//! delivery's way waits for that.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    time::Duration,
};

use bytes::Bytes;
use posthaste_bus::{BatchBounds, Bus, Tail};
use posthaste_domain::{AppId, Attempt, EndpointId};
use posthaste_history::{
    AttemptFilter, Batch, Content, Cursor, DeliveryStatus, History, MessageFilter, MessageRow,
    Order, Page, PageOf, RecordedEvent, TimeRange,
};
use posthaste_ingress::Ingress;
use posthaste_testkit::{Answer, Postgres, Receiver, Role, Script, free_port, spawn_role};
use posthaste_worker::Worker;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    bed::{Bed, Running, token, until},
    client::{Client, http},
};

/// Messages under way while somebody is killed.
const MESSAGES: usize = 20_000;
/// What is delivered while nobody records, each time.
const MEANWHILE: usize = 2_000;
/// Senders at work at once.
const SENDERS: usize = 32;
/// How long all of them may take.
const ALL: Duration = Duration::from_secs(180);

/// A merchant whose messages are sent and delivered.
struct Stage {
    ingress: Running<Ingress>,
    _worker: Running<Worker>,
    receiver: Receiver,
    app: AppId,
    endpoint: EndpointId,
    bus: Bus,
}

impl Stage {
    /// Starts what delivers, and makes the merchant at a control that runs already.
    async fn start(bed: &Bed, control: &Client) -> Self {
        let (ingress, worker) = (bed.ingress().await, bed.worker().await);
        let receiver = Receiver::counting("webhook-id").await;
        let app = control.application("acme").await;
        let endpoint = control.endpoint(&app, &receiver.url()).await;
        Self { ingress, _worker: worker, receiver, app, endpoint, bus: bed.bus().await }
    }

    /// Sends messages of these numbers; returns their ids once all are accepted.
    async fn send(&self, numbers: Range<usize>) -> BTreeSet<String> {
        let url = format!("http://{}/api/v1/app/{}/msg", self.ingress.role.address(), self.app);
        let (http, token) = (http(), token());
        let mut numbers = numbers;
        let mut sending = JoinSet::new();
        let mut accepted = BTreeSet::new();
        loop {
            while sending.len() < SENDERS
                && let Some(number) = numbers.next()
            {
                let body = json!({ "eventType": "drill.ran", "payload": { "number": number } });
                let request = http.post(&url).bearer_auth(&token).body(body.to_string());
                sending.spawn(async move {
                    let answer = request.send().await.unwrap();
                    assert_eq!(answer.status(), 202);
                    let answer: Value =
                        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
                    answer["id"].as_str().unwrap().to_owned()
                });
            }
            match sending.join_next().await {
                Some(id) => accepted.insert(id.unwrap()),
                None => return accepted,
            };
        }
    }

    /// Waits until everything that was accepted is delivered and recorded, and checks that history
    /// has each message and each attempt, and none twice.
    async fn assert_complete(&self, history: &History, accepted: &BTreeSet<String>) {
        self.receiver.wait_distinct(accepted.len(), ALL).await;
        until("nothing waits to be delivered", || async {
            self.bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
        })
        .await;
        until("everything is recorded", || async {
            let progress = self.bus.feed_progress().await;
            progress.is_ok_and(|all| all.iter().all(|feed| feed.pending() == 0))
        })
        .await;
        assert_eq!(self.receiver.duplicates(), 0, "nobody who delivers was disturbed");

        let messages = self.messages(history).await;
        let ids: BTreeSet<_> = messages.iter().map(|message| message.id.to_string()).collect();
        assert_eq!(ids.len(), messages.len(), "a message is listed twice");
        assert!(ids == *accepted, "{} messages for {} accepted", ids.len(), accepted.len());
        let attempts = self.attempts(history).await;
        let distinct: BTreeSet<_> = attempts.iter().map(|attempt| &attempt.id).collect();
        assert_eq!(distinct.len(), attempts.len(), "an attempt is listed twice");
        let of: BTreeSet<_> = attempts.iter().map(|attempt| attempt.message.to_string()).collect();
        assert!(of == *accepted, "attempts at {} of {} messages", of.len(), accepted.len());
        assert_eq!(attempts.len(), accepted.len());

        let usage =
            history.application_usage(std::slice::from_ref(&self.app), TimeRange::default()).await;
        let [usage] = &usage.unwrap()[..] else { panic!("one application was used") };
        let counted = (usage.messages, usage.attempts);
        assert_eq!(counted, (accepted.len() as u64, accepted.len() as u64));
    }

    async fn messages(&self, history: &History) -> Vec<MessageRow> {
        let filter = MessageFilter::default();
        let ask = async |page: Page| history.messages(&self.app, &filter, &page, false).await;
        all(async |page| ask(page).await.unwrap(), |row: &MessageRow| row.id.to_string()).await
    }

    async fn attempts(&self, history: &History) -> Vec<Attempt> {
        let filter = AttemptFilter::default();
        let ask = async |page: Page| {
            let (app, endpoint) = (&self.app, &self.endpoint);
            history.attempts_of_endpoint(app, endpoint, &filter, &page, false).await
        };
        all(async |page| ask(page).await.unwrap(), |row: &Attempt| row.id.to_string()).await
    }
}

/// Every item of a list.
async fn all<T>(ask: impl AsyncFn(Page) -> PageOf<T>, id: impl Fn(&T) -> String) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    loop {
        let cursor = found.last().map_or(Cursor::Start, |last| Cursor::After(id(last)));
        let page = ask(Page { limit: 250, order: Order::Ascending, cursor }).await;
        found.extend(page.items);
        if page.done {
            return found;
        }
    }
}

/// Control as a process of its own.
struct ControlProcess {
    environment: Vec<(String, String)>,
    admin: String,
    role: Role,
}

impl ControlProcess {
    /// Starts it; returns it and where its API is.
    async fn start(bed: &Bed) -> (Self, Client) {
        let [address, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let mut environment: BTreeMap<_, _> = bed.environment().into_iter().collect();
        environment.insert("POSTHASTE_CONTROL_LISTEN".into(), address.clone());
        environment.insert("POSTHASTE_ADMIN_LISTEN".into(), admin.clone());
        let environment: Vec<_> = environment.into_iter().collect();
        let role = spawn_role("posthaste-control", environment.clone());
        let mut process = Self { environment, admin, role };
        process.role.wait_ready(&format!("http://{}", process.admin)).await;
        (process, Client::new(address.parse().unwrap()))
    }

    /// Starts it again.
    async fn restart(&mut self) {
        self.role = spawn_role("posthaste-control", self.environment.clone());
        self.role.wait_ready(&format!("http://{}", self.admin)).await;
    }
}

async fn open(bed: &Bed) -> History {
    let environment: BTreeMap<_, _> = bed.environment().into_iter().collect();
    posthaste_history::open(&environment["POSTHASTE_HISTORY_URL"]).await.unwrap()
}

/// What a metric of this process says, all its labels together.
fn metric<R>(running: &Running<R>, name: &str) -> f64 {
    let families = running.kit.registry.gather();
    let family = families.iter().find(|family| family.name() == name).unwrap();
    let value = |metric: &prometheus::proto::Metric| {
        metric.get_counter().get_value() + metric.get_gauge().get_value()
    };
    family.get_metric().iter().map(value).sum()
}

#[tokio::test]
async fn a_message_and_its_attempts_are_in_history() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "100")]).await;
    let control = bed.control().await;
    let (ingress, _worker) = (bed.ingress().await, bed.worker().await);
    let client = Client::new(control.role.address());
    // A body that databases have reason to dislike.
    let odd = "no \u{0} \u{1F9E8} \u{FFFF}";
    let refusal = Answer::StatusWith { status: 500, headers: Vec::new(), body: odd.into() };
    let receiver = Receiver::start(Script::sequence(vec![refusal], Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let sender = Client::new(ingress.role.address());
    let message = sender.message(&app, json!({ "n": [1, "\u{0}"] })).await;
    receiver.wait_for(2).await;

    let history = open(&bed).await;
    let id = message.parse().unwrap();
    until("both attempts are recorded", || async {
        let found = history.delivery(&app, &id, &endpoint).await.unwrap();
        found.is_some_and(|found| found.status == DeliveryStatus::Success)
    })
    .await;
    let found = history.message(&app, &message, true).await.unwrap().unwrap();
    assert_eq!(found.event_type.as_str(), "chargeback.created");
    assert_eq!(found.content, Content::Kept(Bytes::from_static(br#"{"n":[1,"\u0000"]}"#)));
    let page = Page { limit: 10, order: Order::Ascending, cursor: Cursor::Start };
    let filter = AttemptFilter::default();
    let attempts = history.attempts_of_message(&app, &id, &filter, &page, true).await.unwrap();
    let [first, second] = &attempts.items[..] else { panic!("{attempts:?}") };
    assert_eq!((first.status, first.is_success()), (Some(500), false));
    assert_eq!(first.response, odd);
    assert_eq!((second.status, second.is_success()), (Some(200), true));
}

/// An example is put in for one endpoint alone, and is a message like any other.
#[tokio::test]
async fn an_example_is_in_history_at_once() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, "http://127.0.0.1:1/").await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/send-example");
    let ping = json!({ "eventType": "svix.ping" });
    let sent = client.call(Method::POST, &path, Some(&ping)).await.expect(200);
    let path = format!("/api/v1/app/{app}/msg/{}", sent["id"].as_str().unwrap());
    assert_eq!(client.call(Method::GET, &path, None).await.expect(200), sent);
}

#[tokio::test]
async fn a_batch_that_is_read_again_changes_nothing() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let stage = Stage::start(&bed, &client).await;
    control.stop(Duration::from_secs(10)).await;
    let accepted = stage.send(0..200).await;
    stage.receiver.wait_distinct(200, ALL).await;
    until("every attempt is stored", || async {
        stage.bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
    })
    .await;

    // What a recorder does that dies before it can acknowledge, twice.
    let history = open(&bed).await;
    let bounds = BatchBounds { rows: 400, bytes: 8 << 20, linger: Duration::from_secs(2) };
    for _ in 0..2 {
        let mut tail = Tail::open(&stage.bus).await.unwrap();
        let read = tail.next_batch(&bounds, &CancellationToken::new()).await.unwrap();
        assert_eq!((read.events.len(), read.attempts.len()), (200, 200));
        let recorded = |stored: posthaste_bus::StoredEvent| RecordedEvent {
            event: stored.event,
            payload: stored.payload,
        };
        let events = read.events.into_iter().map(recorded).collect();
        let (attempts, dead_letters) = (read.attempts, read.dead_letters);
        history.record(&Batch { events, attempts, dead_letters }).await.unwrap();
        read.receipts.hand_back().await;
        tail.close().await;
    }
    let _control = bed.control().await;
    stage.assert_complete(&history, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_that_is_killed_leaves_history_complete() {
    let bed = Bed::start(&[]).await;
    let (mut control, client) = ControlProcess::start(&bed).await;
    let stage = Stage::start(&bed, &client).await;
    let killing = async {
        for share in [MESSAGES / 4, MESSAGES / 2] {
            stage.receiver.wait_distinct(share, ALL).await;
            control.role.kill();
            // Deliveries go on without it.
            stage.receiver.wait_distinct(share + MEANWHILE, ALL).await;
            control.restart().await;
        }
    };
    let (accepted, ()) = tokio::join!(stage.send(0..MESSAGES), killing);
    assert_eq!(accepted.len(), MESSAGES);
    stage.assert_complete(&open(&bed).await, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_killed_leaves_history_complete() {
    let mut postgres = Postgres::start().await;
    let url = postgres.fresh_database().await;
    let bed = Bed::start(&[("POSTHASTE_HISTORY_URL", &url)]).await;
    let control = bed.control().await;
    let stage = Stage::start(&bed, &Client::new(control.role.address())).await;
    let killing = async {
        for share in [MESSAGES / 4, MESSAGES / 2] {
            stage.receiver.wait_distinct(share, ALL).await;
            postgres.kill();
            until("somebody notices", async || metric(&control, "posthaste_history_up") == 0.0)
                .await;
            stage.receiver.wait_distinct(share + MEANWHILE, ALL).await;
            postgres.restart().await;
            until("history is recorded again", async || {
                metric(&control, "posthaste_history_up") == 1.0
            })
            .await;
        }
    };
    let (accepted, ()) = tokio::join!(stage.send(0..MESSAGES), killing);
    assert_eq!(accepted.len(), MESSAGES);
    stage.assert_complete(&open(&bed).await, &accepted).await;
    assert!(!control.kit.stop.intake.is_cancelled(), "control stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_share_the_recording() {
    let postgres = Postgres::start().await;
    let url = postgres.fresh_database().await;
    let bed = Bed::start(&[("POSTHASTE_HISTORY_URL", &url)]).await;
    let replicas = [bed.control().await, bed.control().await];
    let stage = Stage::start(&bed, &Client::new(replicas[0].role.address())).await;
    let accepted = stage.send(0..2_000).await;
    let history = open(&bed).await;
    stage.assert_complete(&history, &accepted).await;
    let rows =
        replicas.each_ref().map(|replica| metric(replica, "posthaste_history_rows_recorded_total"));
    assert!(rows.iter().all(|rows| *rows > 0.0), "one of them recorded nothing: {rows:?}");
    assert_eq!(rows.iter().sum::<f64>(), 4_000.0, "something was recorded twice");
}
