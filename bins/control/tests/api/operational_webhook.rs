//! Endpoints of operational webhooks, over the wire.

use axum::body::Body;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::bed::{Bed, column, text};

const ALL: &str = "/operational-webhook/endpoint";
const HOOK: &str = "/operational-webhook/endpoint/hook";
const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";
/// Posthaste's own organisation, which no platform's token speaks for.
const POSTHASTE: &str = "org_00000000PosthasteOperations";

const OPERATIONS: [(&str, &str); 9] = [
    ("GET", ALL),
    ("POST", ALL),
    ("GET", HOOK),
    ("PUT", HOOK),
    ("GET", "/operational-webhook/endpoint/hook/headers"),
    ("PUT", "/operational-webhook/endpoint/hook/headers"),
    ("GET", "/operational-webhook/endpoint/hook/secret"),
    ("POST", "/operational-webhook/endpoint/hook/secret/rotate"),
    ("DELETE", HOOK),
];

fn body() -> Value {
    json!({"url": "https://Example.com", "uid": "hook"})
}

/// What fits every operation that takes a body, but that is refused before it is looked at.
fn any_body() -> Body {
    Body::from(r#"{"url":"http://x/","headers":{}}"#)
}

#[tokio::test]
async fn is_created_read_changed_and_deleted() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let none = json!({"data": [], "iterator": null, "done": true});
    assert_eq!(platform.get(ALL, 200).await, none);
    platform.get(HOOK, 404).await;
    let created = platform.post(ALL, body(), 201).await;
    assert!(text(&created["id"]).starts_with("ep_"));
    assert_eq!(
        (&created["url"], &created["uid"]),
        (&json!("https://example.com/"), &json!("hook"))
    );
    assert_eq!(platform.get(HOOK, 200).await, created);
    assert_eq!(platform.get(ALL, 200).await["data"], json!([created]));
    platform.post(ALL, body(), 409).await;

    let change = json!({"url": "http://y/", "disabled": true, "eventTypes": ["endpoint.disabled"]});
    let put = platform.put(HOOK, change, 200).await;
    assert_eq!((&put["id"], &put["uid"]), (&created["id"], &json!("hook")));
    assert_eq!(put["eventTypes"], json!(["endpoint.disabled"]));
    let other = format!("{ALL}/other");
    platform.put(&other, json!({"url": "http://z/"}), 201).await;
    let lost = format!("{ALL}/ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ");
    platform.put(&lost, json!({"url": "http://z/"}), 404).await;
    let first = platform.get(&format!("{ALL}?limit=1"), 200).await;
    assert_eq!((column(&first, "uid"), &first["done"]), (vec!["other".to_owned()], &json!(false)));

    platform.delete(HOOK, 204).await;
    platform.get(HOOK, 404).await;
    platform.delete(HOOK, 404).await;
    assert_eq!(column(&platform.get(ALL, 200).await, "uid"), ["other"]);
}

#[tokio::test]
async fn has_headers_and_a_secret() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let mut with_both = body();
    with_both["secret"] = json!(secret);
    with_both["headers"] = json!({"X-A": "1"});
    let created = platform.post(ALL, with_both, 201).await;
    assert!(!created.to_string().contains("whsec"));
    let (key, rotate) = (format!("{HOOK}/secret"), format!("{HOOK}/secret/rotate"));
    assert_eq!(platform.get(&key, 200).await, json!({"key": secret}));
    platform.send(Method::POST, &rotate, Body::empty(), 204).await;
    assert_ne!(platform.get(&key, 200).await["key"], secret);
    platform.post(&rotate, json!({"key": secret, "gracePeriodSeconds": 0}), 204).await;
    assert_eq!(platform.get(&key, 200).await["key"], secret);
    platform.post(&rotate, json!({"key": "whsec_short"}), 422).await;
    assert_eq!(platform.get(&key, 200).await["key"], secret);

    let headers = format!("{HOOK}/headers");
    let expected = json!({"headers": {"X-A": "1"}, "sensitive": []});
    assert_eq!(platform.get(&headers, 200).await, expected);
    platform.put(&headers, json!({"headers": {"host": "x"}}), 422).await;
    assert_eq!(platform.get(&headers, 200).await, expected);
    platform.put(&headers, json!({"headers": {"Authorization": "a"}}), 204).await;
    let expected = json!({"headers": {}, "sensitive": ["Authorization"]});
    assert_eq!(platform.get(&headers, 200).await, expected);
    platform.patch(&headers, json!({"headers": {}}), 405).await;
}

#[tokio::test]
async fn asks_for_what_posthaste_tells_and_nothing_else() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let told = json!([
        "background_task.finished",
        "endpoint.created",
        "endpoint.deleted",
        "endpoint.disabled",
        "endpoint.enabled",
        "endpoint.updated",
        "message.attempt.exhausted",
        "message.attempt.failing",
        "message.attempt.recovered",
    ]);
    let wants = |types: &Value| json!({"url": "http://x/", "eventTypes": types});
    let created = platform.post(ALL, wants(&told), 201).await;
    assert_eq!(created["eventTypes"], told);
    // The platform's own catalogue is another.
    platform.post("/event-type", json!({"name": "own", "description": ""}), 201).await;
    for types in [json!(["own"]), json!(["endpoint.created", "endpoint.made"])] {
        for fault in [
            platform.post(ALL, wants(&types), 422).await,
            platform.put(&format!("{ALL}/new"), wants(&types), 422).await,
        ] {
            assert_eq!(fault["detail"][0]["loc"], json!(["body", "eventTypes"]));
        }
    }
    platform.application("shop").await;
    platform.post("/app/shop/endpoint", wants(&json!(["endpoint.created"])), 422).await;
    let channels = json!({"url": "http://x/", "channels": ["eu"]});
    let fault = platform.post(ALL, channels.clone(), 422).await;
    assert_eq!(fault["detail"][0]["loc"], json!(["body", "channels"]));
    platform.put(&format!("{ALL}/new"), channels, 422).await;
    platform.post(ALL, json!({"url": "nowhere"}), 422).await;
    let all = platform.get(ALL, 200).await;
    assert_eq!(all["data"], json!([created]));
}

#[tokio::test]
async fn belongs_to_its_organisation_alone() {
    let bed = Bed::start().await;
    let (platform, stranger) = (bed.platform(), bed.organisation(OTHER_ORG));
    let created = platform.post(ALL, body(), 201).await;
    let by_id = format!("{ALL}/{}", text(&created["id"]));
    for furnished in [false, true] {
        if furnished {
            // It has an application for its own by now.
            stranger.post(ALL, json!({"url": "http://theirs/"}), 201).await;
        }
        for (method, path) in OPERATIONS {
            let method: Method = method.parse().unwrap();
            if path != ALL {
                let path = path.replace(HOOK, &by_id);
                stranger.send(method.clone(), &path, any_body(), 404).await;
                if method != Method::PUT || path.ends_with("/headers") {
                    stranger.send(method, &path.replace(&by_id, HOOK), any_body(), 404).await;
                }
            }
        }
    }
    assert_eq!(column(&stranger.get(ALL, 200).await, "url"), ["http://theirs/"]);
    // The same uid names another endpoint there.
    let theirs = stranger.put(HOOK, json!({"url": "http://x/"}), 201).await;
    assert_ne!(theirs["id"], created["id"]);
    assert_eq!(platform.get(ALL, 200).await["data"], json!([created]));
}

#[tokio::test]
async fn is_for_organisations_only() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    let created = platform.post(ALL, body(), 201).await;
    for (method, path) in OPERATIONS {
        let method: Method = method.parse().unwrap();
        bed.caller(None).send(method.clone(), path, any_body(), 401).await;
        bed.merchant(&app, &[]).send(method.clone(), path, any_body(), 403).await;
        // Posthaste would tell itself of what it tells.
        bed.organisation(POSTHASTE).send(method, path, any_body(), 403).await;
    }
    assert_eq!(platform.get(ALL, 200).await["data"], json!([created]));
}

#[tokio::test]
async fn the_application_behind_it_is_one_and_is_nobodys() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.post(ALL, json!({"url": "http://x/", "channels": ["eu"]}), 422).await;
    let operator = bed.organisation(POSTHASTE);
    assert_eq!(operator.get("/app", 200).await["data"], json!([]), "a refusal creates nothing");
    // Of many who create the first endpoint at once, each gets one, all in one application.
    let create = |n: u8| {
        let body = json!({"url": format!("http://x/{n}")}).to_string();
        platform.send_any(Method::POST, ALL, body.into())
    };
    let answers = join_all((0..8).map(create)).await;
    assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
    assert_eq!(column(&platform.get(ALL, 200).await, "id").len(), 8);
    let applications = operator.get("/app", 200).await;
    assert_eq!(column(&applications, "uid"), [crate::bed::ORG]);
    assert_eq!(platform.get("/app", 200).await["data"], json!([]));
    for key in [text(&applications["data"][0]["id"]).as_str(), crate::bed::ORG] {
        platform.get(&format!("/app/{key}"), 404).await;
        platform.get(&format!("/app/{key}/endpoint"), 404).await;
    }
}
