//! Merchants' secret keys, over the wire.

use axum::body::Body;
use http::{Method, header};
use serde_json::{Value, json};

use crate::bed::{Bed, Caller, column, text};

const PATH: &str = "/app/shop/secret-key";

async fn make(caller: &Caller, body: Value) -> Value {
    caller.post(PATH, body, 201).await
}

#[tokio::test]
async fn is_shown_once_listed_and_taken_back() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    platform.application("other").await;
    let live = make(&platform, json!({"mode": "live", "name": "till 7"})).await;
    let test = make(&platform, json!({"mode": "test", "name": null})).await;
    for (made, mode) in [(&live, "live"), (&test, "test")] {
        let (key, prefix) = (text(&made["key"]), text(&made["prefix"]));
        assert!(key.starts_with(&format!("sk_{mode}_")) && key.len() == 40, "{}", key.len());
        assert!(key.starts_with(&prefix) && prefix.len() == 12);
        assert!(text(&made["id"]).starts_with("key_") && made["createdAt"].is_string());
        assert_eq!(made["mode"], mode);
    }
    assert_eq!((&live["name"], &test["name"]), (&json!("till 7"), &Value::Null));

    let listed = platform.get(PATH, 200).await;
    // Ids of the same few milliseconds have no order of their own.
    let mut made = [text(&live["id"]), text(&test["id"])];
    made.sort_unstable();
    assert_eq!(column(&listed, "id"), made, "oldest first");
    let mut unshown = live.clone();
    unshown.as_object_mut().unwrap().remove("key");
    assert!(listed["data"].as_array().unwrap().contains(&unshown), "{listed}");
    assert_eq!(platform.get(&format!("/app/{app}/secret-key"), 200).await, listed);
    assert_eq!(platform.get("/app/other/secret-key", 200).await["data"], json!([]));
    let bucket = bed.bus.registry_bucket().await.unwrap();
    for entry in bucket.entries("").await.unwrap() {
        let kept = String::from_utf8(entry.value.to_vec()).unwrap();
        assert!(!kept.contains(&text(&live["key"])[12..]));
    }

    let one = format!("{PATH}/{}", text(&live["id"]));
    platform.delete(&format!("/app/other/secret-key/{}", text(&live["id"])), 404).await;
    platform.delete(&one, 204).await;
    platform.delete(&one, 404).await;
    platform.delete(&format!("{PATH}/nonsense"), 404).await;
    assert_eq!(column(&platform.get(PATH, 200).await, "id"), [text(&test["id"])]);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    for (bad, field) in [
        (json!({"mode": "Live"}), "mode"),
        (json!({"mode": "live", "name": ""}), "name"),
        (json!({"mode": "live", "name": "x".repeat(1_025)}), "name"),
    ] {
        let refused = platform.post(PATH, bad, 422).await;
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]));
    }
    platform.post(PATH, json!({}), 422).await;
    platform.post("/app/nobody/secret-key", json!({"mode": "live"}), 404).await;
    assert_eq!(platform.get(PATH, 200).await["data"], json!([]));
}

#[tokio::test]
async fn an_application_has_twenty() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let mut last = Value::Null;
    for _ in 0..20 {
        last = make(&platform, json!({"mode": "test"})).await;
    }
    let refused = platform.post(PATH, json!({"mode": "test"}), 400).await;
    assert_eq!(refused["code"], "limit_reached");
    platform.delete(&format!("{PATH}/{}", text(&last["id"])), 204).await;
    make(&platform, json!({"mode": "test"})).await;
}

#[tokio::test]
async fn is_a_matter_of_the_organisation() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    let key = make(&platform, json!({"mode": "live"})).await;
    let one = format!("{PATH}/{}", text(&key["id"]));
    let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
    for (caller, status) in
        [(bed.merchant(&app, &[]), 403), (bed.caller(None), 401), (stranger, 404)]
    {
        caller.get(PATH, status).await;
        caller.post(PATH, json!({"mode": "live"}), status).await;
        caller.delete(&one, status).await;
    }
    assert_eq!(column(&platform.get(PATH, 200).await, "id"), [text(&key["id"])]);
}

#[tokio::test]
async fn is_sealed_where_its_answer_is_remembered() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = platform.request(Method::POST, &format!("/api/v1{PATH}"));
        let body = Body::from(json!({"mode": "live"}).to_string());
        let request = request.header("idempotency-key", "k").body(body).unwrap();
        let (parts, body) = platform.exchange(request).await;
        assert_eq!(parts.status.as_u16(), 201);
        assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
        answers.push(serde_json::from_slice::<Value>(&body).unwrap());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(platform.get(PATH, 200).await["data"].as_array().unwrap().len(), 1);
    let key = text(&answers[0]["key"]);
    let kept = bed.bus.idempotency_bucket().await.unwrap().entries("").await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!String::from_utf8(kept[0].value.to_vec()).unwrap().contains(&key[8..]));
}
