//! Payloads that are held against the schema of their event type, at both surfaces that accept
//! messages. `occurrence` is what else is said of an event, `scene` where it all happens.

mod occurrence;
mod scene;

use reqwest::Method;
use serde_json::json;

use self::scene::{Scene, TYPE, amounts, bad, good, message};
use crate::bed;

#[tokio::test]
async fn nobody_looks_unless_it_is_wanted() {
    let scene = Scene::start(None).await;
    scene.declare(json!({ "1": amounts() })).await;
    for surface in 0..2 {
        let heard = scene.send(surface, message(&bad())).await;
        assert_eq!(heard.expect(202).get("warnings"), None);
        assert_eq!(heard.warning, None);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_not_stored() {
    let scene = Scene::start(Some("refuse")).await;
    scene.declare(json!({ "1": amounts() })).await;
    // Before that the type had none, so what is stored until then counts for nothing.
    scene.until_answered(&bad(), 422).await;
    let before = scene.stored().await;
    for surface in 0..2 {
        let refused = scene.send(surface, message(&bad())).await.expect(422);
        let mut faults = refused["detail"].as_array().unwrap().clone();
        faults.sort_by_key(|fault| fault["loc"].as_array().unwrap().len());
        assert_eq!(faults.len(), 2, "{refused}");
        assert_eq!(faults[0]["loc"], json!(["body", "payload"]));
        assert_eq!(faults[1]["loc"], json!(["body", "payload", "items", "[1]", "n"]));
        assert!(faults[1]["msg"].as_str().unwrap().starts_with("/items/1/n: "), "{refused}");
        let messages = [good(), bad(), good()].map(|payload| message(&payload)).join(",");
        let batch = format!(r#"{{"messages":[{messages}]}}"#);
        let answer = scene.post(surface, "/batch", batch).await.expect(200);
        let statuses: Vec<_> =
            answer["data"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
        assert_eq!(statuses, [202, 422, 202]);
        assert_eq!(answer["data"][1]["error"], refused);
        // Of another type, or no JSON at all, it is nobody's to check.
        let other = json!({ "eventType": "other", "payload": bad() }).to_string();
        scene.send(surface, other).await.expect(202);
        let raw = json!({
            "eventType": TYPE, "payload": {}, "transformationsParams": { "rawPayload": "<a/>" },
        });
        scene.send(surface, raw.to_string()).await.expect(202);
    }
    assert_eq!(scene.stored().await, before + 8);
}

#[tokio::test]
async fn what_does_not_fit_is_stored_with_a_warning() {
    let scene = Scene::start(Some("warn")).await;
    scene.declare(json!({ "1": amounts() })).await;
    let bad = json!({ "amount": "é".repeat(99) });
    for surface in 0..2 {
        let warned = || async { scene.send(surface, message(&bad)).await.warning.is_some() };
        bed::until("the schema is known", warned).await;
        let heard = scene.send(surface, message(&bad)).await;
        let answer = heard.expect(202);
        let warnings = answer["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "{answer}");
        assert_eq!(warnings[0]["pointer"], "/amount");
        let problem = warnings[0]["problem"].as_str().unwrap();
        assert_eq!(heard.warning, Some(format!("/amount: {problem}")));
        let told = scene.told(answer["id"].as_str().unwrap()).await;
        assert!(!told.contains("warnings") && told.contains("éé"), "{told}");
        let fits = scene.send(surface, message(&good())).await;
        assert_eq!(fits.expect(202).get("warnings"), None);
        assert_eq!(fits.warning, None);
        let messages = [message(&bad), message(&good())].join(",");
        let batch = format!(r#"{{"messages":[{messages}]}}"#);
        let answer = scene.post(surface, "/batch", batch).await.expect(200);
        assert_eq!(answer["data"][0]["message"]["warnings"], json!(warnings));
        assert_eq!(answer["data"][1]["message"].get("warnings"), None);
    }
}

#[tokio::test]
async fn the_newest_schema_counts_and_a_broken_one_for_nothing() {
    let scene = Scene::start(Some("refuse")).await;
    scene.until_answered(&bad(), 202).await;
    scene.declare(json!({ "1": amounts() })).await;
    scene.until_answered(&bad(), 422).await;
    // Ten is more than nine, and what is no number does not count.
    scene.declare(json!({ "9": amounts(), "10": { "maxProperties": 0 }, "next": {} })).await;
    scene.until_answered(&good(), 422).await;
    for unusable in [
        json!({ "$ref": "http://127.0.0.1:1/schema.json" }),
        json!({ "properties": { "amount": { "pattern": "(?=" } } }),
        json!({ "allOf": [{ "$ref": "#" }] }),
    ] {
        scene.declare(json!({ "1": { "maxProperties": 0 } })).await;
        scene.until_answered(&bad(), 422).await;
        scene.declare(json!({ "1": unusable })).await;
        scene.until_answered(&bad(), 202).await;
    }
    let path = format!("/api/v1/event-type/{TYPE}");
    scene.declare(json!({ "1": amounts() })).await;
    scene.until_answered(&bad(), 422).await;
    let gone = scene.client.call(Method::DELETE, &format!("{path}?expunge=true"), None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    scene.until_answered(&bad(), 202).await;
}
