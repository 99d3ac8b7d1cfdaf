//! Workers share the work, and what changes reaches them while they run.

use std::time::{Duration, Instant};

use posthaste_testkit::{Answer, Receiver, Script};
use posthaste_worker::Worker;
use reqwest::Method;
use serde_json::json;

use crate::{
    bed::{Bed, Running},
    client::Client,
};

/// How many attempts a worker has made.
fn attempts(worker: &Running<Worker>) -> f64 {
    let families = worker.kit.registry.gather();
    let family =
        families.iter().find(|family| family.name() == "posthaste_delivery_attempts_total");
    family.unwrap().get_metric().iter().map(|metric| metric.get_counter().get_value()).sum()
}

#[tokio::test]
async fn a_worker_that_joins_gets_its_share_and_nobody_is_restarted() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_SLOTS_EVENTS", "4")]).await;
    let control = bed.control().await;
    let ingress = bed.ingress().await;
    let client = Client::new(control.role.address());
    let sender = Client::new(ingress.role.address());
    let receiver =
        Receiver::start(Script::always(Answer::OK.after(Duration::from_millis(20)))).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let (first, second) = (bed.worker().await, bed.worker().await);
    for n in 0..100 {
        sender.message(&app, json!({ "n": n })).await;
    }
    receiver.wait_for(100).await;
    assert!(attempts(&first) > 0.0 && attempts(&second) > 0.0);

    let third = bed.worker().await;
    for n in 100..300 {
        sender.message(&app, json!({ "n": n })).await;
    }
    let requests = receiver.wait_for(300).await;
    assert!(attempts(&third) > 0.0);
    let ids: std::collections::HashSet<_> =
        requests.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids.len(), 300, "each message once");
}

#[tokio::test]
async fn a_change_is_in_force_everywhere_when_its_call_returns() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let ingress = bed.ingress().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let sender = Client::new(ingress.role.address());
    let old = Receiver::start(Script::always(Answer::OK)).await;
    let new = Receiver::start(Script::always(Answer::OK)).await;
    for round in 0..5 {
        // A message straight after the application: ingress knows it already.
        let app = client.application(&format!("acme {round}")).await;
        let endpoint = client.endpoint(&app, &old.url()).await;
        sender.message(&app, json!({ "to": "old" })).await;
        old.next().await;
        let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
        let moved = json!({ "url": new.url() });
        let began = Instant::now();
        client.call(Method::PATCH, &path, Some(&moved)).await.expect(200);
        let took = began.elapsed();
        // The call returns once every process shows the change, so this message goes there.
        sender.message(&app, json!({ "to": "new" })).await;
        new.next().await;
        assert_eq!(old.count(), round + 1);
        // On a machine that is busy with other tests the call itself may be slow; what is promised
        // is that its own waiting is short.
        assert!(took < Duration::from_millis(500), "{took:?}");
        println!("a change of the URL was in force everywhere after {took:?}");
    }
}
