//! An application that comes along with the first message for it.

use std::collections::BTreeSet;

use posthaste_testkit::{Answer, Receiver, Script};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{stage::Stage, surface::Ask};

fn message(stage: &Stage, key: &str, application: &Value) -> Ask {
    let body = json!({ "eventType": "a", "payload": {}, "application": application });
    stage.message().target(format!("/api/v1/app/{key}/msg")).json(&body)
}

#[tokio::test]
async fn the_first_message_creates_it_and_those_after_it_find_it() {
    let stage = Stage::start(&[]).await;
    for surface in stage.surfaces {
        let uid = format!("shop-{}", surface.name);
        let brought = json!({ "name": "Shop", "uid": uid, "metadata": { "a": "b" } });
        let mut racing = JoinSet::new();
        for _ in 0..8 {
            let ask = message(&stage, &uid, &brought);
            racing.spawn(async move { surface.send(&ask).await.accepted() });
        }
        let ids: BTreeSet<_> = racing.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 8);
        let path = format!("/api/v1/app/{uid}");
        let found = stage.client.call(reqwest::Method::GET, &path, None).await.expect(200);
        assert_eq!((&found["name"], &found["metadata"]), (&json!("Shop"), &json!({ "a": "b" })));
        // One that is there is not changed.
        let other = json!({ "name": "Another", "uid": uid });
        surface.send(&message(&stage, &uid, &other)).await.expect(202);
    }
    let all = stage.client.call(reqwest::Method::GET, "/api/v1/app", None).await.expect(200);
    let names: Vec<_> = all["data"].as_array().unwrap().iter().map(|app| &app["name"]).collect();
    assert_eq!(names, ["acme", "Shop", "Shop"]);
}

#[tokio::test]
async fn one_that_would_not_be_found_is_refused() {
    let stage = Stage::start(&[]).await;
    for surface in stage.surfaces {
        for (application, kind) in [
            (json!({ "name": "n" }), "application_uid_missing"),
            (json!({ "name": "n", "uid": "other" }), "application_uid_mismatch"),
            (json!({ "name": "", "uid": "shop" }), "value_error"),
        ] {
            let refused = surface.send(&message(&stage, "shop", &application)).await.expect(422);
            assert_eq!(refused["detail"][0]["type"], kind, "{refused}");
        }
        surface.send(&message(&stage, "shop", &Value::Null)).await.expect(404);
    }
    assert_eq!(stage.stored().await, 0);
}

#[tokio::test]
async fn an_endpoint_made_right_after_it_gets_the_next_message() {
    let stage = Stage::start(&[]).await;
    let [_, ingress] = stage.surfaces;
    let _worker = stage.bed.worker().await;
    let brought = json!({ "name": "Shop", "uid": "shop" });
    ingress.send(&message(&stage, "shop", &brought)).await.expect(202);
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let body = json!({ "url": receiver.url() });
    let path = "/api/v1/app/shop/endpoint";
    stage.client.call(reqwest::Method::POST, path, Some(&body)).await.expect(201);
    let second = ingress.send(&message(&stage, "shop", &brought)).await.accepted();
    receiver.wait_for(1).await;
    assert_eq!(receiver.received()[0].header("webhook-id"), Some(second.as_str()));
}
