//! Endpoints, over the wire.

use serde_json::{Value, json};

use crate::bed::{Bed, column, text};

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
