//! Signing secrets, over the wire.

use axum::body::Body;
use http::{Method, header};
use posthaste_api::Capability;
use serde_json::{Value, json};

use crate::{
    bed::{Bed, Caller, text},
    endpoint::{self, furnish},
};

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
    platform.post(rotate, json!({"key": null}), 200).await;
    let second = text(&platform.get("/app/shop/endpoint/hook/secret", 200).await["key"]);
    assert_ne!(first, second);
    platform.post(rotate, json!({"key": first, "gracePeriodSeconds": 0}), 200).await;
    let third = platform.get("/app/shop/endpoint/hook/secret", 200).await;
    assert_eq!(third["key"], first.as_str());
    platform.send(Method::POST, rotate, Body::empty(), 200).await;
    platform.post(rotate, json!(null), 200).await;

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
        platform.post("/app/shop/endpoint/hook/secret/rotate", json!({}), 200).await;
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

#[tokio::test]
async fn is_for_its_owners_only() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    let secret = "/app/shop/endpoint/hook/secret";
    let before = bed.platform().get(secret, 200).await;
    for (method, path, needs) in [
        (Method::GET, "/secret", Capability::ViewEndpointSecret),
        (Method::POST, "/secret/rotate", Capability::ManageEndpointSecret),
    ] {
        endpoint::is_for_its_owners_only(&bed, &app, (method, path), needs).await;
    }
    assert_eq!(bed.platform().get(secret, 200).await, before);
    let viewer = bed.portal(&app, &[], [Capability::ViewEndpointSecret].into());
    assert_eq!(viewer.get(secret, 200).await, before);
    viewer.post(&format!("{secret}/rotate"), json!({}), 403).await;
    let manager = bed.portal(&app, &[], [Capability::ManageEndpointSecret].into());
    manager.post(&format!("{secret}/rotate"), json!({}), 200).await;
    assert_ne!(manager.get(secret, 200).await, before);
}

/// An Ed25519 key pair, and its public half.
const PAIR: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

#[tokio::test]
async fn of_a_key_pair_the_public_half_is_shown_and_never_the_private_one() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let body = json!({"url": "http://x/", "uid": "hook", "secret": PAIR});
    platform.post("/app/shop/endpoint", body, 201).await;
    let secret = "/app/shop/endpoint/hook/secret";
    assert_eq!(platform.get(secret, 200).await, json!({"key": PUBLIC}));
    let rotate = "/app/shop/endpoint/hook/secret/rotate";
    platform.post(rotate, json!({}), 200).await;
    let next = text(&platform.get(secret, 200).await["key"]);
    assert!(next.starts_with("whsec_"), "without a key, a symmetric one is made");
    // The public half signs nothing, and neither does half a pair, nor two halves of two pairs.
    let other_half = PAIR.replace("6Xb/", "7Xb/");
    for bad in [PUBLIC, &PAIR[..49], &other_half] {
        let refused = platform.post(rotate, json!({"key": bad}), 422).await;
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "key"]));
        assert!(!refused.to_string().contains(&bad[5..40]), "{refused}");
        let body = json!({"url": "http://x/", "secret": bad});
        let refused = platform.post("/app/shop/endpoint", body, 422).await;
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "secret"]));
    }
    assert_eq!(platform.get(secret, 200).await["key"], next.as_str());
    platform.post(rotate, json!({"key": PAIR, "gracePeriodSeconds": 0}), 200).await;
    assert_eq!(platform.get(secret, 200).await, json!({"key": PUBLIC}));
}

/// Creates an endpoint; returns what is answered, and whether that is kept out of caches.
async fn created(caller: &Caller, method: Method, path: &str, body: Value) -> (Value, bool) {
    let request = caller.request(method, &format!("/api/v1{path}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let (parts, bytes) = caller.exchange(request.body(body.to_string().into()).unwrap()).await;
    assert_eq!(parts.status, 201, "{bytes:?}");
    let is_kept_out = parts.headers.get(header::CACHE_CONTROL).is_some_and(|it| it == "no-store");
    (serde_json::from_slice(&bytes).unwrap(), is_kept_out)
}

#[tokio::test]
async fn one_that_is_shown_once_is_in_the_answer_to_the_creation_and_in_no_other() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let body = json!({"name": "shop", "uid": "shop", "profile": "yoco@1"});
    let app = text(&platform.post("/app", body, 201).await["id"]);
    let (all, hook) = ("/app/shop/endpoint", "/app/shop/endpoint/hook");
    let body = json!({"url": "https://shop.example/"});
    let mut named = body.clone();
    named["uid"] = "hook".into();
    let (made, is_kept_out) = created(&platform, Method::POST, all, named).await;
    let secret = text(&made["secret"]);
    assert!(secret.starts_with("whsec_") && is_kept_out, "{made}");
    for later in [
        platform.get(hook, 200).await,
        platform.get(all, 200).await,
        platform.put(hook, body.clone(), 200).await,
        platform.patch(hook, body.clone(), 200).await,
        platform.get(&format!("{hook}/secret"), 403).await,
    ] {
        assert!(!later.to_string().contains("whsec_"), "{later}");
    }
    // What a PUT creates is created as well.
    let (put, is_kept_out) =
        created(&platform, Method::PUT, &format!("{all}/two"), body.clone()).await;
    assert!(text(&put["secret"]) != secret && is_kept_out, "{put}");

    // Whoever may create endpoints may see secrets.
    let customer = bed.portal(&app, &[], [Capability::ManageEndpoint].into());
    let (made, _) = created(&customer, Method::POST, all, body.clone()).await;
    assert!(text(&made["secret"]).starts_with("whsec_"), "{made}");
    // What can be asked for again, what somebody chose, and what signs nothing.
    let given = json!({"url": "https://shop.example/", "secret": secret});
    for (profile, body) in [("standard@1", &body), ("standard@1", &given), ("kloutit@1", &body)] {
        let changed = json!({"name": "shop", "uid": "shop", "profile": profile});
        let app = platform.put("/app/shop", changed, 200).await;
        assert_eq!(app["profile"], profile);
        if profile == "kloutit@1" {
            for endpoint in platform.get(all, 200).await["data"].as_array().unwrap() {
                let path = format!("{all}/{}", endpoint["id"].as_str().unwrap());
                platform.delete(&path, 204).await;
            }
        }
        let (made, is_kept_out) = created(&platform, Method::POST, all, body.clone()).await;
        assert!(made.get("secret").is_none() && !is_kept_out, "{profile}: {made}");
    }
}
