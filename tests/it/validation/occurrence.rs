//! What is said of an event beside its payload.

use serde_json::{Value, json};

use super::scene::Scene;

#[tokio::test]
async fn what_is_said_of_an_event_is_told_again() {
    let scene = Scene::start(None).await;
    for surface in 0..2 {
        let meta = "{ \"n\" : 1.10,\n \"k\":[ ] }";
        let said = format!(
            r#"{{"eventType":"a","payload":{{}},"occurredAt":"2026-01-02T03:04:05+01:00",
                "subject":"case é 7","mode":"test","meta":{meta}}}"#
        );
        let heard = scene.send(surface, said).await;
        let answer = heard.expect(202);
        assert_eq!(answer["occurredAt"], "2026-01-02T02:04:05.000000Z");
        assert_eq!((&answer["subject"], &answer["mode"]), (&json!("case é 7"), &json!("test")));
        assert!(heard.text.contains(&format!(r#""meta":{meta}"#)), "{}", heard.text);
        let told = scene.told(answer["id"].as_str().unwrap()).await;
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), answer);
        assert!(told.contains(&format!(r#""meta":{meta}"#)), "{told}");
    }
    let stored = scene.bed.bus().await.event_at(1).await.unwrap().unwrap();
    let occurrence = stored.event.occurrence;
    assert_eq!(occurrence.tenant.unwrap().as_str(), "shop-7");
    assert_eq!(occurrence.meta.as_deref(), Some("{ \"n\" : 1.10,\n \"k\":[ ] }"));
}

#[tokio::test]
async fn a_null_is_told_from_nothing() {
    let scene = Scene::start(None).await;
    for surface in 0..2 {
        for (said, told) in [(r#","meta":null"#, Some(&Value::Null)), ("", None)] {
            let body = format!(r#"{{"eventType":"a","payload":{{}}{said}}}"#);
            let answer = scene.send(surface, body).await.expect(202);
            assert_eq!(answer.get("meta"), told);
            for absent in ["occurredAt", "subject", "mode", "warnings"] {
                assert_eq!(answer.get(absent), None, "{answer}");
            }
            let recorded = scene.told(answer["id"].as_str().unwrap()).await;
            let recorded: Value = serde_json::from_str(&recorded).unwrap();
            assert_eq!(recorded, answer);
        }
    }
}

#[tokio::test]
async fn the_largest_body_may_say_as_much_as_it_likes() {
    let scene = Scene::start(None).await;
    // Every byte of it but two is written as two in the head of the event.
    let meta = format!(r#""{}""#, r#"\""#.repeat(4 * 1_024 - 1));
    for surface in 0..2 {
        let start = format!(r#"{{"eventType":"a","meta":{meta},"payload":{{"a":""#);
        let rest = 1_000_000 - start.len() - 3;
        let body = format!(r#"{start}{}"}}}}"#, "x".repeat(rest));
        let heard = scene.send(surface, body).await;
        heard.expect(202);
        assert!(heard.text.contains(&format!(r#""meta":{meta}"#)));
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_it_is_told_at_once() {
    let scene = Scene::start(None).await;
    let fields = r#""payload":{"a":"\udc00"},"occurredAt":"today","subject":"a\u0000",
        "mode":"dry","meta":["\ud83d"]"#;
    for surface in 0..2 {
        let one = format!(r#"{{"eventType":"a",{fields}}}"#);
        let refused = scene.send(surface, one.clone()).await.expect(422);
        let faults = refused["detail"].as_array().unwrap();
        let places: Vec<_> = faults.iter().map(|fault| fault["loc"][1].as_str().unwrap()).collect();
        assert_eq!(places, ["payload", "occurredAt", "subject", "meta", "mode"]);
        for lone in [&faults[0], &faults[3]] {
            assert!(lone["msg"].as_str().unwrap().contains("lone surrogate"), "{lone}");
        }
        let batch = format!(r#"{{"messages":[{one}]}}"#);
        let answer = scene.post(surface, "/batch", batch).await.expect(200);
        assert_eq!(answer["data"][0]["error"], refused);
    }
    assert_eq!(scene.stored().await, 0);
}
