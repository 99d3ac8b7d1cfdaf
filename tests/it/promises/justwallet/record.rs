//! What is kept, so that a merchant can hold it against his own.

use std::collections::BTreeMap;

use posthaste_domain::Timestamp;
use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PAYOUT, PROFILE, SECRET, TYPES,
    catalogue::{Documented, wire_name},
    merchant, settings, world,
};
use crate::promises::{
    bed::Merchant,
    kloutit::{made_up, moment},
};

/// A page of a list.
async fn page(merchant: &Merchant<'_>, path: &str) -> Value {
    let path = format!("/api/v1/app/{}/{path}", merchant.app);
    merchant.world.client.call(Method::GET, &path, None).await.expect(200)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

#[tokio::test]
async fn w13_the_log_has_id_time_and_type_of_all_that_came() {
    let world = world().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (merchant, endpoint) = merchant(&world, "acme", &receiver.url()).await;
    // What a receiver writes down of each: when it came, its type, and what it was about.
    let mut log = BTreeMap::new();
    for one in Documented::all() {
        let message = one.publish(&merchant).await;
        let request = receiver.next().await;
        merchant.attempts(&message, 1).await;
        log.insert(message, (Timestamp::from(request.at_system), request.json()));
    }
    assert_eq!(log.len(), TYPES.len());

    let path = format!("endpoint/{endpoint}/msg?order=ascending");
    let messages = page(&merchant, &path).await["data"].as_array().unwrap().clone();
    let path = format!("attempt/endpoint/{endpoint}?order=ascending&with_msg=true");
    let attempts = page(&merchant, &path).await["data"].as_array().unwrap().clone();
    assert_eq!((messages.len(), attempts.len()), (log.len(), log.len()));
    for (message, attempt) in messages.iter().zip(&attempts) {
        assert_eq!((&attempt["msgId"], &attempt["msg"]["id"]), (&message["id"], &message["id"]));
        assert_eq!(attempt["msg"]["eventType"], message["eventType"]);
        let (came, body) = log.remove(&text(&message["id"])).unwrap();
        assert_eq!(body["event.type"], wire_name(message["eventType"].as_str().unwrap()));
        assert_eq!(body["data"], message["payload"]);
        let (accepted, sent) = (moment(&message["timestamp"]), moment(&attempt["timestamp"]));
        assert!(accepted <= sent && sent <= came, "{accepted} {sent} {came}");
        let took = attempt["responseDurationMs"].as_u64().unwrap();
        let slack = std::time::Duration::from_millis(took + 10);
        assert!(came.since(sent) <= slack, "{sent} {came} {took}");
        assert_eq!(message["status"], 0);
    }
    assert!(log.is_empty(), "{log:?}");
}

#[tokio::test]
async fn w17_what_was_missed_can_be_asked_for_in_order() {
    let world = world().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    let all = Documented::all();
    let last_seen = all[0].publish(&merchant).await;
    merchant.attempts(&last_seen, 1).await;
    receiver.close().await;
    let mut missed = Vec::new();
    for one in all.iter().chain(&all) {
        missed.push((one.publish(&merchant).await, one));
    }
    for (message, _) in &missed {
        let attempts = merchant.attempts(message, 1).await;
        assert_eq!(attempts[0]["status"], 2);
    }
    // The order of messages is that of their ids, which is that of their acceptance to 4 ms.
    missed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (mut cursor, mut found) = (last_seen, Vec::new());
    loop {
        let path = format!("msg?order=ascending&limit=5&iterator={cursor}");
        let listed = page(&merchant, &path).await;
        found.extend(listed["data"].as_array().unwrap().clone());
        if listed["done"] == true {
            break;
        }
        cursor = text(&listed["iterator"]);
    }
    assert_eq!(found.len(), missed.len());
    for (found, (message, one)) in found.iter().zip(&missed) {
        assert_eq!(
            (&found["id"], &found["eventType"]),
            (&json!(message), &json!(one.sample.event_type))
        );
        let payload: Value = serde_json::from_str(one.sample.payload()).unwrap();
        assert_eq!(found["payload"], payload);
        let alone = page(&merchant, &format!("msg/{message}")).await;
        assert_eq!(alone, *found);
    }
}

#[tokio::test]
async fn w17_who_runs_a_receiver_that_fails_is_told() {
    let world = world().await;
    let soon = json!({ "retry": { "delays_s": [0, 0, 0, 0] } });
    let hasty = made_up(&world, PROFILE, "hasty", &soon).await;
    let platform = world.receiver(Script::always(Answer::OK)).await;
    let told = json!({
        "url": platform.url(),
        "filterTypes": ["message.attempt.failing", "message.attempt.exhausted"],
    });
    let path = "/api/v1/operational-webhook/endpoint";
    world.client.call(Method::POST, path, Some(&told)).await.expect(201);
    let receiver = world.receiver(Script::always(Answer::Status(202))).await;
    let merchant = world.merchant("shop-7", &hasty).await;
    let endpoint = merchant.endpoint_with(settings(&receiver.url(), SECRET)).await;
    let message = merchant.publish_plain(PAYOUT).await;
    let mut news: Vec<_> = platform.wait_for(2).await.iter().map(|one| one.json()).collect();
    news.sort_by_key(|one| text(&one["type"]));
    let types: Vec<_> = news.iter().map(|one| &one["type"]).collect();
    assert_eq!(types, ["message.attempt.exhausted", "message.attempt.failing"]);
    for one in &news {
        let data = &one["data"];
        assert_eq!((&data["appUid"], &data["msgId"]), (&json!("shop-7"), &json!(message)));
        assert_eq!(data["endpointId"], json!(endpoint));
        assert_eq!(data["lastAttempt"]["responseStatusCode"], 202);
    }
    assert_eq!(receiver.count(), 5);
}
