//! How many, of what.

use std::time::Duration;

use posthaste_domain::Timestamp;
use serde_json::json;

use crate::{
    bed::{now, text},
    past::Past,
};

const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

#[tokio::test]
async fn attempts_at_an_endpoint_are_counted_by_how_they_ended() {
    let past = Past::begin().await;
    let event = past.event(0, "a");
    let attempts = [
        past.failed(&event, &past.hook, 10, Some(500), true),
        past.failed(&event, &past.hook, 20, None, true),
        past.taken(&event, &past.hook, 30),
        past.taken(&event, &past.other, 30),
        past.failed(&event, &past.other, 40, Some(500), false),
    ];
    past.record(&[event], &attempts).await;
    let platform = past.bed.platform();
    let counts = |success: u64, fail: u64| json!({"success": success, "pending": 0, "sending": 0, "fail": fail, "canceled": 0});
    let hook = "/app/shop/endpoint/hook/stats";
    assert_eq!(platform.get(hook, 200).await, counts(1, 2));
    assert_eq!(platform.get("/app/shop/endpoint/other/stats/", 200).await, counts(1, 1));
    let of = |since: Timestamp, until: Timestamp| format!("{hook}?since={since}&until={until}");
    assert_eq!(platform.get(&of(past.at(20), past.at(30)), 200).await, counts(0, 1));
    assert_eq!(platform.get(&of(past.at(50), past.at(60)), 200).await, counts(0, 0));
    let days = |days: u64| Duration::from_secs(days * 86_400);
    platform.get(&format!("{hook}?since={}", now() - days(28)), 200).await;
    for (query, status) in [
        (format!("since={}", now() - days(29)), 400),
        (format!("until={}", now() + days(1)), 400),
        ("since=yesterday".to_owned(), 400),
    ] {
        platform.get(&format!("{hook}?{query}"), status).await;
    }
    let far = platform.get(&format!("{hook}?since={}", now() - days(29)), 400).await;
    assert_eq!(far["code"], "invalid_range");
    past.bed.merchant(past.app.as_str(), &[]).get(hook, 200).await;
    let neighbour = platform.application("neighbour").await;
    past.bed.merchant(&neighbour, &[]).get(hook, 404).await;
    past.bed.organisation(OTHER_ORG).get(hook, 404).await;
    past.bed.caller(None).get(hook, 401).await;
    platform.get("/app/shop/endpoint/none/stats", 404).await;
}

#[tokio::test]
async fn figures_of_applications_are_a_task() {
    let past = Past::begin().await;
    let platform = past.bed.platform();
    let (since, until) = (past.at(0), past.at(60));
    let body = json!({"since": since, "until": until, "appIds": ["shop", past.app, "none"]});
    let started = platform.post("/stats/usage/app", body, 202).await;
    assert_eq!(started["task"], "application.stats");
    assert_eq!(started["unresolvedAppIds"], json!(["none"]));
    let path = format!("/background-task/{}", text(&started["id"]));
    assert_eq!(platform.get(&path, 200).await["id"], started["id"]);
    let all = json!({"since": since, "until": until, "appIds": null});
    let started = platform.post("/stats/usage/app", all.clone(), 202).await;
    assert_eq!(started["unresolvedAppIds"], json!([]));
    for body in [
        json!({"since": since, "until": until, "appIds": ["none"]}),
        json!({"since": since, "until": until, "appIds": []}),
        json!({"since": until, "until": since}),
        json!({"since": since}),
    ] {
        platform.post("/stats/usage/app", body, 422).await;
    }
    let types = platform.put("/stats/usage/event-types", json!({}), 202).await;
    assert_eq!(types["task"], "event-type.aggregate");
    let merchant = past.bed.merchant(past.app.as_str(), &[]);
    merchant.post("/stats/usage/app", all.clone(), 403).await;
    merchant.put("/stats/usage/event-types", json!({}), 403).await;
    past.bed.caller(None).post("/stats/usage/app", all, 401).await;
}
