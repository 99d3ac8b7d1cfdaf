//! Signing secrets, over the wire.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::bed::{Bed, text};

#[tokio::test]
async fn is_made_shown_and_replaced() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let body = json!({"url": "http://x/", "uid": "hook", "secret": null});
    platform.post("/app/shop/endpoint", body, 201).await;
    let first = text(&platform.get("/app/shop/endpoint/hook/secret", 200).await["key"]);
    assert!(first.starts_with("whsec_") && first.len() == 38, "made of 24 bytes");

    let rotate = "/app/shop/endpoint/hook/secret/rotate/";
    platform.post(rotate, json!({"key": null}), 204).await;
    let second = text(&platform.get("/app/shop/endpoint/hook/secret", 200).await["key"]);
    assert_ne!(first, second);
    platform.post(rotate, json!({"key": first, "gracePeriodSeconds": 0}), 204).await;
    let third = platform.get("/app/shop/endpoint/hook/secret", 200).await;
    assert_eq!(third["key"], first.as_str());
    platform.send(Method::POST, rotate, Body::empty(), 204).await;

    for bad in [
        json!({"key": "whsec_short"}),
        json!({"gracePeriodSeconds": 604_801}),
        json!({"gracePeriodSeconds": -1}),
    ] {
        platform.post(rotate, bad, 422).await;
    }
    platform.get("/app/shop/endpoint/nobody/secret", 404).await;
    platform.post("/app/shop/endpoint/nobody/secret/rotate", json!({}), 404).await;
}

#[tokio::test]
async fn ten_old_ones_may_be_valid_at_once() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    platform.post("/app/shop/endpoint", json!({"url": "http://x/", "uid": "hook"}), 201).await;
    for _ in 0..10 {
        platform.post("/app/shop/endpoint/hook/secret/rotate", json!({}), 204).await;
    }
    let refused = platform.post("/app/shop/endpoint/hook/secret/rotate", json!({}), 400).await;
    assert_eq!(refused["code"], "limit_reached");
}

#[tokio::test]
async fn a_given_one_is_kept_and_shown_nowhere_else() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let body = json!({"url": "http://x/", "uid": "hook", "secret": secret});
    let created = platform.post("/app/shop/endpoint", body, 201).await;
    assert!(!created.to_string().contains("whsec"));
    assert!(!platform.get("/app/shop/endpoint", 200).await.to_string().contains("whsec"));
    assert_eq!(platform.get("/app/shop/endpoint/hook/secret", 200).await["key"], secret);
    // A PUT cannot change it.
    let body = json!({"url": "http://y/", "secret": "whsec_D2FVsBQIhrscChlQIMV+b5sSYspob7oD"});
    platform.put("/app/shop/endpoint/hook", body, 200).await;
    assert_eq!(platform.get("/app/shop/endpoint/hook/secret", 200).await["key"], secret);
}
