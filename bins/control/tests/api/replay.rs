//! Sending many messages again, and removing what they say.

use std::time::Duration;

use posthaste_api::Capability;
use serde_json::{Value, json};

use crate::{
    background_task::endpoint,
    bed::{Bed, now},
};

const DAY: Duration = Duration::from_secs(86_400);

fn ago(wait: Duration) -> String {
    (now() - wait).to_string()
}

fn place(answer: &Value) -> &Value {
    &answer["detail"][0]["loc"]
}

#[tokio::test]
async fn each_kind_starts_a_task_of_its_own() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    let full = json!({
        "since": ago(DAY), "until": ago(Duration::ZERO), "eventTypes": ["a.b"], "channel": "eu",
        "tag": "batch/42", "status": 2, "statusCodeClass": 500,
    });
    let nulls = json!({
        "since": ago(DAY), "until": null, "eventTypes": null, "channel": null, "tag": null,
        "status": null, "statusCodeClass": null,
    });
    for (what, body, task) in [
        ("recover", json!({"since": ago(DAY)}), "endpoint.recover"),
        ("replay-missing", json!({"since": ago(DAY * 60), "until": null}), "endpoint.replay"),
        ("bulk-replay", full, "endpoint.bulk-replay"),
        ("bulk-replay/", nulls, "endpoint.bulk-replay"),
    ] {
        let started = platform.post(&format!("{endpoint}/{what}"), body, 202).await;
        let keys: Vec<_> = started.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "status", "task", "updatedAt"], "{what}");
        assert_eq!((&started["task"], &started["status"]), (&json!(task), &json!("running")));
    }
    let app = endpoint.split('/').nth(2).unwrap();
    let path = format!("/app/{app}/msg/expunge-all-contents");
    let started = platform.send(http::Method::POST, &path, axum::body::Body::empty(), 202).await;
    assert_eq!(started["task"], "application.purge_content");
}

#[tokio::test]
async fn bodies_that_are_wrong_are_answered_with_the_place() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    let late = ago(Duration::ZERO);
    for (what, body, field) in [
        ("recover", json!({"since": ago(DAY * 15)}), "since"),
        ("recover", json!({"since": "yesterday"}), "since"),
        ("recover", json!({"since": late, "until": ago(DAY)}), "until"),
        ("replay-missing", json!({"since": ago(DAY), "until": "never"}), "until"),
        ("bulk-replay", json!({"since": late, "status": 5}), "status"),
        ("bulk-replay", json!({"since": late, "statusCodeClass": 404}), "statusCodeClass"),
        ("bulk-replay", json!({"since": late, "channel": ""}), "channel"),
        ("bulk-replay", json!({"since": late, "tag": "ä"}), "tag"),
    ] {
        let answer = platform.post(&format!("{endpoint}/{what}"), body, 422).await;
        assert_eq!(place(&answer), &json!(["body", field]), "{what}");
    }
    let types = json!({"since": late, "eventTypes": ["a.b", "c d"]});
    let answer = platform.post(&format!("{endpoint}/bulk-replay"), types, 422).await;
    assert_eq!(place(&answer), &json!(["body", "eventTypes", "[1]"]));
    for what in ["recover", "replay-missing", "bulk-replay"] {
        platform.post(&format!("{endpoint}/{what}"), json!({}), 422).await;
    }
    // Fourteen days and a little.
    platform.post(&format!("{endpoint}/recover"), json!({"since": ago(DAY * 14)}), 202).await;
}

#[tokio::test]
async fn nothing_is_begun_for_an_endpoint_that_is_switched_off() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    platform.patch(&endpoint, json!({"disabled": true}), 200).await;
    for what in ["recover", "replay-missing", "bulk-replay"] {
        let body = json!({"since": ago(DAY)});
        let answer = platform.post(&format!("{endpoint}/{what}"), body, 400).await;
        assert_eq!(answer["code"], "endpoint_disabled");
    }
    platform.patch(&endpoint, json!({"disabled": false}), 200).await;
    platform.post(&format!("{endpoint}/recover"), json!({"since": ago(DAY)}), 202).await;
}

#[tokio::test]
async fn a_merchant_may_have_things_sent_and_may_not_remove_any() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    let app = endpoint.split('/').nth(2).unwrap();
    let looks_on = bed.portal(app, &[], [Capability::ViewBase].into());
    for what in ["recover", "replay-missing", "bulk-replay"] {
        let path = format!("{endpoint}/{what}");
        bed.merchant(app, &[]).post(&path, json!({"since": ago(DAY)}), 202).await;
        looks_on.post(&path, json!({"since": ago(DAY)}), 403).await;
        let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
        stranger.post(&path, json!({"since": ago(DAY)}), 404).await;
    }
    for what in ["bulk-expunge", "expunge-all-contents"] {
        let path = format!("/app/{app}/msg/{what}");
        bed.merchant(app, &[]).post(&path, json!({"ids": []}), 403).await;
    }
}

#[tokio::test]
async fn as_many_payloads_are_removed_at_once_as_may() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("acme").await;
    let path = format!("/app/{app}/msg/bulk-expunge");
    for nobody in [json!({}), json!({"ids": null}), json!({"ids": []})] {
        assert_eq!(platform.post(&path, nobody, 200).await, json!({"results": {}}));
    }
    let ids: Vec<_> = (0..=250).map(|n| format!("event-{n}")).collect();
    let answer = platform.post(&path, json!({"ids": ids}), 422).await;
    assert_eq!(place(&answer), &json!(["body", "ids"]));
}
