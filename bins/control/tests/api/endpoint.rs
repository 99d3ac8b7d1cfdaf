//! Endpoints, over the wire.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Method;
use posthaste_api::Capability;
use serde_json::{Value, json};

use crate::bed::{Bed, Caller, column, text};

/// An application `shop` with an endpoint `hook`; returns the application's id.
pub(crate) async fn furnish(bed: &Bed) -> String {
    let platform = bed.platform();
    let app = platform.application("shop").await;
    platform.post("/app/shop/endpoint", json!({"url": "http://x/", "uid": "hook"}), 201).await;
    app
}

/// Insists that an operation of the endpoint `hook` is refused to whom it is not for: no token,
/// another organisation, another application, and a token that lacks what it `needs`.
pub(crate) async fn is_for_its_owners_only(
    bed: &Bed,
    app: &str,
    (method, path): (Method, &str),
    needs: Capability,
) {
    let (hook, nobody) =
        (format!("/app/shop/endpoint/hook{path}"), format!("/app/shop/endpoint/nobody{path}"));
    let send = async |caller: Caller, path: &str, status: u16| {
        caller.send(method.clone(), path, Body::from(r#"{"headers":{}}"#), status).await
    };
    send(bed.caller(None), &hook, 401).await;
    send(bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu"), &hook, 404).await;
    let neighbour = bed.platform().application("neighbour").await;
    send(bed.merchant(&neighbour, &[]), &hook, 404).await;
    bed.platform().delete("/app/neighbour", 204).await;
    // Every capability that this one includes, or that has nothing to do with it.
    let without: BTreeSet<_> = Capability::ALL.into_iter().filter(|held| *held < needs).collect();
    let refused = send(bed.portal(app, &[], without), &hook, 403).await;
    assert_eq!(refused["code"], "insufficient access");
    // What is put where nobody is is made.
    if (&method, path) != (&Method::PUT, "") {
        send(bed.portal(app, &[], [needs].into()), &nobody, 404).await;
    }
}

#[tokio::test]
async fn is_created_read_changed_and_deleted() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    let created =
        platform.post("/app/shop/endpoint/", json!({"url": "http://Example.com"}), 201).await;
    let id = text(&created["id"]);
    assert!(id.starts_with("ep_") && id.len() == 30, "{id}");
    assert_eq!(created["url"], "http://example.com/");
    assert_eq!((&created["version"], &created["disabled"]), (&json!(1), &json!(false)));
    let path = format!("/app/{app}/endpoint/{id}");
    assert_eq!(platform.get(&path, 200).await, created);

    let patched = platform.patch(&path, json!({"rateLimit": 1, "uid": "hook"}), 200).await;
    assert_eq!((&patched["throttleRate"], &patched["uid"]), (&json!(1), &json!("hook")));
    let put = platform.put("/app/shop/endpoint/hook", json!({"url": "https://x/"}), 200).await;
    assert_eq!((&put["uid"], &put["rateLimit"]), (&json!("hook"), &Value::Null));
    assert_eq!((&put["id"], &put["createdAt"]), (&created["id"], &created["createdAt"]));

    platform.delete(&path, 204).await;
    platform.get(&path, 404).await;
    platform.get("/app/shop/endpoint/hook", 404).await;
    platform.delete(&path, 404).await;
}

#[tokio::test]
async fn belongs_to_its_application_and_goes_with_it() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("one").await;
    platform.application("two").await;
    let body = || json!({"url": "http://x/", "uid": "hook"});
    let hook = text(&platform.post("/app/one/endpoint", body(), 201).await["id"]);
    platform.post("/app/one/endpoint", body(), 409).await;
    platform.get(&format!("/app/two/endpoint/{hook}"), 404).await;
    platform.post("/app/two/endpoint", body(), 201).await;
    platform.delete("/app/one", 204).await;
    platform.get(&format!("/app/one/endpoint/{hook}"), 404).await;
    platform.application("one").await;
    assert_eq!(platform.get("/app/one/endpoint", 200).await["data"], json!([]));
    platform.post("/app/one/endpoint", body(), 201).await;
}

#[tokio::test]
async fn asks_only_for_event_types_of_the_catalogue() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let wants = |types: Value| json!({"url": "http://x/", "filterTypes": types});
    let unknown = platform.post("/app/shop/endpoint", wants(json!(["b", "a"])), 422).await;
    let expected = json!({"detail": [{
        "loc": ["body", "eventTypes"], "msg": "The following event types don't exist: a, b",
        "type": "value_error",
    }]});
    assert_eq!(unknown, expected);
    platform.post("/event-type", json!({"name": "a", "description": ""}), 201).await;
    let created = platform.post("/app/shop/endpoint", wants(json!(["a"])), 201).await;
    assert_eq!(created["eventTypes"], json!(["a"]));
    platform.delete("/event-type/a", 204).await;
    platform.post("/app/shop/endpoint", wants(json!(["a"])), 422).await;
    let path = format!("/app/shop/endpoint/{}", text(&created["id"]));
    platform.patch(&path, json!({"eventTypes": ["a"]}), 422).await;
    let patched = platform.patch(&path, json!({"description": "d"}), 200).await;
    assert_eq!(patched["eventTypes"], json!(["a"]), "what was chosen before stays");
}

#[tokio::test]
async fn a_put_creates_what_is_not_there() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let body = || json!({"url": "http://x/", "secret": "ignored"});
    let created = platform.put("/app/shop/endpoint/fake-id", body(), 201).await;
    assert_eq!(created["uid"], "fake-id");
    let again = platform.put("/app/shop/endpoint/fake-id", body(), 200).await;
    assert_eq!(again["id"], created["id"]);
    let lost = "/app/shop/endpoint/ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ";
    platform.put(lost, body(), 404).await;
    platform.put("/app/nobody/endpoint/fake-id", body(), 404).await;
}

#[tokio::test]
async fn lists_begin_with_the_newest() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    for n in 0..4 {
        let body = json!({"url": format!("https://x/{n}")});
        platform.post("/app/shop/endpoint", body, 201).await;
    }
    let all = platform.get("/app/shop/endpoint", 200).await;
    let ids = column(&all, "id");
    assert!(ids.is_sorted_by(|a, b| a > b) && ids.len() == 4, "{ids:?}");
    let path = format!("/app/shop/endpoint?limit=2&iterator={}", ids[1]);
    let second = platform.get(&path, 200).await;
    assert_eq!((column(&second, "id"), &second["done"]), (ids[2..].to_vec(), &json!(true)));
    let path = format!("/app/shop/endpoint?iterator={}", text(&second["prevIterator"]));
    assert_eq!(column(&platform.get(&path, 200).await, "id"), ids[..2]);
    let first = platform.get("/app/shop/endpoint?order=ascending&limit=1", 200).await;
    assert_eq!(column(&first, "id"), ids[3..]);
}

#[tokio::test]
async fn everything_that_may_be_said_of_it_is_kept() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    platform.post("/event-type", json!({"name": "a", "description": ""}), 201).await;
    let body = json!({
        "url": "https://Example.com/in?x=1", "description": "d", "uid": "hook", "version": 2,
        "disabled": true, "eventTypes": ["a"], "channels": ["eu", "a:b+c"], "throttleRate": 65_535,
        "metadata": {"k": "v"}, "headers": {"X-Shop": "7", "Authorization": "Bearer sesame"},
    });
    let created = platform.post("/app/shop/endpoint", body, 201).await;
    let (id, at) = (&created["id"], &created["createdAt"]);
    let expected = json!({
        "id": id, "metadata": {"k": "v"}, "description": "d", "rateLimit": 65_535,
        "throttleRate": 65_535, "uid": "hook", "url": "https://example.com/in?x=1", "version": 2,
        "disabled": true, "eventTypes": ["a"], "filterTypes": ["a"], "channels": ["a:b+c", "eu"],
        "pausedAt": null, "createdAt": at, "updatedAt": at,
    });
    assert_eq!(created, expected);
    let headers = platform.get("/app/shop/endpoint/hook/headers", 200).await;
    assert_eq!(headers, json!({"headers": {"X-Shop": "7"}, "sensitive": ["Authorization"]}));

    // What is shown may be sent back; and what has operations of its own stays.
    let put = platform.put("/app/shop/endpoint/hook", created.clone(), 200).await;
    assert_ne!(put["updatedAt"], created["updatedAt"]);
    let emptied = json!({"url": "http://y/", "eventTypes": [], "channels": [], "headers": {}});
    let put = platform.put("/app/shop/endpoint/hook", emptied, 200).await;
    assert_eq!((&put["eventTypes"], &put["channels"]), (&Value::Null, &Value::Null));
    platform.patch("/app/shop/endpoint/hook", json!({"headers": {}}), 200).await;
    assert_eq!(platform.get("/app/shop/endpoint/hook/headers", 200).await, headers);
}

#[tokio::test]
async fn a_body_that_is_refused_changes_nothing() {
    let bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    let before = platform.get("/app/shop/endpoint/hook", 200).await;
    for (field, value, kind) in [
        ("url", json!("ftp://x/"), "value_error"),
        ("url", json!(7), "value_error.jsondecode"),
        ("uid", json!("no name"), "value_error"),
        ("uid", json!("ep_2"), "value_error"),
        ("throttleRate", json!(0), "value_error"),
        ("throttleRate", json!(65_536), "value_error.jsondecode"),
        ("throttleRate", json!(-1), "value_error.jsondecode"),
        ("description", json!("x".repeat(16_385)), "value_error"),
        ("metadata", json!({"k": "x".repeat(4_096)}), "value_error"),
        ("metadata", json!({"k": 1}), "value_error.jsondecode"),
        ("channels", json!(vec!["c"; 11]), "value_error"),
        ("eventTypes", json!(["unknown"]), "value_error"),
    ] {
        let mut body = json!({"url": "http://x/"});
        body[field] = value;
        let faults = [
            platform.post("/app/shop/endpoint", body.clone(), 422).await,
            platform.put("/app/shop/endpoint/hook", body.clone(), 422).await,
            platform.put("/app/shop/endpoint/new", body.clone(), 422).await,
            platform.patch("/app/shop/endpoint/hook", body, 422).await,
        ];
        for fault in faults {
            assert_eq!(fault["detail"][0]["loc"][1], field, "{fault}");
            assert_eq!(fault["detail"][0]["type"], kind, "{fault}");
        }
    }
    platform.post("/app/shop/endpoint", json!({}), 422).await;
    platform.patch("/app/shop/endpoint/hook", json!({"url": null}), 422).await;
    let all = platform.get("/app/shop/endpoint", 200).await;
    assert_eq!(all["data"], json!([before]));
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    let before = bed.platform().get("/app/shop/endpoint/hook", 200).await;
    let reader = bed.portal(&app, &[], [Capability::ViewBase].into());
    assert_eq!(reader.get("/app/shop/endpoint/hook", 200).await, before);
    assert_eq!(reader.get("/app/shop/endpoint", 200).await["data"], json!([before]));
    let body = || json!({"url": "http://y/"});
    reader.post("/app/shop/endpoint", body(), 403).await;
    reader.put("/app/shop/endpoint/new", body(), 403).await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        is_for_its_owners_only(&bed, &app, (method, ""), Capability::ManageEndpoint).await;
    }
    is_for_its_owners_only(&bed, &app, (Method::GET, ""), Capability::ViewBase).await;
    assert_eq!(reader.get("/app/shop/endpoint", 200).await["data"], json!([before]));
}
