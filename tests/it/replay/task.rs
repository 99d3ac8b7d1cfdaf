//! What goes on after the answer, whichever replica does it.

use std::time::{Duration, Instant};

use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use super::{ended, is_idle, send_many, start, task};
use crate::{
    bed::{self, Bed, until},
    client::Client,
    operational::process::ControlProcess,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_control_lets_go_of_its_tasks_at_once() {
    const MESSAGES: usize = 2_000;
    let bed = Bed::start(&[]).await;
    let mut control = ControlProcess::start(&bed).await;
    let ingress = bed.ingress().await;
    let _worker = bed.worker().await;
    let client = control.client();
    let receiver = Receiver::counting("webhook-id").await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    send_many(&Client::new(ingress.role.address()), &app, MESSAGES).await;
    receiver.wait_distinct(MESSAGES, Duration::from_secs(60)).await;

    let id = start(&client, &app, &endpoint, "bulk-replay").await;
    until("it is under way", || async { receiver.duplicates() > 0 }).await;
    control.stop().await;
    control.restart(&bed).await;
    let stored = task(&client, &id).await;
    assert_eq!(stored["status"], "running", "it was stopped in the middle");
    let began = Instant::now();
    let ended = ended(&client, &id).await;
    // A lease that was not let go of would have kept the next replica off it for 15 s.
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    assert_eq!(ended["data"], json!({ "messagesSent": MESSAGES }));
    let bus = bed.bus().await;
    until("everything was sent", || is_idle(&bus)).await;
    assert!(receiver.counts().values().all(|times| *times == 2), "each came twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_sent_again_by_filter_and_usage_is_counted() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "10")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Status(500))).await;
    let app = client.application("acme").await;
    let other = client.application("other").await;
    client.endpoint(&app, &receiver.url()).await;
    client.endpoint(&other, &receiver.url()).await;
    let began = bed::now();
    let letter = client.message(&app, json!({ "n": 1 })).await;
    client.message(&other, json!({ "n": 2 })).await;
    let bus = bed.bus().await;
    until("both were given up", || async {
        is_idle(&bus).await && bus.queue_stats().await.unwrap().dead_letters == 2
    })
    .await;

    receiver.set_script(Script::always(Answer::OK));
    let body = json!({ "appId": app });
    let path = "/api/v1/dead-letter/redrive";
    let started = client.call(Method::POST, path, Some(&body)).await.expect(202);
    assert_eq!(started["task"], "endpoint.recover");
    let redriven = ended(&client, started["id"].as_str().unwrap()).await;
    assert_eq!(redriven["data"], json!({ "deadLettersRedriven": 1 }));
    let requests = receiver.wait_for(5).await;
    assert_eq!(requests[4].header("webhook-id"), Some(&*letter));
    until("it was taken", || is_idle(&bus)).await;
    assert_eq!(bus.queue_stats().await.unwrap().dead_letters, 1, "the other waits");

    let body = json!({ "since": began, "until": bed::now() });
    let path = "/api/v1/stats/usage/app";
    let started = client.call(Method::POST, path, Some(&body)).await.expect(202);
    let usage = ended(&client, started["id"].as_str().unwrap()).await;
    let of = |app, attempts| json!({ "appId": app, "appUid": null, "messageDestinations": attempts, "messages": 1 });
    let mut expected = [(app.clone(), of(&app, 3)), (other.clone(), of(&other, 2))];
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(usage["data"], json!({ "appStats": expected.map(|(_, stats)| stats) }));

    let started = client.call(Method::PUT, "/api/v1/stats/usage/event-types", None).await;
    let listed = ended(&client, started.expect(202)["id"].as_str().unwrap()).await;
    let wanted = listed["data"]["event_types"].as_array().unwrap();
    assert_eq!(wanted.len(), 2);
    assert!(wanted.iter().all(|one| one["hasCatchAllEndpoint"] == true));
    assert!(wanted.iter().all(|one| one["explicitlySubscribedEventTypes"] == json!([])));
}

#[tokio::test]
async fn a_task_whose_endpoint_goes_away_fails_and_says_why() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    send_many(&client, &app, 500).await;
    receiver.wait_for(500).await;

    let id = start(&client, &app, &endpoint, "bulk-replay").await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    client.call(Method::DELETE, &path, None).await.expect(204);
    let failed = ended(&client, &id).await;
    assert_eq!(
        (&failed["status"], &failed["data"]["error"]),
        (&json!("failed"), &json!("The endpoint was deleted."),)
    );
    let path = "/api/v1/background-task?status=failed";
    let listed = client.call(Method::GET, path, None).await.expect(200);
    assert_eq!(listed["data"], json!([failed]));
}

#[tokio::test]
async fn the_platform_is_told_that_a_task_ended() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let platform = Receiver::start(Script::always(Answer::OK)).await;
    let body = json!({ "url": platform.url(), "eventTypes": ["background_task.finished"] });
    let path = "/api/v1/operational-webhook/endpoint";
    client.call(Method::POST, path, Some(&body)).await.expect(201);
    let started = client.call(Method::PUT, "/api/v1/stats/usage/event-types", None).await;
    let id = started.expect(202)["id"].clone();
    let told = platform.next().await.json();
    assert_eq!(
        told,
        json!({ "type": "background_task.finished", "data": {
            "taskId": id, "task": "event-type.aggregate", "status": "finished",
            "data": { "event_types": [] },
        }})
    );
    let bus = bed.bus().await;
    until("everything was told", || is_idle(&bus)).await;
    assert_eq!(platform.count(), 1);
}
