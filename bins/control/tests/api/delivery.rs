//! How messages fare at endpoints, and sending one of them again.

use axum::body::Body;
use http::Method;
use posthaste_api::Capability;
use posthaste_domain::{Event, Trigger};
use serde_json::{Value, json};

use crate::{
    bed::column,
    past::{PAYLOAD, Past, ids, walk},
};

const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

/// Four messages at `hook`: taken, given up, to be attempted again, and taken after a failure; the
/// last is at `other` too, given up.
async fn delivered() -> (Past, Vec<Event>) {
    let past = Past::begin().await;
    let events: Vec<_> = (0..4)
        .map(|n| {
            let mut event = past.event(n * 60, if n < 2 { "a" } else { "b" });
            if n == 2 {
                event.channels = vec!["eu".parse().unwrap()];
                event.tags = vec!["batch/1".parse().unwrap()];
            }
            event
        })
        .collect();
    let attempts = vec![
        past.taken(&events[0], &past.hook, 1),
        past.failed(&events[1], &past.hook, 61, Some(500), false),
        past.failed(&events[2], &past.hook, 121, None, true),
        past.failed(&events[3], &past.hook, 181, Some(500), true),
        past.taken(&events[3], &past.hook, 186),
        past.failed(&events[3], &past.other, 187, Some(500), false),
    ];
    past.record(&events, &attempts).await;
    (past, events)
}

#[tokio::test]
async fn messages_of_an_endpoint_are_shown_with_how_they_stand() {
    let (past, events) = delivered().await;
    let platform = past.bed.platform();
    let newest = |which: &[usize]| -> Vec<String> {
        which.iter().rev().map(|at| events[*at].id.to_string()).collect()
    };
    let third = events[2].accepted_at;
    for (query, expected) in [
        ("", &[0, 1, 2, 3][..]),
        ("status=0", &[0, 3]),
        ("status=2", &[1]),
        ("status=3", &[2]),
        ("status=1", &[]),
        ("status=4", &[]),
        ("event_types=a", &[0, 1]),
        ("channel=eu", &[2]),
        ("tag=batch/1&status=3", &[2]),
        (&format!("before={third}"), &[0, 1]),
        (&format!("after={third}&before={}", past.at(3_000)), &[2, 3]),
    ] {
        for limit in [1, 3] {
            let path = format!("/app/shop/endpoint/hook/msg?{query}");
            assert_eq!(walk(&platform, &path, limit).await, newest(expected), "{query}");
        }
    }
    let page = platform.get("/app/shop/endpoint/hook/msg", 200).await;
    assert_eq!(column(&page, "statusText"), ["success", "sending", "fail", "success"]);
    let waiting = &page["data"][1];
    let expected = json!({
        "id": events[2].id, "eventId": null, "eventType": "b", "payload": {"n": 1},
        "channels": ["eu"], "tags": ["batch/1"], "timestamp": third, "deliverAt": null,
        "status": 3, "statusText": "sending", "nextAttempt": past.at(126),
    });
    assert_eq!(waiting, &expected);
    let bare = platform.get("/app/shop/endpoint/hook/msg?with_content=false", 200).await;
    assert_eq!(bare["data"][1]["payload"], json!({}));
    platform.get("/app/shop/endpoint/none/msg", 404).await;
    platform.get("/app/shop/endpoint/hook/msg?status=5", 400).await;
}

#[tokio::test]
async fn endpoints_of_a_message_are_shown_and_done_says_the_truth() {
    let (past, events) = delivered().await;
    let platform = past.bed.platform();
    let path = format!("/app/shop/msg/{}/endpoint", events[3].id);
    let mut both = vec![past.hook.to_string(), past.other.to_string()];
    both.sort();
    assert_eq!(walk(&platform, &path, 1).await, both);
    assert_eq!(walk(&platform, &path, 2).await, both);
    let page = platform.get(&path, 200).await;
    let items = page["data"].as_array().unwrap();
    let hook = items.iter().find(|item| item["id"] == past.hook.as_str()).unwrap();
    assert_eq!((&hook["status"], &hook["statusText"]), (&json!(0), &json!("success")));
    assert_eq!((&hook["uid"], &hook["url"]), (&json!("hook"), &json!("http://hook.example/")));
    assert_eq!(hook["nextAttempt"], Value::Null);
    let waiting = format!("/app/shop/msg/{}/endpoint", events[2].id);
    let waiting = platform.get(&waiting, 200).await;
    assert_eq!(waiting["data"][0]["status"], 3);
    assert_eq!(waiting["data"][0]["nextAttempt"], json!(past.at(126)));
    platform.get("/app/shop/msg/none/endpoint", 404).await;
    // Pages are full, however many of the endpoints are gone.
    platform.delete(&format!("/app/shop/endpoint/{}", both[0]), 204).await;
    let page = platform.get(&format!("{path}?limit=1"), 200).await;
    assert_eq!((ids(&page), &page["done"]), (vec![both[1].clone()], &json!(true)));
    let back = format!("{path}?limit=1&iterator=-{}", both[1]);
    let page = platform.get(&back, 200).await;
    assert_eq!((ids(&page), &page["done"]), (Vec::new(), &json!(true)));
}

#[tokio::test]
async fn a_message_is_sent_again_to_one_endpoint_once() {
    let (past, events) = delivered().await;
    let platform = past.bed.platform();
    let path = format!("/app/shop/msg/{}/endpoint/hook/resend", events[1].id);
    let begun = platform.send(Method::POST, &path, Body::empty(), 202).await;
    assert_eq!(begun, json!({}));
    let sent = past.sent().await;
    let [stored] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(
        (&stored.event.id, &stored.event.event_type),
        (&events[1].id, &events[1].event_type)
    );
    assert_eq!(stored.payload, PAYLOAD);
    let resumed = stored.resume.as_ref().unwrap();
    assert_eq!((&resumed.endpoint, resumed.trigger), (&past.hook, Trigger::Manual));
    assert!(resumed.single);
    // Asked for again it is sent again, unless it is the same request.
    for _ in 0..2 {
        platform.keyed(&path, "again", 202).await;
    }
    assert_eq!(past.sent().await.len(), 2);
    let merchant = past.bed.merchant(past.app.as_str(), &[]);
    merchant.send(Method::POST, &path, Body::empty(), 202).await;
    assert_eq!(past.sent().await.len(), 3);
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_refused() {
    let (past, events) = delivered().await;
    let platform = past.bed.platform();
    let resend = |message: &str, endpoint: &str| {
        format!("/app/shop/msg/{message}/endpoint/{endpoint}/resend")
    };
    let id = events[0].id.as_str();
    let path = resend(id, "hook");
    let viewer = past.bed.portal(past.app.as_str(), &[], [Capability::ViewBase].into());
    let neighbour = platform.application("neighbour").await;
    for (caller, status) in [
        (past.bed.caller(None), 401),
        (viewer, 403),
        (past.bed.merchant(&neighbour, &[]), 404),
        (past.bed.organisation(OTHER_ORG), 404),
    ] {
        caller.send(Method::POST, &path, Body::empty(), status).await;
    }
    for path in [resend("none", "hook"), resend(id, "none")] {
        platform.send(Method::POST, &path, Body::empty(), 404).await;
    }
    platform.delete(&format!("/app/shop/msg/{id}/content"), 204).await;
    let refused = platform.send(Method::POST, &path, Body::empty(), 400).await;
    assert_eq!(refused["code"], "missing_payload");
    assert_eq!(past.sent().await.len(), 0);
}

#[tokio::test]
async fn an_example_goes_to_one_endpoint_whatever_it_wants() {
    let past = Past::begin().await;
    let platform = past.bed.platform();
    let schema = json!({"examples": [{"amount": 1}, {"amount": 2}]});
    let declared = json!({"name": "paid", "description": "", "schemas": {"1": schema}});
    platform.post("/event-type", declared, 201).await;
    platform.post("/event-type", json!({"name": "plain", "description": ""}), 201).await;
    platform.patch("/app/shop/endpoint/hook", json!({"eventTypes": ["plain"]}), 200).await;
    let path = "/app/shop/endpoint/hook/send-example";
    for (body, payload) in [
        (json!({"eventType": "svix.ping"}), json!({"success": true})),
        (json!({"eventType": "paid"}), json!({"amount": 1})),
        (json!({"eventType": "paid", "exampleIndex": 1}), json!({"amount": 2})),
    ] {
        let sent = platform.post(path, body.clone(), 200).await;
        assert_eq!((&sent["eventType"], &sent["payload"]), (&body["eventType"], &payload));
        let stored = past.sent().await.pop().unwrap();
        assert_eq!(stored.event.id.as_str(), sent["id"]);
        let resumed = stored.resume.unwrap();
        assert_eq!(resumed.endpoint, past.hook);
        assert_eq!(serde_json::from_slice::<Value>(&stored.payload).unwrap(), payload);
    }
    for (body, status) in [
        (json!({"eventType": "plain"}), 400),
        (json!({"eventType": "paid", "exampleIndex": 2}), 400),
        (json!({"eventType": "unknown"}), 404),
        (json!({"eventType": "un known"}), 422),
    ] {
        let refused = platform.post(path, body, status).await;
        assert!(status != 400 || refused["code"] == "invalid_scheme", "{refused}");
    }
    let ping = json!({"eventType": "svix.ping"});
    platform.post("/app/shop/endpoint/none/send-example", ping.clone(), 404).await;
    past.bed.merchant(past.app.as_str(), &[]).post(path, ping, 403).await;
    assert_eq!(past.sent().await.len(), 3);
}
