//! Event types, over the wire.

use serde_json::{Value, json};

use crate::bed::{Bed, column};

#[tokio::test]
async fn is_created_read_changed_archived_and_brought_back() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let body =
        || json!({"name": "user.signup", "description": "d", "schemas": {"1": {"type": "object"}}});
    let created = platform.post("/event-type/", body(), 201).await;
    assert_eq!(platform.get("/event-type/user.signup/", 200).await, created);
    let exists = platform.post("/event-type", body(), 409).await;
    assert_eq!(exists["code"], "event_type_exists");

    let patched = platform.patch("/event-type/user.signup", json!({"schemas": {}}), 200).await;
    assert_eq!((&patched["schemas"], &patched["description"]), (&json!({}), &json!("d")));
    let put = json!({"name": "ignored", "description": "e"});
    let put = platform.put("/event-type/user.signup", put, 200).await;
    assert_eq!((&put["name"], &put["schemas"]), (&json!("user.signup"), &Value::Null));

    platform.delete("/event-type/user.signup", 204).await;
    assert_eq!(platform.get("/event-type/user.signup", 200).await["archived"], true);
    let back = platform.post("/event-type", body(), 201).await;
    assert_eq!((&back["archived"], &back["createdAt"]), (&json!(false), &created["createdAt"]));

    platform.delete("/event-type/user.signup?expunge=true", 204).await;
    platform.get("/event-type/user.signup", 404).await;
    platform.delete("/event-type/user.signup", 404).await;
    platform.patch("/event-type/user.signup", json!({}), 404).await;
    let made = platform.put("/event-type/fake-id", json!({"description": ""}), 201).await;
    assert_eq!(made["name"], "fake-id");
    platform.put("/event-type/no%20name", json!({"description": ""}), 422).await;
}

#[tokio::test]
async fn lists_leave_out_schemas_and_what_is_archived_unless_asked() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for name in ["b", "a", "-c"] {
        let body = json!({"name": name, "description": "", "schemas": {"1": {}}});
        platform.post("/event-type", body, 201).await;
    }
    platform.delete("/event-type/b", 204).await;
    let page = platform.get("/event-type", 200).await;
    assert_eq!(column(&page, "name"), ["-c", "a"]);
    assert_eq!(page["data"][0]["schemas"], Value::Null);
    let page = platform.get("/event-type?include_archived=true&with_content=true", 200).await;
    assert_eq!(column(&page, "name"), ["-c", "a", "b"]);
    assert_eq!(page["data"][0]["schemas"], json!({"1": {}}));
    // A name that begins like a backward iterator does not turn the walk round.
    let first = platform.get("/event-type?limit=1", 200).await;
    let next = format!("/event-type?limit=1&iterator={}", first["iterator"].as_str().unwrap());
    assert_eq!(column(&platform.get(&next, 200).await, "name"), ["a"]);
    platform.get("/event-type?iterator=BAD-$$$ITERATOR", 422).await;
}

#[tokio::test]
async fn a_feature_flag_hides_it_from_applications_without_the_flag() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    platform.post("/event-type", json!({"name": "open", "description": ""}), 201).await;
    let flags = ["gamma", "beta", "beta"];
    let flagged = json!({"name": "hidden", "description": "", "featureFlags": flags});
    let created = platform.post("/event-type", flagged, 201).await;
    assert_eq!(created["featureFlags"], json!(["beta", "gamma"]));
    assert_eq!(created["featureFlag"], "beta");
    for (flags, sees) in [(vec![], false), (vec!["other"], false), (vec!["other", "beta"], true)] {
        let merchant = bed.merchant(&app, &flags);
        merchant.get("/event-type/hidden", if sees { 200 } else { 404 }).await;
        let listed = column(&merchant.get("/event-type", 200).await, "name");
        assert_eq!(listed.len(), if sees { 2 } else { 1 }, "{flags:?}");
    }
}

#[tokio::test]
async fn a_schema_must_be_one() {
    let bed = Bed::start().await;
    let body = json!({"name": "a", "description": "", "schemas": {"1": {"readOnly": 15}}});
    let refused = bed.platform().post("/event-type", body, 422).await;
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "schemas", "1", "readOnly"]));
}

#[tokio::test]
async fn clients_of_old_say_one_flag() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let body = json!({"name": "a", "description": "", "featureFlag": "beta", "groupName": "pets"});
    let created = platform.post("/event-type", body, 201).await;
    assert_eq!(
        (&created["featureFlags"], &created["groupName"]),
        (&json!(["beta"]), &json!("pets"))
    );
    let patched = platform.patch("/event-type/a", json!({"featureFlag": "gamma"}), 200).await;
    assert_eq!(patched["featureFlags"], json!(["gamma"]));
    let put = platform.put("/event-type/a", json!({"description": ""}), 200).await;
    assert_eq!((&put["featureFlags"], &put["groupName"]), (&Value::Null, &Value::Null));
    platform.patch("/event-type/a", json!({"featureFlags": []}), 422).await;
}

#[tokio::test]
async fn lists_go_both_ways() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for name in ["a", "b", "c"] {
        platform.post("/event-type", json!({"name": name, "description": ""}), 201).await;
    }
    let page = platform.get("/event-type?order=descending&limit=2", 200).await;
    assert_eq!(
        (column(&page, "name"), &page["done"]),
        (vec!["c".into(), "b".into()], &json!(false))
    );
    let next = platform.get("/event-type?order=descending&iterator=b", 200).await;
    assert_eq!(column(&next, "name"), ["a"]);
}
