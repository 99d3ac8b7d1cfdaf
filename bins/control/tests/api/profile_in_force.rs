//! What delivery profiles make of endpoints and secrets, over the wire.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::bed::{Bed, Caller, text};

const WHSEC: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const URL: &str = "https://shop.example/hook";

/// An application `shop` with this profile.
async fn shop(caller: &Caller, profile: &str) {
    let body = json!({"name": "shop", "uid": "shop", "profile": profile});
    assert_eq!(caller.post("/app", body, 201).await["profile"], profile);
}

/// Publishes a profile that differs from `standard` in some sections; returns its reference.
async fn publish(caller: &Caller, name: &str, version: u32, changes: Value) -> String {
    let mut profile = caller.get("/profile/standard@1", 200).await;
    profile["profile"] = name.into();
    profile["version"] = version.into();
    for (section, fields) in changes.as_object().unwrap() {
        for (field, value) in fields.as_object().unwrap() {
            profile[section][field] = value.clone();
        }
    }
    text(&caller.post("/profile", profile, 201).await["reference"])
}

/// Insists that a body is refused for one field; returns what is said of it.
fn fault(refused: &Value, field: &str) -> String {
    assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{refused}");
    text(&refused["detail"][0]["msg"])
}

#[tokio::test]
async fn one_is_picked_shown_changed_and_left() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for version in [2, 10] {
        publish(&platform, "ours", version, json!({})).await;
    }
    shop(&platform, "standard@1").await;
    let unset = platform.post("/app", json!({"name": "other", "uid": "other"}), 201).await;
    assert_eq!(unset.get("profile"), None);
    let put = platform.put("/app/other", json!({"name": "other", "profile": "ours"}), 200).await;
    assert_eq!(put["profile"], "ours@10", "a name alone is its newest version");
    let patched = platform.patch("/app/other", json!({"name": "n"}), 200).await;
    assert_eq!(patched["profile"], "ours@10");
    let patched = platform.patch("/app/other", json!({"profile": null}), 200).await;
    assert_eq!(patched.get("profile"), None);

    let body = json!({"url": URL, "uid": "hook", "profile": "ours@2"});
    let hook = "/app/shop/endpoint/hook";
    let created = platform.post("/app/shop/endpoint", body, 201).await;
    assert_eq!((&created["profile"], created.get("mode")), (&json!("ours@2"), None));
    assert_eq!(platform.patch(hook, json!({"version": 2}), 200).await["profile"], "ours@2");
    assert_eq!(platform.patch(hook, json!({"profile": "ours"}), 200).await["profile"], "ours@10");
    assert_eq!(platform.patch(hook, json!({"profile": null}), 200).await.get("profile"), None);
    assert_eq!(
        platform.put(hook, json!({"url": URL, "profile": "ours"}), 200).await["profile"],
        "ours@10"
    );
    assert_eq!(platform.put(hook, json!({"url": URL}), 200).await.get("profile"), None);

    let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
    let theirs = stranger.post("/app", json!({"name": "n", "profile": "ours@2"}), 422).await;
    fault(&theirs, "profile");
    for odd in ["nonesuch@1", "nonesuch", "ours@3", "Ours@2", "ours@02", "@", ""] {
        let app = json!({"name": "n", "uid": "n", "profile": odd});
        let endpoint = json!({"url": URL, "profile": odd});
        for refused in [
            platform.post("/app", app.clone(), 422).await,
            platform.put("/app/shop", app.clone(), 422).await,
            platform.patch("/app/shop", json!({"profile": odd}), 422).await,
            platform.post("/app/shop/endpoint", endpoint.clone(), 422).await,
            platform.put(hook, endpoint, 422).await,
            platform.patch(hook, json!({"profile": odd}), 422).await,
        ] {
            fault(&refused, "profile");
        }
    }
}

#[tokio::test]
async fn urls_and_event_types_are_as_it_demands() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.post("/event-type", json!({"name": "a", "description": ""}), 201).await;
    let narrow = json!({
        "transport": {"https_only": false, "ports": "443"}, "subscription": {"filter": "none"},
    });
    let narrow = publish(&platform, "narrow", 1, narrow).await;
    shop(&platform, &narrow).await;
    platform.post("/app/shop/endpoint", json!({"url": URL, "uid": "hook"}), 201).await;
    let hook = "/app/shop/endpoint/hook";
    for (field, value) in [
        ("url", json!("https://shop.example:8443/")),
        ("url", json!("http://shop.example/")),
        ("eventTypes", json!(["a"])),
        ("filterTypes", json!(["a"])),
    ] {
        let mut body = json!({"url": URL});
        body[field] = value;
        let place = if field == "url" { "url" } else { "eventTypes" };
        for refused in [
            platform.post("/app/shop/endpoint", body.clone(), 422).await,
            platform.put(hook, body.clone(), 422).await,
            platform.patch(hook, body, 422).await,
        ] {
            fault(&refused, place);
        }
    }
    let free = json!({"url": "https://shop.example:443/", "eventTypes": [], "channels": ["eu"]});
    platform.put(hook, free, 200).await;

    // Its own comes before its application's, and both are asked where it is given another.
    let mut own = json!({"url": "http://shop.example:8080/", "uid": "free", "eventTypes": ["a"]});
    let plain = publish(&platform, "free", 1, json!({"transport": {"https_only": false}})).await;
    own["profile"] = plain.into();
    platform.post("/app/shop/endpoint", own, 201).await;
    let free = "/app/shop/endpoint/free";
    fault(&platform.patch(free, json!({"profile": "standard"}), 422).await, "url");
    let moved = json!({"profile": null, "url": URL});
    fault(&platform.patch(free, moved, 422).await, "eventTypes");
    let moved = json!({"profile": null, "url": URL, "eventTypes": null});
    platform.patch(free, moved, 200).await;
}

#[tokio::test]
async fn an_application_changes_profiles_only_where_its_endpoints_can_follow() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let body = json!({"url": "http://shop.example/", "uid": "hook"});
    let hook = text(&platform.post("/app/shop/endpoint", body, 201).await["id"]);
    let refused = platform.patch("/app/shop", json!({"profile": "yoco@1"}), 422).await;
    assert!(fault(&refused, "profile").contains(&hook));
    let put = json!({"name": "shop", "uid": "shop", "profile": "yoco@1"});
    fault(&platform.put("/app/shop", put, 422).await, "profile");
    platform.patch("/app/shop/endpoint/hook", json!({"url": URL}), 200).await;
    platform.patch("/app/shop", json!({"profile": "yoco@1"}), 200).await;
    // Text of its owner's choice is no key of Standard Webhooks, with or without a profile.
    shop_of_text(&platform).await;
    fault(&platform.patch("/app/text", json!({"profile": null}), 422).await, "profile");
    fault(&platform.put("/app/text", json!({"name": "text"}), 422).await, "profile");
    platform.patch("/app/text", json!({"profile": "justwallet-php@1"}), 200).await;
}

/// An application `text` whose one endpoint `hook` signs with text of its owner's choice.
async fn shop_of_text(platform: &Caller) {
    let body = json!({"name": "text", "uid": "text", "profile": "justwallet@1"});
    platform.post("/app", body, 201).await;
    let body = json!({"url": URL, "uid": "hook", "secret": "é$ \"x\" "});
    platform.post("/app/text/endpoint", body, 201).await;
}

#[tokio::test]
async fn there_are_no_more_endpoints_than_it_allows() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    shop(&platform, "kloutit@1").await;
    let all = (0..8).map(|_| async {
        let body = json!({"url": URL}).to_string();
        platform.send_any(http::Method::POST, "/app/shop/endpoint", body.into()).await
    });
    for (status, answer) in join_all(all).await {
        let is_refused = status == 409 && answer["code"] == "too_many_endpoints";
        assert!(status == 201 || is_refused, "{status}: {answer}");
    }
    let count = || async {
        let listed = platform.get("/app/shop/endpoint", 200).await;
        listed["data"].as_array().unwrap().len()
    };
    assert!(count().await <= 1);
    if count().await == 0 {
        platform.post("/app/shop/endpoint", json!({"url": URL}), 201).await;
    }
    platform.post("/app/shop/endpoint", json!({"url": URL}), 409).await;
    platform.put("/app/shop/endpoint/new", json!({"url": URL}), 409).await;
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn a_secret_is_chosen_shown_and_replaced_as_it_says() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let (create, secret, rotate) = (
        "/app/shop/endpoint",
        "/app/shop/endpoint/hook/secret",
        "/app/shop/endpoint/hook/secret/rotate",
    );
    // Ours, and told once.
    shop(&platform, "yoco@1").await;
    let given = json!({"url": URL, "uid": "hook", "secret": WHSEC});
    fault(&platform.post(create, given, 422).await, "secret");
    platform.post(create, json!({"url": URL, "uid": "hook"}), 201).await;
    assert_eq!(platform.get(secret, 403).await["code"], "secret_not_shown");
    fault(&platform.post(rotate, json!({"key": WHSEC}), 422).await, "key");
    let next = platform.post(rotate, json!({}), 200).await;
    assert!(text(&next["key"]).starts_with("whsec_"));
    platform.get(secret, 403).await;
    platform.delete("/app/shop", 204).await;

    // Its owner's, who alone knows it.
    shop(&platform, "justwallet@1").await;
    let refused = platform.post(create, json!({"url": URL}), 422).await;
    fault(&refused, "secret");
    fault(&platform.put("/app/shop/endpoint/hook", json!({"url": URL}), 422).await, "secret");
    let long = json!({"url": URL, "secret": "x".repeat(257)});
    fault(&platform.post(create, long, 422).await, "secret");
    let given = json!({"url": URL, "uid": "hook", "secret": " é$ \"x\""});
    let created = platform.post(create, given, 201).await;
    assert!(!created.to_string().contains("é$"));
    assert_eq!(platform.get(secret, 403).await["code"], "secret_not_shown");
    fault(&platform.post(rotate, json!({}), 422).await, "key");
    assert_eq!(platform.post(rotate, json!({"key": "next"}), 204).await, Value::Null);
    platform.delete("/app/shop", 204).await;

    // Either's, and shown, as without a profile.
    shop(&platform, "standard@1").await;
    let given = json!({"url": URL, "uid": "hook", "secret": WHSEC});
    platform.post(create, given, 201).await;
    assert_eq!(platform.get(secret, 200).await["key"], WHSEC);
    let odd = json!({"url": URL, "secret": "your-secret"});
    fault(&platform.post(create, odd, 422).await, "secret");
}

#[tokio::test]
async fn an_endpoint_is_given_another_only_where_its_secret_fits() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    shop_of_text(&platform).await;
    let hook = "/app/text/endpoint/hook";
    for other in ["standard@1", "justt@1", "yoco"] {
        fault(&platform.patch(hook, json!({"profile": other}), 422).await, "profile");
        fault(&platform.put(hook, json!({"url": URL, "profile": other}), 422).await, "profile");
    }
    // What signs with nothing takes any.
    platform.patch(hook, json!({"profile": "kloutit"}), 200).await;
    platform.patch(hook, json!({"profile": "justwallet-php"}), 200).await;
    assert_eq!(platform.put(hook, json!({"url": URL}), 200).await.get("profile"), None);

    platform.application("plain").await;
    platform.post("/app/plain/endpoint", json!({"url": URL, "uid": "hook"}), 201).await;
    let hook = "/app/plain/endpoint/hook";
    fault(&platform.patch(hook, json!({"profile": "justwallet"}), 422).await, "profile");
    assert_eq!(platform.patch(hook, json!({"profile": "yoco"}), 200).await["profile"], "yoco@1");
    platform.get("/app/plain/endpoint/hook/secret", 403).await;
    platform.patch(hook, json!({"profile": null}), 200).await;
    platform.get("/app/plain/endpoint/hook/secret", 200).await;
}

#[tokio::test]
async fn a_replaced_secret_signs_for_as_long_as_it_says() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let none = json!({"secret": {"rotation_overlap_s": 0}});
    let none = publish(&platform, "at-once", 1, none).await;
    shop(&platform, &none).await;
    platform.post("/app/shop/endpoint", json!({"url": URL, "uid": "hook"}), 201).await;
    let rotate = "/app/shop/endpoint/hook/secret/rotate";
    // Ten may be valid at once; of these none stays.
    for _ in 0..12 {
        platform.post(rotate, json!({}), 200).await;
    }
    for _ in 0..10 {
        platform.post(rotate, json!({"gracePeriodSeconds": 60}), 200).await;
    }
    platform.post(rotate, json!({"gracePeriodSeconds": 60}), 400).await;
}

#[tokio::test]
async fn operational_webhooks_have_none() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let path = "/operational-webhook/endpoint";
    let body = || json!({"url": URL, "uid": "hook", "profile": "yoco@1"});
    fault(&platform.post(path, body(), 422).await, "profile");
    fault(&platform.put(&format!("{path}/hook"), body(), 422).await, "profile");
    platform.post(path, json!({"url": URL, "uid": "hook", "profile": null}), 201).await;
}

#[tokio::test]
async fn a_merchants_token_can_neither_choose_a_profile_nor_leave_one_out() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    shop(&platform, "standard@1").await;
    let app = text(&platform.get("/app/shop", 200).await["id"]);
    let merchant = bed.merchant(&app, &[]);
    let hook = "/app/shop/endpoint/hook";
    let chosen = json!({"url": URL, "uid": "hook", "profile": "yoco@1"});
    merchant.post("/app/shop/endpoint", chosen.clone(), 403).await;
    merchant.put(hook, chosen.clone(), 403).await;
    platform.post("/app/shop/endpoint", chosen, 201).await;
    merchant.patch(hook, json!({"profile": null}), 403).await;
    merchant.patch(hook, json!({"profile": "standard"}), 403).await;
    assert_eq!(merchant.patch(hook, json!({"description": "d"}), 200).await["profile"], "yoco@1");
    assert_eq!(merchant.put(hook, json!({"url": URL}), 200).await["profile"], "yoco@1");
}
