//! What a late registration missed is sent again by its profile's rules, as if it had been there.

use std::time::Duration;

use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Platform, payment};
use crate::bed::{self, until};

/// Has an endpoint sent what it missed; returns what the task says of it.
async fn replay(platform: &Platform, app: &posthaste_domain::AppId, endpoint: &str) -> Value {
    let since = json!({ "since": bed::now() - Duration::from_secs(3_600) });
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/replay-missing");
    let task = platform.client.call(Method::POST, &path, Some(&since)).await.expect(202);
    let path = format!("/api/v1/background-task/{}", task["id"].as_str().unwrap());
    let state = || async { platform.client.call(Method::GET, &path, None).await.expect(200) };
    until("the task ends", || async { state().await["status"] != "running" }).await;
    let ended = state().await;
    assert_eq!(ended["status"], "finished", "{ended}");
    ended["data"].clone()
}

async fn until_idle(platform: &Platform) {
    let bus = platform.bed.bus().await;
    until("all is fanned out", || async {
        bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
    })
    .await;
}

#[tokio::test]
async fn w02_an_endpoint_with_nothing_checked_missed_nothing() {
    let platform = Platform::start(&[]).await;
    let declared = json!({ "name": "payout", "description": "d" });
    platform.client.call(Method::POST, "/api/v1/event-type", Some(&declared)).await.expect(201);
    let receiver = platform.receiver(Script::always(Answer::OK)).await;
    for (event_types, missed) in [(Value::Null, 0), (json!(["payout"]), 1)] {
        let app = platform.merchant(Some("justwallet@1")).await;
        let body = json!({ "eventType": "payout", "payload": { "amount": "20.15" } });
        platform.send(&app, &body).await;
        until_idle(&platform).await;
        let body = json!({ "url": receiver.url(), "secret": "s", "eventTypes": event_types });
        let endpoint = platform.client.endpoint_with(&app, body).await;
        let told = replay(&platform, &app, endpoint.as_str()).await;
        assert_eq!(told, json!({ "messagesSent": missed }), "{event_types}");
    }
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn y12_an_endpoint_of_one_mode_missed_nothing_of_the_other() {
    let platform = Platform::start(&[]).await;
    let changes = json!({ "modes": { "endpoint_scope": "per_mode" } });
    let profile = platform.publish("yoco@1", "apart", &changes).await;
    let app = platform.merchant(Some(&profile)).await;
    for mode in ["live", "test", "live"] {
        platform.send(&app, &payment(mode)).await;
    }
    until_idle(&platform).await;
    let receiver = platform.receiver(Script::always(Answer::OK)).await;
    let test = platform.program(&app, "test").await;
    let registered = test.register("late", &receiver.url()).await;
    let told = replay(&platform, &app, registered["id"].as_str().unwrap()).await;
    assert_eq!(told, json!({ "messagesSent": 1 }));
    assert_eq!(receiver.next().await.json()["payload"]["mode"], "test");
}
