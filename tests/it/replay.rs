//! Many messages are sent again, by a task that goes on after the answer.

mod task;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use posthaste_bus::Bus;
use posthaste_domain::{AppId, EndpointId};
use posthaste_testkit::{Answer, Received, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    bed::{self, Bed, until},
    client::Client,
    operational::process::ControlProcess,
};

/// Senders at work at once.
const SENDERS: usize = 16;
/// A task that lost its replica is resumed by another after a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// A receiver that is down, and then is not; it counts what it takes.
#[derive(Default)]
struct Outage {
    is_over: AtomicBool,
    taken: Mutex<HashMap<String, u32>>,
}

impl Outage {
    fn answer(&self, request: &Received) -> Answer {
        if !self.is_over.load(Ordering::SeqCst) {
            return Answer::Status(500);
        }
        let id = request.header("webhook-id").unwrap().to_owned();
        *self.taken.lock().unwrap().entry(id).or_default() += 1;
        Answer::OK
    }

    fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

async fn is_idle(bus: &Bus) -> bool {
    bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
}

async fn send_many(client: &Client, app: &AppId, count: usize) {
    let mut sending = JoinSet::new();
    for n in 0..count {
        if sending.len() == SENDERS {
            sending.join_next().await.unwrap().unwrap();
        }
        let (client, app) = (client.clone(), app.clone());
        sending.spawn(async move { client.message(&app, json!({ "n": n })).await });
    }
    sending.join_all().await;
}

async fn start(client: &Client, app: &AppId, endpoint: &EndpointId, what: &str) -> String {
    let body = json!({ "since": (bed::now() - Duration::from_secs(3_600)).to_string() });
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/{what}");
    let started = client.call(Method::POST, &path, Some(&body)).await.expect(202);
    assert_eq!(started["status"], "running");
    started["id"].as_str().unwrap().to_owned()
}

async fn task(client: &Client, id: &str) -> Value {
    let path = format!("/api/v1/background-task/{id}");
    client.call(Method::GET, &path, None).await.expect(200)
}

async fn ended(client: &Client, id: &str) -> Value {
    until("the task ends", || async { task(client, id).await["status"] != "running" }).await;
    task(client, id).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_outage_left_is_sent_again_once_though_control_is_killed() {
    const MESSAGES: usize = 500;
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "10")]).await;
    let mut control = ControlProcess::start(&bed).await;
    let ingress = bed.ingress().await;
    let _worker = bed.worker().await;
    let client = control.client();
    let outage = Arc::new(Outage::default());
    let answers = Arc::clone(&outage);
    let receiver = Receiver::start(Script::new(move |request| answers.answer(request))).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    send_many(&Client::new(ingress.role.address()), &app, MESSAGES).await;
    let bus = bed.bus().await;
    until("everything was given up", || async {
        let stats = bus.queue_stats().await.unwrap();
        stats.dead_letters == MESSAGES as u64 && stats.is_idle()
    })
    .await;

    outage.is_over.store(true, Ordering::SeqCst);
    let id = start(&client, &app, &endpoint, "recover").await;
    until("it is under way", || async { outage.taken() > 0 }).await;
    control.kill();
    assert!(outage.taken() < MESSAGES, "it was killed in the middle");
    control.restart(&bed).await;
    until("everything was sent again", || async { outage.taken() == MESSAGES }).await;
    let ended = ended(&client, &id).await;
    assert_eq!(
        (&ended["status"], &ended["data"]),
        (&json!("finished"), &json!({ "messagesSent": MESSAGES }))
    );
    until("nothing is left", || is_idle(&bus)).await;
    let taken = outage.taken.lock().unwrap().clone();
    let repeated: Vec<_> = taken.iter().filter(|(_, times)| **times > 1).collect();
    assert!(repeated.is_empty(), "{repeated:?}");

    // The last attempts of all are those of the task.
    let path =
        format!("/api/v1/app/{app}/attempt/endpoint/{endpoint}?limit=250&with_content=false");
    let attempts = client.call(Method::GET, &path, None).await.expect(200);
    let attempts = attempts["data"].as_array().unwrap();
    assert_eq!(attempts.len(), 250);
    assert!(attempts.iter().all(|one| one["triggerType"] == 1 && one["status"] == 0));

    // What was taken is not recovered again.
    let id = start(&client, &app, &endpoint, "recover").await;
    let ended = self::ended(&client, &id).await;
    assert_eq!(ended["data"], json!({ "messagesSent": 0 }));
    assert_eq!(outage.taken(), MESSAGES);
    control.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_came_late_is_sent_what_it_missed_and_wants() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let early = Receiver::start(Script::always(Answer::OK)).await;
    let late = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &early.url()).await;
    for name in ["chargeback.created", "chargeback.won"] {
        let body = json!({ "name": name, "description": name });
        client.call(Method::POST, "/api/v1/event-type", Some(&body)).await.expect(201);
    }
    let missed = client.message(&app, json!({ "n": 1 })).await;
    let body = json!({ "eventType": "chargeback.won", "payload": {} });
    let path = format!("/api/v1/app/{app}/msg");
    client.call(Method::POST, &path, Some(&body)).await.expect(202);
    early.wait_for(2).await;
    let bus = bed.bus().await;
    until("both were taken", || is_idle(&bus)).await;

    let wants = json!({ "url": late.url(), "eventTypes": ["chargeback.created"] });
    let endpoint = client.endpoint_with(&app, wants).await;
    let id = start(&client, &app, &endpoint, "replay-missing").await;
    let sent = late.next().await;
    assert_eq!(sent.header("webhook-id"), Some(&*missed));
    assert_eq!(ended(&client, &id).await["data"], json!({ "messagesSent": 1 }));
    // What was sent is missing no more.
    let id = start(&client, &app, &endpoint, "replay-missing").await;
    assert_eq!(ended(&client, &id).await["data"], json!({ "messagesSent": 0 }));
    // A replay of everything sends it again.
    let id = start(&client, &app, &endpoint, "bulk-replay").await;
    assert_eq!(ended(&client, &id).await["data"], json!({ "messagesSent": 1 }));
    assert_eq!(late.wait_for(2).await[1].header("webhook-id"), Some(&*missed));
    assert_eq!((early.count(), late.count()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_removed_is_skipped_and_counted() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "10")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let outage = Arc::new(Outage::default());
    let answers = Arc::clone(&outage);
    let receiver = Receiver::start(Script::new(move |request| answers.answer(request))).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let first = client.message(&app, json!({ "n": 1 })).await;
    let second = client.message(&app, json!({ "n": 2 })).await;
    let bus = bed.bus().await;
    until("both were given up", || async {
        bus.queue_stats().await.is_ok_and(|stats| stats.dead_letters == 2 && stats.is_idle())
    })
    .await;

    let body = json!({ "ids": [first, "nobody"] });
    let path = format!("/api/v1/app/{app}/msg/bulk-expunge");
    let answer = client.call(Method::POST, &path, Some(&body)).await.expect(200);
    assert_eq!(answer["results"], json!({ (first.clone()): "expunged", "nobody": "not-found" }));
    outage.is_over.store(true, Ordering::SeqCst);
    let id = start(&client, &app, &endpoint, "recover").await;
    let ended = ended(&client, &id).await;
    assert_eq!(ended["data"], json!({ "messagesExpired": 1, "messagesSent": 1 }));
    until("the other arrives", || async { outage.taken() == 1 }).await;
    assert!(outage.taken.lock().unwrap().contains_key(&second));

    let path = format!("/api/v1/app/{app}/msg/expunge-all-contents");
    let started = client.call(Method::POST, &path, None).await.expect(202);
    let ended = self::ended(&client, started["id"].as_str().unwrap()).await;
    assert_eq!(
        (&ended["status"], &ended["task"]),
        (&json!("finished"), &json!("application.purge_content"))
    );
    let path = format!("/api/v1/app/{app}/msg/{second}");
    let message = client.call(Method::GET, &path, None).await.expect(200);
    assert_eq!(message["payload"], json!({ "expired": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_thousands_does_not_delay_a_new_message() {
    const MESSAGES: usize = 3_000;
    let bed = Bed::start(&[("POSTHASTE_WORKER_SLOTS_BULK", "4")]).await;
    let control = bed.control().await;
    let ingress = bed.ingress().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let slow = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &slow.url()).await;
    send_many(&Client::new(ingress.role.address()), &app, MESSAGES).await;
    slow.wait_for_within(MESSAGES, PATIENCE).await;

    // Four at a time, a second each: the replay would take a quarter of an hour.
    slow.set_script(Script::always(Answer::OK.after(Duration::from_secs(1))));
    let id = start(&client, &app, &endpoint, "bulk-replay").await;
    let bus = bed.bus().await;
    until("a thousand wait", || async {
        let stats = bus.queue_stats().await.unwrap();
        stats.sources.iter().any(|source| source.source.as_str() == "bulk" && source.ready > 1_000)
    })
    .await;
    let quick = Receiver::start(Script::always(Answer::OK)).await;
    let other = client.application("other").await;
    client.endpoint(&other, &quick.url()).await;
    let began = std::time::Instant::now();
    let fresh = client.message(&other, json!({})).await;
    assert_eq!(quick.next().await.header("webhook-id"), Some(&*fresh));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let stats = bus.queue_stats().await.unwrap();
    let bulk = stats.sources.iter().find(|source| source.source.as_str() == "bulk").unwrap();
    assert!(bulk.ready > 500, "the replay still waits: {}", bulk.ready);
    let ended = ended(&client, &id).await;
    assert_eq!(ended["data"], json!({ "messagesSent": MESSAGES }));
}
