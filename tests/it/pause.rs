//! What a paused endpoint would be sent is kept for it, retries with their numbers, and let go when
//! it is resumed.

use std::{collections::BTreeSet, time::Duration};

use posthaste_bus::{Backlog, Bus};
use posthaste_domain::{AppId, EndpointId};
use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use crate::{
    bed::{Bed, until},
    client::Client,
    manual::attempts,
    retry::dead_letters,
};

async fn post(client: &Client, app: &AppId, endpoint: &EndpointId, what: &str) {
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/{what}");
    client.call(Method::POST, &path, None).await.expect(200);
}

async fn until_parked(bus: &Bus, endpoint: &EndpointId, count: u64) -> Backlog {
    let backlog = || async { bus.backlog(endpoint).await.unwrap() };
    let parked = |now: Backlog| (now.waiting, now.scheduled, now.parked) == (0, 0, count);
    until("all are parked", || async { parked(backlog().await) }).await;
    backlog().await
}

#[tokio::test]
async fn what_is_new_and_what_is_retried_is_kept_and_goes_on_where_it_was() {
    // More endpoints than are attempted at once, so both ways are gone.
    let bed = Bed::start(&[
        ("POSTHASTE_WORKER_RETRY_WAITS_MS", "1500,1500"),
        ("POSTHASTE_WORKER_ATTEMPT_AT_ONCE", "1"),
    ])
    .await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let script = Script::sequence(vec![Answer::Status(500)], Answer::OK);
    let (paused, other) =
        (Receiver::start(script).await, Receiver::start(Script::always(Answer::OK)).await);
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &paused.url()).await;
    let mut sent = BTreeSet::from([client.message(&app, json!({ "n": 0 })).await]);
    paused.wait_for(1).await;
    post(&client, &app, &endpoint, "pause").await;
    sent.insert(client.message(&app, json!({ "n": 1 })).await);
    let bus = bed.bus().await;
    until("it is kept before there is another endpoint", || async {
        bus.backlog(&endpoint).await.unwrap().parked > 0
    })
    .await;
    client.endpoint(&app, &other.url()).await;
    sent.insert(client.message(&app, json!({ "n": 2 })).await);
    other.wait_for(1).await;

    let backlog = until_parked(&bus, &endpoint, 3).await;
    assert!(backlog.oldest.is_some());
    assert_eq!((paused.count(), other.count()), (1, 1));
    // Not an attempt, and recorded as none: one failed, the other endpoint's succeeded.
    attempts(&bus, 2).await;

    post(&client, &app, &endpoint, "resume").await;
    let requests = paused.wait_for(4).await;
    let arrived: BTreeSet<String> = requests[1..]
        .iter()
        .map(|request| request.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(arrived, sent);
    let all = attempts(&bus, 5).await;
    let numbers: Vec<u32> = all
        .iter()
        .filter(|attempt| attempt.endpoint == endpoint)
        .map(|attempt| attempt.number.get())
        .collect();
    assert_eq!(numbers.iter().filter(|number| **number == 2).count(), 1, "{numbers:?}");
    until_parked(&bus, &endpoint, 0).await;
    assert_eq!(paused.count(), 4);
    assert!(bus.dead_letters(None, None, 0, 10).await.unwrap().is_empty());
}

/// Nobody asks for the release here: a keeper finds what nobody pauses any more.
#[tokio::test]
async fn what_is_parked_for_an_endpoint_that_goes_becomes_dead_letters_that_say_so() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let deleted = client.endpoint(&app, &receiver.url()).await;
    let disabled = client.endpoint(&app, &receiver.url()).await;
    let bus = bed.bus().await;
    for endpoint in [&deleted, &disabled] {
        post(&client, &app, endpoint, "pause").await;
    }
    client.message(&app, json!({})).await;
    for endpoint in [&deleted, &disabled] {
        until_parked(&bus, endpoint, 1).await;
    }
    let path = format!("/api/v1/app/{app}/endpoint");
    assert_eq!(client.call(Method::DELETE, &format!("{path}/{deleted}"), None).await.status, 204);
    let off = json!({ "disabled": true });
    client.call(Method::PATCH, &format!("{path}/{disabled}"), Some(&off)).await.expect(200);
    let letters = dead_letters(&bus, 2).await;
    let mut reasons: Vec<_> = letters.iter().map(|letter| letter.letter.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["endpoint_deleted", "endpoint_disabled"]);
    assert!(letters.iter().all(|letter| letter.payload == "{}"));
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn pausing_and_resuming_over_and_over_loses_nothing() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let mut sent = BTreeSet::new();
    for n in 0..6 {
        post(&client, &app, &endpoint, if n % 2 == 0 { "pause" } else { "resume" }).await;
        for m in 0..10 {
            sent.insert(client.message(&app, json!({ "n": n, "m": m })).await);
        }
    }
    let requests = receiver.wait_for(60).await;
    let arrived: BTreeSet<String> =
        requests.iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(arrived, sent);
    until_parked(&bed.bus().await, &endpoint, 0).await;
    tokio::time::timeout(Duration::from_millis(500), receiver.wait_for(61))
        .await
        .expect_err("each came once");
}
