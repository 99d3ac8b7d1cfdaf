//! What waits for an endpoint, and pausing it, over the wire.

use std::time::Duration;

use axum::body::Body;
use futures_util::future::join_all;
use http::Method;
use posthaste_api::Capability;
use posthaste_domain::{AppId, Delivery, EndpointId, Lane, MessageId, Timestamp};
use serde_json::{Value, json};

use crate::{
    bed::{Bed, now, text},
    endpoint::{furnish, is_for_its_owners_only},
};

const HOOK: &str = "/app/shop/endpoint/hook";
const PAUSE: &str = "/app/shop/endpoint/hook/pause";
const RESUME: &str = "/app/shop/endpoint/hook/resume";

const BACKLOG: &str = "/app/shop/endpoint/hook/backlog";

/// A delivery to the endpoint `hook`, of a message that was accepted then.
fn delivery(app: &str, hook: &EndpointId, at: Timestamp) -> Delivery {
    let app: AppId = app.parse().unwrap();
    Delivery::first(MessageId::generate(at, &mut rand::rng()), app, hook.clone(), 1)
}

async fn hook(bed: &Bed) -> EndpointId {
    text(&bed.platform().get(HOOK, 200).await["id"]).parse().unwrap()
}

#[tokio::test]
async fn a_backlog_tells_what_waits_and_since_when() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    let platform = bed.platform();
    let none = json!({"waiting": 0, "scheduled": 0, "parked": 0, "oldestAt": null});
    assert_eq!(platform.get(BACKLOG, 200).await, none);
    let hook = hook(&bed).await;
    let oldest = Timestamp::from_micros(1_700_000_000_000_000);
    let of = |at| delivery(&app, &hook, at);
    for _ in 0..2 {
        bed.bus.enqueue(Lane::Fresh, &of(now())).await.unwrap();
    }
    bed.bus.schedule(now() + Duration::from_secs(3_600), &of(oldest)).await.unwrap();
    for _ in 0..3 {
        bed.bus.park(&of(now())).await.unwrap();
    }
    // A neighbour's is not among them.
    let other = EndpointId::generate(now(), &mut rand::rng());
    bed.bus.park(&delivery(&app, &other, now())).await.unwrap();
    let expected = json!({"waiting": 2, "scheduled": 1, "parked": 3, "oldestAt": oldest});
    assert_eq!(platform.get(BACKLOG, 200).await, expected);
    let reader = bed.portal(&app, &[], [Capability::ViewBase].into());
    assert_eq!(reader.get(BACKLOG, 200).await, expected);
}

#[tokio::test]
async fn a_resumption_lets_go_a_part_and_leaves_the_rest_where_it_is() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    let platform = bed.platform();
    let hook = hook(&bed).await;
    platform.post(PAUSE, json!({}), 200).await;
    for _ in 0..103 {
        bed.bus.park(&delivery(&app, &hook, now())).await.unwrap();
    }
    let counts = async || {
        let found = platform.get(BACKLOG, 200).await;
        (found["waiting"].clone(), found["parked"].clone())
    };
    platform.post(PAUSE, json!({}), 200).await;
    assert_eq!(counts().await, (json!(0), json!(103)), "what is paused lets nothing go");
    platform.post(RESUME, json!({}), 200).await;
    assert_eq!(counts().await, (json!(100), json!(3)));
    platform.post(RESUME, json!({}), 200).await;
    assert_eq!(counts().await, (json!(100), json!(3)), "there was nothing to resume");
}

#[tokio::test]
async fn without_the_broker_nothing_is_said() {
    let mut bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    bed.nats.kill();
    for answer in [platform.get(BACKLOG, 503).await, platform.post(PAUSE, json!({}), 503).await] {
        assert_eq!(answer["code"], "unavailable");
    }
    assert_eq!(platform.get(HOOK, 200).await["pausedAt"], Value::Null);
}

#[tokio::test]
async fn is_paused_once_and_resumed_once() {
    let bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    let before = platform.get(HOOK, 200).await;
    assert_eq!(before["pausedAt"], Value::Null);
    assert_eq!(platform.post(RESUME, json!({}), 200).await, before, "there is nothing to resume");

    let paused = platform.send(Method::POST, PAUSE, Body::empty(), 200).await;
    assert_eq!((&paused["pausedAt"], &paused["disabled"]), (&paused["updatedAt"], &json!(false)));
    assert_ne!(paused["updatedAt"], before["updatedAt"]);
    assert_eq!(platform.get(HOOK, 200).await, paused);
    assert_eq!(platform.post(PAUSE, json!({}), 200).await, paused, "since when it is stays");
    // Nothing else resumes it.
    let put = platform.put(HOOK, json!({"url": "http://y/", "pausedAt": null}), 200).await;
    let patched = platform.patch(HOOK, json!({"pausedAt": null, "disabled": true}), 200).await;
    for changed in [put, patched] {
        assert_eq!(changed["pausedAt"], paused["pausedAt"]);
    }

    let resumed = platform.send(Method::POST, RESUME, Body::empty(), 200).await;
    assert_eq!((&resumed["pausedAt"], &resumed["disabled"]), (&Value::Null, &json!(true)));
    assert_eq!(platform.post(RESUME, json!({}), 200).await, resumed);
    assert_eq!(platform.get(HOOK, 200).await, resumed);
}

#[tokio::test]
async fn of_many_who_pause_at_once_all_are_told_the_same() {
    let bed = Bed::start().await;
    furnish(&bed).await;
    let platform = bed.platform();
    let answers = join_all((0..6).map(|_| platform.post(PAUSE, json!({}), 200))).await;
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn switches_for_its_owners_only() {
    let bed = Bed::start().await;
    let app = furnish(&bed).await;
    let platform = bed.platform();
    let before = platform.get(HOOK, 200).await;
    for path in ["/pause", "/resume"] {
        let operation = (Method::POST, path);
        is_for_its_owners_only(&bed, &app, operation, Capability::ManageEndpoint).await;
    }
    is_for_its_owners_only(&bed, &app, (Method::GET, "/backlog"), Capability::ViewBase).await;
    assert_eq!(platform.get(HOOK, 200).await, before);
    let owner = bed.portal(&app, &[], [Capability::ManageEndpoint].into());
    assert_ne!(owner.post(PAUSE, json!({}), 200).await["pausedAt"], Value::Null);
}
