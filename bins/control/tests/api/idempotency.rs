//! Requests that are sent again, over the wire.

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{Method, header};
use posthaste_bus::Bucket;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::bed::{Bed, Caller, column};

async fn post(caller: &Caller, path: &str, key: &str, body: Body) -> (u16, Value) {
    let request = caller.request(Method::POST, &format!("/api/v1{path}"));
    let request = request.header("idempotency-key", key).body(body).unwrap();
    let (parts, bytes) = caller.exchange(request).await;
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    if parts.status.is_success() && !bytes.is_empty() {
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json");
    }
    (parts.status.as_u16(), body)
}

fn shop(name: &str) -> Body {
    json!({"name": name}).to_string().into()
}

/// A body that comes when it is told to, and breaks off when nobody can tell it any more.
fn late() -> (oneshot::Sender<Bytes>, Body) {
    let (tell, told) = oneshot::channel::<Bytes>();
    (tell, Body::from_stream(stream::once(told)))
}

async fn marked(answers: &Bucket) {
    // The first has left its marker.
    while answers.entries("").await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_answer() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let first = post(&platform, "/app", "auto_1", shop("one")).await;
    assert_eq!(first.0, 201);
    // Whatever the body says, whichever process is asked, and with a slash or without.
    assert_eq!(post(&platform, "/app", "auto_1", shop("two")).await, first);
    assert_eq!(post(&platform, "/app/", "auto_1", "nonsense".into()).await, first);
    let elsewhere = bed.replica().await.called_by(&platform);
    assert_eq!(post(&elsewhere, "/app", "auto_1", shop("one")).await, first);
    assert_eq!(column(&platform.get("/app", 200).await, "name"), ["one"]);

    // Another key, query, path or caller is another request.
    let second = post(&platform, "/app", "auto_2", shop("two")).await;
    let third = post(&platform, "/app?get_if_exists=true", "auto_1", shop("three")).await;
    let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
    let fourth = post(&stranger, "/app", "auto_1", shop("four")).await;
    for (status, created) in [&second, &third, &fourth] {
        assert_eq!(*status, 201);
        assert_ne!(created["id"], first.1["id"]);
    }
    let event_type = json!({"name": "a", "description": ""});
    assert_eq!(
        post(&platform, "/event-type", "auto_1", event_type.to_string().into()).await.0,
        201
    );
}

#[tokio::test]
async fn an_answer_without_a_body_is_one_too() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let hook = json!({"url": "http://x/", "uid": "hook"});
    platform.post("/operational-webhook/endpoint", hook, 201).await;
    let rotate = "/operational-webhook/endpoint/hook/secret/rotate";
    let secret = || platform.get("/operational-webhook/endpoint/hook/secret", 200);
    assert_eq!(post(&platform, rotate, "k", Body::empty()).await.0, 204);
    let rotated = secret().await;
    assert_eq!(post(&platform, rotate, "k", Body::empty()).await.0, 204);
    assert_eq!(secret().await, rotated);
    assert_eq!(post(&platform, rotate, "l", Body::empty()).await.0, 204);
    assert_ne!(secret().await, rotated);
}

#[tokio::test]
async fn failures_are_not_remembered_and_strangers_leave_no_trace() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let answers = bed.bus.idempotency_bucket().await.unwrap();
    assert_eq!(post(&platform, "/app", "k", shop("")).await.0, 422);
    assert_eq!(post(&platform, "/app", "k", "nonsense".into()).await.0, 422);
    let stranger = bed.caller(None);
    assert_eq!(post(&stranger, "/app", "k", shop("one")).await.0, 401);
    assert_eq!(post(&stranger, "/app", "", shop("one")).await.0, 401);
    assert!(answers.entries("").await.unwrap().is_empty());
    assert_eq!(post(&platform, "/app", "k", shop("one")).await.0, 201);
    // A key does not open what the token does not.
    assert_eq!(post(&stranger, "/app", "k", shop("one")).await.0, 401);
    for bad in ["", &"x".repeat(257)] {
        let (status, fault) = post(&platform, "/app", bad, shop("one")).await;
        let place = &fault["detail"][0]["loc"];
        assert_eq!((status, place), (422, &json!(["header", "idempotency-key"])));
    }
}

#[tokio::test]
async fn what_is_stored_is_sealed() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let path = "/auth/app-portal-access/shop";
    let first = post(&platform, path, "k", "{}".into()).await;
    assert_eq!(post(&platform, path, "k", "{}".into()).await, first);
    let answers = bed.bus.idempotency_bucket().await.unwrap().entries("").await.unwrap();
    assert_eq!(answers.len(), 1);
    let stored = String::from_utf8(answers[0].value.to_vec()).unwrap();
    let token = first.1["token"].as_str().unwrap();
    for part in token.split('.') {
        assert!(!stored.contains(part) && !answers[0].key.contains(part));
    }
}

#[tokio::test]
async fn who_comes_second_waits_for_the_first() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let answers = bed.bus.idempotency_bucket().await.unwrap();
    let (tell, body) = late();
    let first = tokio::spawn({
        let platform = platform.clone();
        async move { post(&platform, "/app", "k", body).await }
    });
    marked(&answers).await;
    let others: Vec<_> = (0..8)
        .map(|n| {
            let platform = platform.clone();
            tokio::spawn(async move { post(&platform, "/app", "k", shop(&n.to_string())).await })
        })
        .collect();
    tell.send(Bytes::from(r#"{"name":"one"}"#)).unwrap();
    let first = first.await.unwrap();
    assert_eq!((first.0, &first.1["name"]), (201, &json!("one")));
    for other in others {
        assert_eq!(other.await.unwrap(), first);
    }
    assert_eq!(column(&platform.get("/app", 200).await, "name"), ["one"]);
}

#[tokio::test]
async fn who_waits_too_long_is_told_so() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let answers = bed.bus.idempotency_bucket().await.unwrap();
    let (tell, body) = late();
    let first = tokio::spawn({
        let platform = platform.clone();
        async move { post(&platform, "/app", "k", body).await }
    });
    marked(&answers).await;
    let (status, told) = post(&platform, "/app", "k", shop("two")).await;
    assert_eq!((status, &told["code"]), (409, &json!("idempotency_key_in_use")));
    tell.send(Bytes::from(r#"{"name":"one"}"#)).unwrap();
    assert_eq!(first.await.unwrap().0, 201);
}

#[tokio::test]
async fn who_goes_away_leaves_the_key_to_the_next() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let answers = bed.bus.idempotency_bucket().await.unwrap();
    let (tell, body) = late();
    let first = tokio::spawn({
        let platform = platform.clone();
        async move { post(&platform, "/app", "k", body).await }
    });
    marked(&answers).await;
    first.abort();
    drop(tell);
    let (status, created) = post(&platform, "/app", "k", shop("two")).await;
    assert_eq!((status, &created["name"]), (201, &json!("two")));
}

#[tokio::test]
async fn what_was_begun_is_remembered_though_its_caller_went() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let answers = bed.bus.idempotency_bucket().await.unwrap();
    let (tell, body) = late();
    let first = tokio::spawn({
        let platform = platform.clone();
        async move { post(&platform, "/app", "k", body).await }
    });
    marked(&answers).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    tell.send(Bytes::from(r#"{"name":"one"}"#)).unwrap();
    let (status, created) = post(&platform, "/app", "k", shop("two")).await;
    assert_eq!((status, &created["name"]), (201, &json!("one")));
}

#[tokio::test]
async fn a_process_that_died_holds_a_key_for_a_minute_only() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let answers = bed.bus.idempotency_bucket().await.unwrap();
    let first = post(&platform, "/app", "k", shop("one")).await;
    let place = &answers.entries("").await.unwrap()[0];
    let marker = json!({"under_way": "2020-01-01T00:00:00.000000Z"}).to_string();
    answers.update(&place.key, marker.into(), place.revision).await.unwrap();
    let second = post(&platform, "/app", "k", shop("two")).await;
    assert_eq!((second.0, &second.1["name"]), (201, &json!("two")));
    assert_ne!(first.1["id"], second.1["id"]);
    assert_eq!(post(&platform, "/app", "k", shop("three")).await, second);
}

#[tokio::test]
async fn a_long_answer_is_given_once() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let event_type = |name: &str, length: usize| {
        let schemas = json!({"1": {"description": "x".repeat(length)}});
        Body::from(json!({"name": name, "description": "", "schemas": schemas}).to_string())
    };
    for (name, length, again) in [("short", 40_000, 201), ("long", 60_000, 409)] {
        let (status, created) =
            post(&platform, "/event-type", name, event_type(name, length)).await;
        assert_eq!((status, &created["name"]), (201, &json!(name)));
        let (status, _) = post(&platform, "/event-type", name, event_type(name, length)).await;
        assert_eq!(status, again, "{name}");
    }
}
