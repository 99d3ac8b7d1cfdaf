//! The broker cannot store: callers hear 503 and when to ask again, and what was answered 202 is
//! there.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use super::{
    stage::Stage,
    surface::{Ask, Heard, Surface},
};

const BUDGET: Duration = Duration::from_millis(1_500);
const ONE_PUBLISH: Duration = Duration::from_millis(500);
/// A busy machine.
const SLACK: Duration = Duration::from_secs(2);
/// How long the roles may take to find the broker again.
const RECOVERY: Duration = Duration::from_secs(30);
/// What ingress asks callers to wait.
const RETRY_AFTER: &str = "5";

fn assert_unavailable(heard: &Heard) {
    assert_eq!(heard.expect(503)["code"], "unavailable");
    assert_eq!(heard.header("retry-after"), Some(RETRY_AFTER));
}

/// Repeats a message until it is accepted. Each try takes its time at the broker.
async fn accepted_at_last(surface: Surface, ask: &Ask) -> String {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let heard = surface.send(ask).await;
        if heard.status == 202 {
            return heard.accepted();
        }
        assert_unavailable(&heard);
        assert!(Instant::now() < deadline, "not accepted within {RECOVERY:?}");
    }
}

#[tokio::test]
async fn without_a_broker_it_is_503_in_time_and_202_once_it_is_back() {
    let mut stage = Stage::start(&[
        ("POSTHASTE_NATS_PUBLISH_BUDGET_MS", "1500"),
        ("POSTHASTE_NATS_PUBLISH_TIMEOUT_MS", "500"),
    ])
    .await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    stage.client.endpoint(&stage.app, &receiver.url()).await;
    let before = stage.surfaces[1].send(&stage.message()).await.accepted();

    stage.bed.nats.kill();
    for surface in stage.surfaces {
        let asked = Instant::now();
        let heard = surface.send(&stage.message().key(surface.name)).await;
        let took = asked.elapsed();
        assert_unavailable(&heard);
        assert!(took < BUDGET + ONE_PUBLISH + SLACK, "{took:?}");
        // What is wrong with the request is said all the same: nobody should wait to learn that.
        let wrong = stage.message().json(&json!({ "eventType": "a" }));
        surface.send(&wrong).await.expect(422);
        surface.send(&stage.message().without("authorization")).await.expect(401);
    }

    // The rest of the API: what is known is known, and what is to be changed is worth another try.
    stage.client.call(Method::GET, "/api/v1/app", None).await.expect(200);
    let change = json!({ "name": "new" });
    let refused = stage.client.call(Method::POST, "/api/v1/app", Some(&change)).await;
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    assert_eq!(refused.expect(503)["code"], "unavailable");

    stage.bed.nats.restart().await;
    let mut ids = BTreeSet::from([before]);
    for surface in stage.surfaces {
        // Whether the broker had stored it before it went or not, the repeat finds one message.
        ids.insert(accepted_at_last(surface, &stage.message().key(surface.name)).await);
    }
    assert_eq!(ids.len(), 3);
    assert_eq!(stage.stored().await, 3);
    let _worker = stage.bed.worker().await;
    let received = receiver.wait_for(3).await;
    let received = received.iter().map(|request| request.header("webhook-id").unwrap().to_owned());
    assert_eq!(received.collect::<BTreeSet<_>>(), ids);
}

#[tokio::test]
async fn a_full_stream_is_503_and_loses_nothing_it_took() {
    const LARGE: usize = 100_000;
    let stage = Stage::start(&[("POSTHASTE_NATS_EVENTS_MAX_BYTES", "1048576")]).await;
    let [control, ingress] = stage.surfaces;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    stage.client.endpoint(&stage.app, &receiver.url()).await;
    let body = json!({ "eventType": "a", "payload": { "filling": "x".repeat(LARGE) } });
    let large = |n: usize| stage.message().json(&body).key(&format!("large {n}"));

    let mut taken = Vec::new();
    let refused = loop {
        let surface = stage.surfaces[taken.len() % 2];
        let heard = surface.send(&large(taken.len())).await;
        if heard.status != 202 {
            break heard;
        }
        taken.push(heard.accepted());
        assert!(taken.len() * LARGE < 2 << 20, "the limit holds");
    };
    assert_unavailable(&refused);
    assert!(taken.len() * LARGE > 1 << 19, "the stream was used: {} taken", taken.len());
    for surface in [control, ingress] {
        assert_unavailable(&surface.send(&large(taken.len())).await);
        // To know a repeat takes no room.
        assert_eq!(surface.send(&large(0)).await.accepted(), taken[0]);
    }

    let _worker = stage.bed.worker().await;
    let received = receiver.wait_for(taken.len()).await;
    let received = received.iter().map(|request| request.header("webhook-id").unwrap().to_owned());
    let taken: BTreeSet<_> = taken.into_iter().collect();
    assert_eq!(received.collect::<BTreeSet<_>>(), taken);
}
