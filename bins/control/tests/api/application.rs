//! Applications, over the wire.

use http::Method;
use serde_json::{Value, json};

use crate::bed::{Bed, column, text};

#[tokio::test]
async fn is_created_read_changed_and_deleted() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let body = json!({"name": "Shop", "uid": "shop", "throttleRate": 7, "metadata": {"a": "b"}});
    let created = platform.post("/app/", body, 201).await;
    let id = text(&created["id"]);
    assert!(id.starts_with("app_") && id.len() == 31, "{id}");
    assert_eq!(platform.get(&format!("/app/{id}/"), 200).await, created);
    assert_eq!(platform.get("/app/shop", 200).await, created);

    let patched = platform.patch("/app/shop", json!({"name": "Store", "uid": null}), 200).await;
    assert_eq!((&patched["name"], &patched["throttleRate"]), (&json!("Store"), &json!(7)));
    assert_eq!(patched["createdAt"], created["createdAt"]);
    assert_ne!(patched["updatedAt"], created["updatedAt"]);
    platform.get("/app/shop", 404).await;

    let put = platform.put(&format!("/app/{id}"), json!({"name": "Shop"}), 200).await;
    assert_eq!((&put["metadata"], &put["throttleRate"]), (&json!({}), &Value::Null));
    assert_eq!(put["id"], created["id"]);

    platform.delete(&format!("/app/{id}"), 204).await;
    let gone = platform.get(&format!("/app/{id}"), 404).await;
    assert_eq!(gone, json!({"code": "not_found", "detail": "Entity not found"}));
    platform.delete(&format!("/app/{id}"), 404).await;
    platform.patch(&format!("/app/{id}"), json!({}), 404).await;
}

#[tokio::test]
async fn a_uid_belongs_to_one_application_at_a_time() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let first = platform.application("one").await;
    let conflict = platform.post("/app", json!({"name": "n", "uid": "one"}), 409).await;
    let detail = "An application with that id or uid already exists";
    assert_eq!(conflict, json!({"code": "conflict", "detail": detail}));
    let second = platform.application("two").await;
    let taken = json!({"name": "n", "uid": "one"});
    platform.put(&format!("/app/{second}"), taken.clone(), 409).await;
    platform.patch(&format!("/app/{second}"), taken.clone(), 409).await;
    platform.delete("/app/one", 204).await;
    platform.put(&format!("/app/{second}"), taken, 200).await;
    assert_eq!(platform.get("/app/one", 200).await["id"], second.as_str());
    platform.get(&format!("/app/{first}"), 404).await;
    // Other organisations have their own names.
    bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu").application("one").await;
}

#[tokio::test]
async fn asking_for_an_existing_one_creates_no_other() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let body = || json!({"name": "n", "uid": "shop"});
    let created = platform.post("/app?get_if_exists=true", body(), 201).await;
    assert_eq!(platform.post("/app?get_if_exists=true", body(), 200).await, created);
    // Of many who ask at the same moment one creates it, and all are told of the same.
    for uid in 0..10 {
        let body = json!({"name": "n", "uid": format!("race-{uid}")}).to_string();
        let ask =
            || platform.send_any(Method::POST, "/app?get_if_exists=true", body.clone().into());
        let answers = futures_util::future::join_all((0..8).map(|_| ask())).await;
        let created = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(created, 1, "{answers:?}");
        assert!(answers.iter().all(|(_, json)| json["id"] == answers[0].1["id"]), "{answers:?}");
    }
}

#[tokio::test]
async fn a_put_creates_what_is_not_there_and_only_once() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let created = platform.put("/app/fake-id/", json!({"name": "n"}), 201).await;
    assert_eq!(created["uid"], "fake-id");
    let again = platform.put("/app/fake-id", json!({"name": "m", "uid": null}), 200).await;
    assert_eq!((&again["id"], &again["uid"]), (&created["id"], &json!("fake-id")));
    let other = platform.put("/app/elsewhere", json!({"name": "n", "uid": "named"}), 201).await;
    assert_eq!(other["uid"], "named");
    platform.put("/app/app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", json!({"name": "n"}), 404).await;
    platform.put("/app/no%20name", json!({"name": "n"}), 404).await;
}

#[tokio::test]
async fn lists_are_paged_both_ways() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for n in 0..5 {
        platform.application(&format!("a{n}")).await;
    }
    let all = platform.get("/app", 200).await;
    let ids = column(&all, "id");
    assert!(ids.is_sorted() && ids.len() == 5 && all["done"] == true);
    let first = platform.get("/app?limit=2", 200).await;
    assert_eq!((column(&first, "id"), &first["done"]), (ids[..2].to_vec(), &json!(false)));
    assert_eq!(first["iterator"], ids[1].as_str());
    let next = format!("/app?limit=2&iterator={}", ids[1]);
    let second = platform.get(&next, 200).await;
    assert_eq!(column(&second, "id"), ids[2..4]);
    let back = format!("/app?limit=2&iterator={}", text(&second["prevIterator"]));
    assert_eq!(column(&platform.get(&back, 200).await, "id"), ids[..2]);
    let reversed = platform.get("/app?order=descending&limit=1", 200).await;
    assert_eq!(column(&reversed, "id"), ids[4..]);

    let too_many = platform.get("/app?limit=251", 422).await;
    let expected = json!({"detail": [{
        "loc": ["query", "limit", "limit"], "msg": "Given limit must not exceed 250",
        "type": "value_error",
    }]});
    assert_eq!(too_many, expected);
    platform.get("/app?limit=6&iterator=BAD-$$$ITERATOR", 422).await;
    platform.get("/app?iterator=app_x", 422).await;
    assert_eq!(platform.get("/app?limit=many", 400).await["code"], "generic_error");
    platform.get("/app?order=sideways", 400).await;
    let empty = bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu").get("/app", 200).await;
    assert_eq!(empty, json!({"data": [], "iterator": null, "done": true}));
}

#[tokio::test]
async fn faults_of_a_body_are_told_by_their_place() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let faults = platform.post("/app", json!({"name": "", "uid": "$"}), 422).await;
    let places: Vec<_> = faults["detail"].as_array().unwrap().iter().map(|f| &f["loc"]).collect();
    assert_eq!(places, [&json!(["body", "name"]), &json!(["body", "uid"])]);
    let wrong = platform.post("/app", json!({"name": "n", "throttleRate": "x"}), 422).await;
    assert_eq!(wrong["detail"][0]["loc"], json!(["body", "throttleRate"]));
    assert_eq!(wrong["detail"][0]["type"], "value_error.jsondecode");
    let large = json!({"name": "n".repeat(300_000)});
    assert_eq!(platform.post("/app", large, 413).await["code"], "payload_too_large");
}

#[tokio::test]
async fn a_write_that_the_broker_does_not_confirm_is_worth_another_try() {
    let mut bed = Bed::start().await;
    let platform = bed.platform();
    let id = platform.application("shop").await;
    bed.nats.kill();
    // Reads need no broker.
    assert_eq!(platform.get("/app/shop", 200).await["id"], id.as_str());
    let refused = platform.post("/app", json!({"name": "n"}), 503).await;
    assert_eq!(refused["code"], "unavailable");
}

#[tokio::test]
async fn a_list_leaves_out_those_that_nothing_is_delivered_to() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for uid in ["bare", "off", "mixed"] {
        platform.application(uid).await;
    }
    for (uid, disabled) in [("off", true), ("mixed", true), ("mixed", false)] {
        let body = json!({"url": "https://receiver.test/", "disabled": disabled});
        platform.post(&format!("/app/{uid}/endpoint"), body, 201).await;
    }
    for (query, left) in [
        ("", &["bare", "off", "mixed"][..]),
        ("exclude_apps_with_svix_play_endpoints=true", &["bare", "off", "mixed"]),
        ("exclude_apps_with_no_endpoints=true", &["off", "mixed"]),
        ("exclude_apps_with_disabled_endpoints=true", &["bare", "mixed"]),
        (
            "exclude_apps_with_no_endpoints=true&exclude_apps_with_disabled_endpoints=true",
            &["mixed"],
        ),
    ] {
        let page = platform.get(&format!("/app?{query}"), 200).await;
        assert_eq!(column(&page, "uid"), left, "{query}");
    }
    let page = platform.get("/app?exclude_apps_with_no_endpoints=true&limit=1", 200).await;
    assert_eq!((column(&page, "uid"), &page["done"]), (vec!["off".to_owned()], &json!(false)));
    platform.get("/app?exclude_apps_with_no_endpoints=maybe", 400).await;
}
