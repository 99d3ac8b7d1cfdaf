//! Headers of an endpoint's own, over the wire.

use http::Method;
use posthaste_api::Capability;
use serde_json::{Value, json};

use crate::{
    bed::Bed,
    endpoint::{furnish, is_for_its_owners_only},
};

const PATH: &str = "/app/shop/endpoint/hook/headers";

fn shown(headers: Value, sensitive: Value) -> Value {
    json!({"headers": headers, "sensitive": sensitive})
}

#[tokio::test]
async fn are_set_shown_changed_and_deleted() {
    let bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    assert_eq!(platform.get(PATH, 200).await, shown(json!({}), json!([])));
    platform.put(PATH, json!({"headers": {"X-A": "1", "X-B": "2", "x-c": ""}}), 204).await;
    let three = shown(json!({"X-A": "1", "X-B": "2", "x-c": ""}), json!([]));
    assert_eq!(platform.get(PATH, 200).await, three);

    let body = json!({"headers": {"x-a": "9", "X-B": null, "X-None": null, "X-D": "4"}});
    platform.patch(PATH, body, 204).await;
    let changed = shown(json!({"X-D": "4", "x-a": "9", "x-c": ""}), json!([]));
    assert_eq!(platform.get(PATH, 200).await, changed);
    let body = json!({"headers": {"X-E": "5"}, "deleteHeaders": ["X-C", "x-none", "x-d"]});
    platform.patch(PATH, body, 204).await;
    assert_eq!(platform.get(PATH, 200).await, shown(json!({"X-E": "5", "x-a": "9"}), json!([])));
    platform.patch(PATH, json!({"headers": {}, "deleteHeaders": null}), 204).await;
    platform.patch(PATH, json!({"deleteHeaders": ["X-E"]}), 204).await;
    assert_eq!(platform.get(PATH, 200).await, shown(json!({"x-a": "9"}), json!([])));

    // A PUT replaces them all, and a change of the endpoint leaves them alone.
    platform.put(PATH, json!({"headers": {"X-F": "6"}}), 204).await;
    platform.patch("/app/shop/endpoint/hook", json!({"disabled": true}), 200).await;
    assert_eq!(platform.get(PATH, 200).await, shown(json!({"X-F": "6"}), json!([])));
    platform.put(PATH, json!({"headers": {}}), 204).await;
    assert_eq!(platform.get(PATH, 200).await, shown(json!({}), json!([])));
}

#[tokio::test]
async fn credentials_are_never_shown_again() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    let platform = bed.platform();
    let headers = json!({
        "Authorization": "sesame", "X-API-Key": "sesame", "x-auth-token": "sesame",
        "WWW-Authenticate": "sesame", "X-Shop": "7",
    });
    platform.put(PATH, json!({"headers": headers}), 204).await;
    let names = json!(["Authorization", "WWW-Authenticate", "X-API-Key", "x-auth-token"]);
    let expected = shown(json!({"X-Shop": "7"}), names);
    assert_eq!(platform.get(PATH, 200).await, expected);
    let reader = bed.portal(&app, &[], [Capability::ViewBase].into());
    assert_eq!(reader.get(PATH, 200).await, expected);
    let endpoint = platform.get("/app/shop/endpoint/hook", 200).await;
    assert!(!endpoint.to_string().contains("sesame"));
    // They are deleted by name like any other.
    platform.patch(PATH, json!({"deleteHeaders": ["authorization", "x-api-key"]}), 204).await;
    let left = platform.get(PATH, 200).await;
    assert_eq!(left["sensitive"], json!(["WWW-Authenticate", "x-auth-token"]));
}

#[tokio::test]
async fn what_cannot_be_sent_is_never_stored() {
    let bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    platform.put(PATH, json!({"headers": {"X-A": "1"}}), 204).await;
    let before = platform.get(PATH, 200).await;
    for name in [
        "user-agent",
        "Keep-Alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "age",
        "cache-control",
        "clear-site-data",
        "expires",
        "pragma",
        "warning",
        "Content-Length",
        "content-type",
        "content-encoding",
        "content-language",
        "content-location",
        "host",
        "connection",
        "x-amz-a",
        "x-amzn-a",
        "x-google-a",
        "x-goog-a",
        "x-gfe-a",
        "x-azure-a",
        "x-fd-a",
        "x-svix-a",
        "Svix-Id",
        "webhook-signature",
        "no name",
        "",
        "x:",
    ] {
        let body = json!({"headers": {name: "v"}});
        let fault = platform.put(PATH, body.clone(), 422).await;
        assert_eq!(fault["detail"][0]["loc"], json!(["body", "headers", name]), "{fault}");
        assert_eq!(fault["detail"][0]["type"], "value_error");
        platform.patch(PATH, body, 422).await;
    }
    for value in [json!("a\nb"), json!("\u{0}"), json!("x".repeat(4_097)), json!(7)] {
        let body = json!({"headers": {"x-b": value}});
        platform.put(PATH, body.clone(), 422).await;
        platform.patch(PATH, body.clone(), 422).await;
        let create = json!({"url": "http://x/", "headers": body["headers"]});
        let fault = platform.post("/app/shop/endpoint", create, 422).await;
        assert_eq!(fault["detail"][0]["loc"][1], "headers", "{fault}");
    }
    for body in [
        json!({"headers": {"x-b": "1", "X-B": "2"}}),
        json!({"headers": {"x-b": "1"}, "deleteHeaders": ["X-B"]}),
        json!({"headers": []}),
    ] {
        platform.patch(PATH, body, 422).await;
    }
    platform.put(PATH, json!({}), 422).await;
    platform.put(PATH, json!({"headers": {"x-b": null}}), 422).await;
    assert_eq!(platform.get(PATH, 200).await, before);
    let all = platform.get("/app/shop/endpoint", 200).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn there_are_fifty_at_most_however_they_come() {
    let bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    let many = |from: usize, to: usize| {
        let all = (from..to).map(|n| (format!("x-{n}"), json!("v")));
        json!({"headers": all.collect::<serde_json::Map<_, _>>()})
    };
    platform.put(PATH, many(0, 51), 422).await;
    platform.put(PATH, many(0, 49), 204).await;
    platform.patch(PATH, many(48, 51), 422).await;
    platform.patch(PATH, many(48, 50), 204).await;
    let fault = platform.patch(PATH, many(50, 51), 422).await;
    assert_eq!(fault["detail"][0]["loc"], json!(["body", "headers"]));
    let found = platform.get(PATH, 200).await;
    assert_eq!(found["headers"].as_object().unwrap().len(), 50);
    let instead = json!({"headers": {"x-50": "v"}, "deleteHeaders": ["x-0"]});
    platform.patch(PATH, instead, 204).await;
}

#[tokio::test]
async fn are_for_their_owners_only() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    for method in [Method::PUT, Method::PATCH] {
        let needs = Capability::ManageEndpoint;
        is_for_its_owners_only(&bed, &app, (method, "/headers"), needs).await;
    }
    is_for_its_owners_only(&bed, &app, (Method::GET, "/headers"), Capability::ViewBase).await;
    let owner = bed.portal(&app, &[], [Capability::ManageEndpoint].into());
    owner.put(PATH, json!({"headers": {"x-a": "1"}}), 204).await;
    let found = bed.platform().get(PATH, 200).await;
    assert_eq!(found, shown(json!({"x-a": "1"}), json!([])));
}
