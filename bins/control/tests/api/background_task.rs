//! Tasks as callers see them. Nobody works them off here, so they run for as long as a test does.

use std::collections::BTreeMap;

use serde_json::json;

use crate::bed::{Bed, Caller, column, now, text};

/// An application with an endpoint; the way to the endpoint.
pub(crate) async fn endpoint(platform: &Caller, uid: &str) -> String {
    let app = platform.application(uid).await;
    let body = json!({"url": "https://example.com/"});
    let created = platform.post(&format!("/app/{app}/endpoint"), body, 201).await;
    format!("/app/{app}/endpoint/{}", text(&created["id"]))
}

async fn start(platform: &Caller, endpoint: &str, what: &str) -> String {
    let body = json!({"since": now().to_string()});
    text(&platform.post(&format!("{endpoint}/{what}"), body, 202).await["id"])
}

#[tokio::test]
async fn a_task_is_known_from_the_moment_it_was_answered() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    let body = json!({"since": now().to_string(), "until": null});
    let started = platform.post(&format!("{endpoint}/recover"), body, 202).await;
    let id = text(&started["id"]);
    assert!(id.starts_with("qtask_") && id.len() == 33, "{id}");
    assert_eq!(
        (&started["status"], &started["task"]),
        (&json!("running"), &json!("endpoint.recover"))
    );

    let found = platform.get(&format!("/background-task/{id}"), 200).await;
    assert_eq!(found["updatedAt"], started["updatedAt"]);
    assert_eq!(found["data"], json!({}));
    assert_eq!((&found["id"], &found["status"]), (&started["id"], &started["status"]));
}

#[tokio::test]
async fn tasks_are_listed_newest_first_by_kind_and_state() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    let mut started = BTreeMap::new();
    for (what, kind) in [
        ("recover", "endpoint.recover"),
        ("replay-missing", "endpoint.replay"),
        ("bulk-replay", "endpoint.bulk-replay"),
    ] {
        started.insert(start(&platform, &endpoint, what).await, kind);
    }
    // Two of the same moment may have their ids in either order.
    let (ids, kinds): (Vec<String>, Vec<&str>) = started.into_iter().rev().unzip();
    let all = platform.get("/background-task", 200).await;
    assert_eq!(
        (column(&all, "id"), column(&all, "task")),
        (ids.clone(), kinds.iter().map(ToString::to_string).collect())
    );
    assert_eq!(all["done"], true);

    let first = platform.get("/background-task?limit=2&order=ascending", 200).await;
    assert_eq!(
        (column(&first, "id"), &first["done"]),
        (vec![ids[2].clone(), ids[1].clone()], &json!(false))
    );
    let iterator = text(&first["iterator"]);
    let path = format!("/background-task?limit=2&order=ascending&iterator={iterator}");
    let rest = platform.get(&path, 200).await;
    assert_eq!((column(&rest, "id"), &rest["done"]), (vec![ids[0].clone()], &json!(true)));

    let path = format!("/background-task?task={}&status=running", kinds[1]);
    assert_eq!(column(&platform.get(&path, 200).await, "id"), [ids[1].clone()]);
    for none in ["status=finished", "status=failed", "task=message.broadcast"] {
        let empty = platform.get(&format!("/background-task?{none}"), 200).await;
        assert_eq!((&empty["data"], &empty["iterator"]), (&json!([]), &json!(null)), "{none}");
    }
    platform.get("/background-task?task=dishes", 400).await;
    platform.get("/background-task?limit=251", 422).await;
    platform.get("/background-task?iterator=msg_1", 422).await;
}

#[tokio::test]
async fn tasks_are_the_organisations_own() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let endpoint = endpoint(&platform, "acme").await;
    let id = start(&platform, &endpoint, "recover").await;
    let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
    stranger.get(&format!("/background-task/{id}"), 404).await;
    assert_eq!(stranger.get("/background-task", 200).await["data"], json!([]));
    platform.get("/background-task/qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", 404).await;
    platform.get("/background-task/qtask_1", 404).await;
    let app = endpoint.split('/').nth(2).unwrap();
    let merchant = bed.merchant(app, &[]);
    merchant.get("/background-task", 403).await;
    merchant.get(&format!("/background-task/{id}"), 403).await;
    bed.caller(None).get("/background-task", 401).await;
}

#[tokio::test]
async fn no_more_run_at_once_than_may() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let first = endpoint(&platform, "acme").await;
    for _ in 0..posthaste_control::tasks::RUNNING_MAX {
        start(&platform, &first, "recover").await;
    }
    let body = json!({"since": now().to_string()});
    let refused = platform.post(&format!("{first}/recover"), body, 400).await;
    assert_eq!(refused["code"], "limit_reached");
    // Another organisation is not concerned.
    let stranger = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu");
    let second = endpoint(&stranger, "acme").await;
    start(&stranger, &second, "recover").await;
}
