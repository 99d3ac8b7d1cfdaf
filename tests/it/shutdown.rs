//! A worker that is told to stop: nothing is cut that need not be, nothing is counted twice.

use std::{collections::BTreeMap, time::Duration};

use posthaste_bus::Bus;
use posthaste_domain::AttemptNo;
use posthaste_testkit::{Answer, Receiver, Role, Script, free_port, spawn_role};
use serde_json::json;

use crate::{
    bed::{Bed, until},
    client::Client,
};

const IN_FLIGHT: usize = 200;

async fn worker_process(bed: &Bed, drain: &str) -> Role {
    let admin = format!("127.0.0.1:{}", free_port());
    let mut environment = bed.environment();
    environment.retain(|(name, _)| name != "POSTHASTE_ADMIN_LISTEN");
    environment.push(("POSTHASTE_ADMIN_LISTEN".into(), admin.clone()));
    environment.push(("POSTHASTE_SHUTDOWN_DRAIN_MS".into(), drain.into()));
    let mut worker = spawn_role("posthaste-worker", environment);
    worker.wait_ready(&format!("http://{admin}")).await;
    worker
}

/// How often each attempt number was recorded of each message.
async fn recorded(bus: &Bus) -> BTreeMap<(String, AttemptNo), usize> {
    let mut counts = BTreeMap::new();
    let mut next = 1;
    while let Some((seq, attempts)) = bus.attempts_from(next).await.unwrap() {
        next = seq + 1;
        for attempt in attempts {
            *counts.entry((attempt.message.to_string(), attempt.number)).or_default() += 1;
        }
    }
    counts
}

async fn is_idle(bus: &Bus) -> bool {
    bus.queue_stats().await.unwrap().is_idle()
}

#[tokio::test]
async fn a_draining_worker_finishes_every_attempt_under_way() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let slow = Answer::OK.after(Duration::from_secs(2));
    let receiver = Receiver::start(Script::always(slow)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let mut worker = worker_process(&bed, "10000").await;
    for n in 0..IN_FLIGHT {
        client.message(&app, json!({ "n": n })).await;
    }
    // All at once: the first must not have been answered before the last is sent.
    receiver.wait_for(IN_FLIGHT).await;
    let under_way = receiver.in_flight();
    worker.terminate();
    let status = worker.wait().await;
    assert!(status.success(), "{status}\n{}", worker.log());
    assert!(under_way > 0, "the drain had something to do");

    // Nothing was cut, so nothing comes back, neither from the broker nor to the receiver.
    let bus = bed.bus().await;
    until("the queues are empty", || is_idle(&bus)).await;
    assert_eq!(receiver.count(), IN_FLIGHT);
    let recorded = recorded(&bus).await;
    assert_eq!(recorded.len(), IN_FLIGHT);
    assert!(recorded.values().all(|times| *times == 1), "an attempt was counted twice");
}

#[tokio::test]
async fn without_time_to_drain_everything_comes_back_and_costs_no_attempt() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Held)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let mut worker = worker_process(&bed, "0").await;
    let mut messages = Vec::new();
    for n in 0..IN_FLIGHT {
        messages.push(client.message(&app, json!({ "n": n })).await);
    }
    receiver.wait_in_flight(IN_FLIGHT).await;
    worker.terminate();
    let status = worker.wait().await;
    assert!(status.success(), "{status}\n{}", worker.log());
    println!("{}", worker.log());

    receiver.set_script(Script::always(Answer::OK));
    let _second = bed.worker().await;
    receiver.wait_for(2 * IN_FLIGHT).await;
    let bus = bed.bus().await;
    until("the queues are empty", || is_idle(&bus)).await;
    let recorded = recorded(&bus).await;
    let expected: BTreeMap<_, _> =
        messages.into_iter().map(|message| ((message, AttemptNo::FIRST), 1)).collect();
    assert_eq!(recorded, expected, "one first attempt each, and no other");
}
