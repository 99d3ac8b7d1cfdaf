//! The platform is told what happens to its customers' endpoints and messages.

pub(crate) mod process;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
};

use posthaste_bus::Bus;
use posthaste_domain::{AppId, EndpointId};
use posthaste_testkit::{Answer, Received, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};

use self::process::ControlProcess;
use crate::{
    bed::{Bed, until},
    client::Client,
    deliver::assert_signed,
};

const OPERATIONAL: &str = "/api/v1/operational-webhook/endpoint";

/// Six attempts, a moment apart.
const SCHEDULE: (&str, &str) = ("POSTHASTE_WORKER_RETRY_WAITS_MS", "20,20,20,20,20");

/// Has the platform told at this URL; returns the secret that signs what it is told.
async fn listen(client: &Client, url: &str) -> String {
    let body = json!({ "url": url });
    let created = client.call(Method::POST, OPERATIONAL, Some(&body)).await.expect(201);
    let path = format!("{OPERATIONAL}/{}/secret", created["id"].as_str().unwrap());
    let secret = client.call(Method::GET, &path, None).await.expect(200);
    secret["key"].as_str().unwrap().to_owned()
}

async fn is_idle(bus: &Bus) -> bool {
    bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
}

/// What was told, in the order of its names: several announcements overtake each other.
fn told(requests: &[Received]) -> Vec<Value> {
    let mut told: Vec<Value> = requests.iter().map(Received::json).collect();
    told.sort_by_key(|one| one["type"].as_str().unwrap().to_owned());
    told
}

fn types(requests: &[Received]) -> Vec<String> {
    told(requests).iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect()
}

fn ids(requests: &[Received]) -> BTreeSet<String> {
    requests.iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect()
}

async fn patch(client: &Client, app: &AppId, endpoint: &EndpointId, body: Value) {
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    client.call(Method::PATCH, &path, Some(&body)).await.expect(200);
}

#[tokio::test]
async fn every_change_of_an_endpoint_is_told_signed_and_once() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let platform = Receiver::start(Script::always(Answer::OK)).await;
    // What happens while nobody listens is nobody's news, later either.
    let silent = client.application("silent").await;
    client.endpoint(&silent, "http://127.0.0.1:9/").await;
    let secret = listen(&client, &platform.url()).await;

    let body = json!({ "name": "acme", "uid": "merchant-7" });
    let app = client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
    let app: AppId = app["id"].as_str().unwrap().parse().unwrap();
    let body = json!({ "url": "http://127.0.0.1:9/", "uid": "main" });
    let endpoint = client.endpoint_with(&app, body).await;
    let data = json!({
        "appId": app, "appUid": "merchant-7", "endpointId": endpoint, "endpointUid": "main",
    });
    let created = platform.next().await;
    assert_signed(&created, &secret);
    assert_eq!(created.json(), json!({ "type": "endpoint.created", "data": data }));

    patch(&client, &app, &endpoint, json!({ "description": "the till" })).await;
    platform.wait_for(2).await;
    patch(&client, &app, &endpoint, json!({ "disabled": true })).await;
    platform.wait_for(4).await;
    patch(&client, &app, &endpoint, json!({ "disabled": false })).await;
    platform.wait_for(6).await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    client.call(Method::DELETE, &path, None).await.expect(204);
    let requests = platform.wait_for(7).await;
    for request in &requests {
        assert_signed(request, &secret);
    }
    assert_eq!(ids(&requests).len(), 7);
    assert_eq!(
        types(&requests),
        [
            "endpoint.created",
            "endpoint.deleted",
            "endpoint.disabled",
            "endpoint.enabled",
            "endpoint.updated",
            "endpoint.updated",
            "endpoint.updated",
        ]
    );
    for one in told(&requests) {
        let mut seen = one["data"].clone();
        let trigger = seen.as_object_mut().unwrap().remove("trigger");
        assert_eq!(seen, data);
        let disabled = one["type"] == "endpoint.disabled";
        assert_eq!(trigger, disabled.then(|| json!("manual")), "{one}");
    }
    let bus = bed.bus().await;
    until("everything was told", || is_idle(&bus)).await;
    assert_eq!(platform.count(), 7, "{:?}", types(&platform.received()));
}

/// Answers 500 so often for each message, by the `fails` of its payload.
#[derive(Default)]
struct Failing(Mutex<HashMap<String, u64>>);

impl Failing {
    fn answer(&self, request: &Received) -> Answer {
        let mut seen = self.0.lock().unwrap();
        let seen = seen.entry(request.header("webhook-id").unwrap().to_owned()).or_default();
        *seen += 1;
        let fails = request.json()["fails"].as_u64().unwrap();
        if *seen <= fails { Answer::Status(503) } else { Answer::OK }
    }
}

async fn send(client: &Client, app: &AppId, event_id: &str, fails: u64) -> String {
    let body = json!({
        "eventType": "order.paid", "eventId": event_id, "payload": { "fails": fails },
    });
    let path = format!("/api/v1/app/{app}/msg");
    let sent = client.call(Method::POST, &path, Some(&body)).await.expect(202);
    sent["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn trouble_with_a_message_is_told_and_its_end_too() {
    let bed = Bed::start(&[SCHEDULE]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let platform = Receiver::start(Script::always(Answer::OK)).await;
    let failing = Failing::default();
    let merchant = Receiver::start(Script::new(move |request| failing.answer(request))).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &merchant.url()).await;
    let secret = listen(&client, &platform.url()).await;

    // Three failures are nobody's news; after four it recovers; after six nothing follows.
    send(&client, &app, "well", 3).await;
    let recovered = send(&client, &app, "late", 4).await;
    let exhausted = send(&client, &app, "never", 99).await;
    let requests = platform.wait_for(4).await;
    for request in &requests {
        assert_signed(request, &secret);
    }
    let news: BTreeSet<(String, String, u64)> = told(&requests)
        .iter()
        .map(|one| {
            let data = &one["data"];
            assert_eq!((&data["appId"], &data["appUid"]), (&json!(app), &json!(null)));
            assert_eq!(data["endpointId"], json!(endpoint));
            let id = data["msgId"].as_str().unwrap();
            let event_id = if id == recovered { "late" } else { "never" };
            assert!(id == recovered || id == exhausted, "{id}");
            assert_eq!(data["msgEventId"], event_id);
            let last = &data["lastAttempt"];
            assert!(last["id"].as_str().unwrap().starts_with("atmpt_"));
            assert!(last["timestamp"].as_str().unwrap().ends_with('Z'));
            let status = last["responseStatusCode"].as_u64().unwrap();
            (one["type"].as_str().unwrap().to_owned(), event_id.to_owned(), status)
        })
        .collect();
    let expected = [
        ("message.attempt.exhausted", "never", 503),
        ("message.attempt.failing", "late", 503),
        ("message.attempt.failing", "never", 503),
        ("message.attempt.recovered", "late", 200),
    ];
    assert_eq!(news, expected.map(|(event, id, status)| (event.into(), id.into(), status)).into());
    let bus = bed.bus().await;
    until("everything was told", || is_idle(&bus)).await;
    assert_eq!(platform.count(), 4, "{:?}", types(&platform.received()));
}

#[tokio::test]
async fn nobody_is_told_of_operational_webhooks_that_fail() {
    let bed = Bed::start(&[SCHEDULE]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let platform = Receiver::start(Script::always(Answer::Status(500))).await;
    listen(&client, &platform.url()).await;
    let app = client.application("acme").await;
    client.endpoint(&app, "http://127.0.0.1:9/").await;

    let requests = platform.wait_for(6).await;
    let bus = bed.bus().await;
    until("it was given up", || async {
        is_idle(&bus).await && bus.queue_stats().await.unwrap().dead_letters == 1
    })
    .await;
    assert_eq!(ids(&requests).len(), 1);
    assert_eq!(types(&platform.received()), ["endpoint.created"; 6]);
}

#[tokio::test]
async fn a_crash_between_a_cause_and_its_announcement_loses_and_repeats_nothing() {
    const ENDPOINTS: usize = 20;
    let bed = Bed::start(&[SCHEDULE]).await;
    let mut control = ControlProcess::start(&bed).await;
    let ingress = bed.ingress().await;
    let _worker = bed.worker().await;
    let client = control.client();
    let platform = Receiver::start(Script::always(Answer::OK)).await;
    let failing = Failing::default();
    let merchant = Receiver::start(Script::new(move |request| failing.answer(request))).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &merchant.url()).await;
    listen(&client, &platform.url()).await;

    // Killed while it tells of them one by one.
    let elsewhere = client.application("elsewhere").await;
    let mut created = BTreeSet::new();
    for n in 0..ENDPOINTS {
        let url = format!("http://127.0.0.1:9/{n}");
        created.insert(client.endpoint(&elsewhere, &url).await.to_string());
    }
    control.kill();
    // What happens while it is gone is told by the next.
    let sender = Client::new(ingress.role.address());
    let exhausted = send(&sender, &app, "never", 99).await;
    merchant.wait_for(6).await;
    let bus = bed.bus().await;
    until("it is given up", || async {
        bus.queue_stats().await.is_ok_and(|stats| stats.dead_letters == 1)
    })
    .await;
    control.restart(&bed).await;

    platform.wait_for(ENDPOINTS + 2).await;
    until("everything was told", || is_idle(&bus)).await;
    let requests = platform.received();
    assert_eq!(requests.len(), ENDPOINTS + 2, "{:?}", types(&requests));
    assert_eq!(ids(&requests).len(), ENDPOINTS + 2);
    let of = |event: &str, field: &str| -> BTreeSet<String> {
        let told = told(&requests).into_iter().filter(|one| one["type"] == event);
        told.map(|one| one["data"][field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("endpoint.created", "endpointId"), created);
    for event in ["message.attempt.failing", "message.attempt.exhausted"] {
        assert_eq!(of(event, "msgId"), BTreeSet::from([exhausted.clone()]), "{event}");
    }
}
