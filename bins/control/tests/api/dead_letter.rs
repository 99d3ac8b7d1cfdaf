//! Dead letters: lists, single ones, sending them again and throwing them away.

use axum::body::Body;
use http::Method;
use posthaste_api::Capability;
use posthaste_domain::{DeadLetter, DeathReason, Event, Refusal, Trigger};
use serde_json::{Value, json};

use crate::{
    bed::text,
    past::{PAYLOAD, Past, ids, walk},
};

const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

/// Three letters a minute apart: of `hook` after two attempts, of `other`, and of `hook`, which
/// was disabled.
async fn buried() -> (Past, Vec<Event>) {
    let past = Past::begin().await;
    let events = vec![past.event(0, "a"), past.event(1, "b"), past.event(2, "b")];
    let first = [
        past.failed(&events[0], &past.hook, 10, Some(500), true),
        past.failed(&events[0], &past.hook, 20, None, false),
    ];
    let second = [past.failed(&events[1], &past.other, 30, Some(404), false)];
    past.record(&events, &[&first[..], &second].concat()).await;
    let refused = DeathReason::Refused(Refusal::EndpointDisabled);
    let letters = [
        past.letter(&events[0], &first, 60),
        past.letter(&events[1], &second, 120),
        DeadLetter { reason: refused, ..past.letter(&events[2], &[], 180) },
    ];
    past.bury(&letters).await;
    (past, events)
}

#[tokio::test]
async fn letters_are_narrowed_and_walked() {
    let (past, _) = buried().await;
    let platform = past.bed.platform();
    let all = walk(&platform, "/dead-letter", 2).await;
    assert_eq!(all.len(), 3);
    let some = |which: &[usize]| -> Vec<String> {
        which.iter().map(|at| all[*at].clone()).collect() // newest first
    };
    let (hook, app) = (&past.hook, &past.app);
    for (query, expected) in [
        ("app_id=shop".to_owned(), &[0, 1, 2][..]),
        (format!("app_id={app}"), &[0, 1, 2]),
        ("app_id=app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".to_owned(), &[]),
        ("app_id=shop&endpoint_id=hook".to_owned(), &[0, 2]),
        (format!("app_id=shop&endpoint_id={hook}&event_types=a"), &[2]),
        ("event_types=b".to_owned(), &[0, 1]),
        ("reason=exhausted".to_owned(), &[1, 2]),
        ("reason=endpoint_disabled".to_owned(), &[0]),
        ("state=waiting".to_owned(), &[0, 1, 2]),
        ("state=redriven".to_owned(), &[]),
        (format!("before={}", past.at(120)), &[2]),
        (format!("after={}&before={}", past.at(120), past.at(180)), &[1]),
    ] {
        let path = format!("/dead-letter?{query}");
        assert_eq!(walk(&platform, &path, 1).await, some(expected), "{query}");
    }
    let after = platform.get(&format!("/dead-letter?after={}", past.at(120)), 200).await;
    assert_eq!(ids(&after), some(&[0, 1]));
    let own = past.bed.merchant(app.as_str(), &[]);
    for caller in [&platform, &own] {
        assert_eq!(walk(caller, "/app/shop/dead-letter", 2).await, all);
        let of_hook = walk(caller, "/app/shop/dead-letter?endpoint_id=hook", 1).await;
        assert_eq!(of_hook, some(&[0, 2]));
    }
    for (query, status) in [
        ("reason=bored", 422),
        ("state=lost", 400),
        ("endpoint_id=hook", 422),
        ("app_id=none", 404),
        ("app_id=shop&endpoint_id=none", 404),
    ] {
        platform.get(&format!("/dead-letter?{query}"), status).await;
    }
}

#[tokio::test]
async fn a_letter_is_shown_with_what_it_remembers() {
    let (past, events) = buried().await;
    let platform = past.bed.platform();
    let oldest = ids(&platform.get("/dead-letter", 200).await).pop().unwrap();
    let shown = platform.get(&format!("/dead-letter/{oldest}"), 200).await;
    assert_eq!(shown["msgId"], events[0].id.as_str());
    assert_eq!((&shown["reason"], &shown["state"]), (&json!("exhausted"), &json!("waiting")));
    assert_eq!((&shown["attemptCount"], &shown["eventType"]), (&json!(2), &json!("a")));
    assert_eq!((&shown["payload"], &shown["timestamp"]), (&json!({"n": 1}), &json!(past.at(60))));
    let attempts = shown["attempts"].as_array().unwrap();
    let told = |at: usize, field: &str| attempts[at][field].clone();
    assert_eq!((told(0, "responseStatusCode"), told(0, "attemptNumber")), (json!(500), json!(1)));
    assert_eq!((told(1, "responseStatusCode"), told(1, "failure")), (json!(0), json!("timeout")));
    // What was removed from the message is not shown by its letter.
    platform.delete(&format!("/app/shop/msg/{}/content", events[0].id), 204).await;
    let shown = platform.get(&format!("/dead-letter/{oldest}"), 200).await;
    assert_eq!(shown["payload"], json!({"expired": true}));
    for absent in ["none", "dead_2mUyNHGNzM2qRpFZTsVXrxQkEWJ"] {
        platform.get(&format!("/dead-letter/{absent}"), 404).await;
    }
}

#[tokio::test]
async fn a_letter_is_sent_again_once() {
    let (past, events) = buried().await;
    let platform = past.bed.platform();
    let oldest = ids(&platform.get("/dead-letter", 200).await).pop().unwrap();
    let path = format!("/dead-letter/{oldest}");
    let redriven =
        platform.send(Method::POST, &format!("{path}/redrive"), Body::empty(), 202).await;
    assert_eq!(redriven["state"], "redriven");
    let sent = past.sent().await;
    let [stored] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((&stored.event.id, &stored.payload[..]), (&events[0].id, PAYLOAD.as_bytes()));
    let resumed = stored.resume.as_ref().unwrap();
    assert_eq!((&resumed.endpoint, resumed.trigger), (&past.hook, Trigger::Manual));
    assert!(past.bed.bus.dead_letter(1).await.unwrap().is_none());
    // Neither again, nor away.
    platform.send(Method::POST, &format!("{path}/redrive"), Body::empty(), 409).await;
    platform.delete(&path, 409).await;
    let shown = platform.get(&path, 200).await;
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("redriven"), &json!([])));
    assert_eq!(past.sent().await.len(), 1);
}

#[tokio::test]
async fn a_letter_is_thrown_away() {
    let (past, _) = buried().await;
    let platform = past.bed.platform();
    let newest = ids(&platform.get("/dead-letter", 200).await).remove(0);
    let path = format!("/dead-letter/{newest}");
    for _ in 0..2 {
        platform.delete(&path, 204).await;
    }
    assert!(past.bed.bus.dead_letter(3).await.unwrap().is_none());
    assert_eq!(platform.get(&path, 200).await["state"], "discarded");
    assert_eq!(ids(&platform.get("/dead-letter?state=discarded", 200).await), [newest]);
    platform.send(Method::POST, &format!("{path}/redrive"), Body::empty(), 409).await;
    assert_eq!(past.sent().await.len(), 0);
}

#[tokio::test]
async fn a_letter_that_is_gone_or_lost_its_event_cannot_be_sent() {
    let (past, _) = buried().await;
    let platform = past.bed.platform();
    let all = ids(&platform.get("/dead-letter", 200).await);
    // Somebody took it out of the stream by hand.
    past.bed.bus.discard_dead_letter(1).await.unwrap();
    let redrive = format!("/dead-letter/{}/redrive", all[2]);
    platform.send(Method::POST, &redrive, Body::empty(), 409).await;
    let shown = platform.get(&format!("/dead-letter/{}", all[2]), 200).await;
    assert_eq!(
        (&shown["state"], &shown["payload"]),
        (&json!("discarded"), &json!({"expired": true}))
    );
    assert_eq!(past.sent().await.len(), 0);
}

#[tokio::test]
async fn letters_are_nobody_elses() {
    let (past, _) = buried().await;
    let bed = &past.bed;
    let newest = ids(&bed.platform().get("/dead-letter", 200).await).remove(0);
    let neighbour = bed.platform().application("neighbour").await;
    let viewer = bed.portal(past.app.as_str(), &[], [Capability::ViewBase].into());
    let (one, own) = (format!("/dead-letter/{newest}"), "/app/shop/dead-letter".to_owned());
    let redrive = format!("{one}/redrive");
    let send =
        async |caller: &crate::bed::Caller, method: &str, path: &str, status: u16| -> Value {
            caller.send(method.parse().unwrap(), path, Body::from("{}"), status).await
        };
    for (method, path) in [("GET", &one), ("POST", &redrive), ("DELETE", &one), ("GET", &own)] {
        send(&bed.caller(None), method, path, 401).await;
        send(&viewer, method, path, 403).await;
        send(&bed.merchant(&neighbour, &[]), method, path, 404).await;
        send(&bed.organisation(OTHER_ORG), method, path, 404).await;
    }
    let merchant = bed.merchant(past.app.as_str(), &[]);
    send(&merchant, "GET", "/dead-letter", 403).await;
    send(&merchant, "POST", "/dead-letter/redrive", 403).await;
    assert_eq!(bed.organisation(OTHER_ORG).get("/dead-letter", 200).await["data"], json!([]));
    send(&merchant, "GET", &one, 200).await;
    send(&merchant, "DELETE", &one, 204).await;
}

#[tokio::test]
async fn many_letters_are_a_task() {
    let (past, _) = buried().await;
    let platform = past.bed.platform();
    let filter = json!({
        "appId": "shop", "endpointId": "hook", "eventTypes": ["a"], "reason": "exhausted",
        "since": past.at(0), "until": null,
    });
    for body in [json!({}), filter] {
        let task = platform.post("/dead-letter/redrive", body, 202).await;
        assert_eq!(task["task"], "endpoint.recover");
        let path = format!("/background-task/{}", text(&task["id"]));
        assert_eq!(platform.get(&path, 200).await["task"], "endpoint.recover");
    }
    for (body, status) in [
        (json!({"endpointId": "hook"}), 422),
        (json!({"reason": "bored", "eventTypes": ["a b"]}), 422),
        (json!({"since": "yesterday"}), 422),
        (json!({"appId": "none"}), 404),
    ] {
        platform.post("/dead-letter/redrive", body, status).await;
    }
}
