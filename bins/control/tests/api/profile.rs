//! Delivery profiles, over the wire.

use axum::body::Body;
use http::{Method, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::bed::{Bed, Caller, column};

/// With space that no writer would put there, and a name whose digits a reader of numbers would
/// change.
const DOCUMENT: &str = r#"
{  "profile":"acme", "version":   2,
   "request": {"content_type": "application/json"},
   "body": {"template": {"n": 1.10, "data": "{{event.data}}"}, "serializer": "preserve"},
   "event_type": {"pointer": "/type"},
   "signatures": ["standard-v1"],
   "success": {"statuses": ["200-202"]},
   "timeouts": {"connect_ms": 2000, "total_ms": 5000},
   "retry": {"delays_s": [3, 9], "anchor": "previous_attempt_failed"},
   "transport": {"https_only": true}
}
"#;

fn changed(changes: Value) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        document[key] = value.clone();
    }
    document
}

async fn stored(caller: &Caller, reference: &str) -> String {
    let answer = caller.answer(Method::GET, &format!("/profile/{reference}"), "").await;
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn is_published_once_and_shown_byte_for_byte() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let published = platform.send(Method::POST, "/profile", DOCUMENT.into(), 201).await;
    assert_eq!(published, json!({"reference": "acme@2", "name": "acme", "version": 2}));
    assert_eq!(stored(&platform, "acme@2").await, DOCUMENT);
    let again = platform.send(Method::POST, "/profile", DOCUMENT.into(), 409).await;
    assert_eq!(again["code"], "profile_exists");
    let newest = changed(json!({"version": 10}));
    platform.post("/profile", newest.clone(), 201).await;
    assert_eq!(stored(&platform, "acme@2").await, DOCUMENT);
    assert_eq!(stored(&platform, "acme@10").await, newest.to_string());

    let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
    for missing in ["acme@1", "acme", "acme@02", "nonsense"] {
        platform.get(&format!("/profile/{missing}"), 404).await;
    }
    stranger.get("/profile/acme@2", 404).await;
    let own = |page: &Value| {
        let all = page["data"].as_array().unwrap().clone();
        all.into_iter().filter(|one| one["preset"] == false).collect::<Vec<_>>()
    };
    let listed = platform.get("/profile", 200).await;
    let versions: Vec<_> = own(&listed).iter().map(|one| one["version"].clone()).collect();
    assert_eq!(versions, [2, 10]);
    assert_eq!(column(&platform.get("/profile?limit=2", 200).await, "name"), ["acme", "acme"]);
    assert!(own(&listed)[0]["createdAt"].is_string());
    assert!(own(&stranger.get("/profile", 200).await).is_empty());
    stranger.send(Method::POST, "/profile", DOCUMENT.into(), 201).await;
}

#[tokio::test]
async fn presets_are_there_for_everybody_and_nobody_publishes_under_their_names() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let listed = platform.get("/profile", 200).await;
    let names = column(&listed, "reference");
    let expected =
        ["justt@1", "justwallet-php@1", "justwallet@1", "kloutit@1", "standard@1", "yoco@1"];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    for one in listed["data"].as_array().unwrap() {
        assert_eq!((&one["preset"], one.get("createdAt")), (&json!(true), None));
    }
    for reference in &names {
        let document: Value = serde_json::from_str(&stored(&platform, reference).await).unwrap();
        let name = document["profile"].as_str().unwrap();
        assert_eq!(*reference, format!("{name}@{}", document["version"]));
        let next = changed(json!({"profile": name, "version": 2}));
        platform.post("/profile", next, 409).await;
    }
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let faulty = changed(json!({
        "a/b~c": 1, "signatures": ["nonesuch"], "success": {"statuses": ["2xx"]},
    }));
    let refused = platform.post("/profile", faulty.clone(), 422).await;
    let told = platform.post("/profile/validate", faulty, 200).await;
    let faults = told["faults"].as_array().unwrap();
    let details = refused["detail"].as_array().unwrap();
    assert_eq!(details.len(), faults.len());
    for (detail, fault) in details.iter().zip(faults) {
        let pointer = fault["pointer"].as_str().unwrap();
        let msg = format!("{pointer}: {}", fault["problem"].as_str().unwrap());
        assert_eq!((&detail["msg"], &detail["type"]), (&json!(msg), &json!("value_error")));
    }
    let places: Vec<_> = details.iter().map(|detail| detail["loc"].clone()).collect();
    for place in [
        json!(["body", "a/b~c"]),
        json!(["body", "signatures", "0"]),
        json!(["body", "success", "statuses"]),
    ] {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    platform.get("/profile/acme@2", 404).await;

    let good = platform.send(Method::POST, "/profile/validate", DOCUMENT.into(), 200).await;
    assert_eq!(good, json!({"faults": []}));
    platform.get("/profile/acme@2", 404).await;
}

#[tokio::test]
async fn what_is_no_profile_at_all_is_a_fault_of_the_whole() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let long = format!("{DOCUMENT}{}", " ".repeat(64 * 1024));
    for body in ["", "{", "\u{0}", long.as_str()] {
        let refused = platform.send(Method::POST, "/profile", Body::from(body.to_owned()), 422);
        assert_eq!(refused.await["detail"][0]["loc"], json!(["body"]), "{body:.40}");
    }
    let told = platform.send(Method::POST, "/profile/validate", vec![0xff].into(), 200).await;
    assert_eq!(told["faults"][0]["pointer"], "");
    platform.post("/profile", json!("x".repeat(300 * 1024)), 413).await;
}

#[tokio::test]
async fn a_schedule_ends_before_its_event_is_forgotten() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    // Events are kept for a week, of which a message may wait a day; an hour is left for queues.
    let week: u64 = 7 * 86_400;
    let most = week - 86_400 - 3_600 - 2 * 5;
    let retry = |wait: u64| {
        changed(json!({"retry": {"delays_s": [wait], "anchor": "previous_attempt_failed"}}))
    };
    let refused = platform.post("/profile", retry(most + 1), 422).await;
    assert_eq!(refused["detail"].as_array().unwrap().len(), 1);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "retry", "delays_s"]));
    let told = platform.post("/profile/validate", retry(most + 1), 200).await;
    assert_eq!(told["faults"][0]["pointer"], "/retry/delays_s");
    platform.post("/profile", retry(most), 201).await;
}

#[tokio::test]
async fn the_example_of_the_specification_is_one() {
    let bed = Bed::start().await;
    let document = bed.caller(None).get("/openapi.json", 200).await;
    let described = &document["components"]["schemas"]["ProfileDocument"];
    let example = described.get("example").unwrap_or(&described["examples"][0]);
    bed.platform().post("/profile", example.clone(), 201).await;
}

#[tokio::test]
async fn is_a_matter_of_the_organisation() {
    let bed = Bed::start().await;
    let app = bed.platform().application("shop").await;
    for (caller, status) in [(bed.merchant(&app, &[]), 403), (bed.caller(None), 401)] {
        caller.get("/profile", status).await;
        caller.get("/profile/standard@1", status).await;
        caller.send(Method::POST, "/profile", DOCUMENT.into(), status).await;
        caller.send(Method::POST, "/profile/validate", DOCUMENT.into(), status).await;
    }
}
