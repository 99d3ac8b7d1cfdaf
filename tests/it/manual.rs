//! What a person sends again is one attempt beside the schedule, and the schedule does not know.

use std::time::Duration;

use bytes::Bytes;
use posthaste_bus::{Bus, Recipient};
use posthaste_domain::{Attempt, AttemptNo, EndpointId, Event, Lane, Trigger};
use posthaste_testkit::{Answer, Receiver, Role, Script, free_port, spawn_role};
use serde_json::json;

use crate::{
    bed::{Bed, until},
    client::Client,
    retry::dead_letters,
};

/// The event of a message, from the stream, as history would give it.
async fn event(bus: &Bus, message: &str) -> (Event, Bytes) {
    for seq in 1.. {
        let stored = bus.event_at(seq).await.unwrap().expect("it was accepted");
        if stored.event.id.as_str() == message {
            return (stored.event, stored.payload);
        }
    }
    unreachable!("the sequences do not end")
}

/// Every attempt that was recorded, in the order in which they were begun.
pub(crate) async fn attempts(bus: &Bus, count: usize) -> Vec<Attempt> {
    let all = || async {
        let (mut all, mut from) = (Vec::new(), 1);
        while let Some((seq, batch)) = bus.attempts_from(from).await.unwrap() {
            all.extend(batch);
            from = seq + 1;
        }
        all
    };
    until("the attempts are recorded", || async { all().await.len() >= count }).await;
    let mut all = all().await;
    assert_eq!(all.len(), count);
    all.sort_by_key(|attempt| attempt.started_at);
    all
}

async fn waiting(bus: &Bus, message: &str) -> Vec<(EndpointId, u32)> {
    let waiting = bus.waiting_for(&message.parse().unwrap()).await.unwrap();
    waiting.into_iter().map(|(endpoint, attempt)| (endpoint, attempt.get())).collect()
}

#[tokio::test]
async fn a_resend_happens_at_once_and_the_retry_as_if_it_had_not() {
    let wait = Duration::from_secs(3);
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "3000")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Status(500))).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let message = client.message(&app, json!({ "n": 1 })).await;
    receiver.wait_for(1).await;
    let bus = bed.bus().await;
    let scheduled = vec![(endpoint.clone(), 2)];
    until("the retry is scheduled", || async { waiting(&bus, &message).await == scheduled }).await;

    // Asked for twice, as by a task that was replayed after a crash.
    let (event, payload) = event(&bus, &message).await;
    for _ in 0..2 {
        bus.resend(
            "task-1",
            &event,
            payload.clone(),
            Recipient { endpoint: &endpoint, profile: None },
            Lane::Fresh,
        )
        .await
        .unwrap();
    }
    let requests = receiver.wait_for(2).await;
    assert!(requests[1].at - requests[0].at < wait, "it did not wait for the retry");
    assert_eq!(requests[1].header("webhook-id"), Some(&*message));
    assert_eq!(requests[1].body, requests[0].body);
    let account = attempts(&bus, 2).await.remove(1);
    assert_eq!((account.trigger, account.lane), (Trigger::Manual, Some(Lane::Fresh)));
    assert_eq!(account.next_attempt, None, "nothing follows from it");
    assert_eq!(waiting(&bus, &message).await, scheduled);

    let requests = receiver.wait_for(3).await;
    let gap = requests[2].at - requests[0].at;
    assert!(gap >= wait && gap < wait + Duration::from_secs(2), "{gap:?}");
    let letter = dead_letters(&bus, 1).await.remove(0).letter;
    let numbers: Vec<_> = letter.delivery.past.iter().map(|past| past.number.get()).collect();
    assert_eq!(numbers, [1, 2], "of the schedule");
    let all = attempts(&bus, 3).await;
    let told: Vec<_> =
        all.iter().map(|one| (one.trigger, one.lane, one.next_attempt.is_some())).collect();
    assert_eq!(
        told,
        [
            (Trigger::Scheduled, None, true),
            (Trigger::Manual, Some(Lane::Fresh), false),
            (Trigger::Scheduled, Some(Lane::Retry), false),
        ]
    );
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn a_resend_that_is_refused_is_recorded_and_no_dead_letter() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let message = client.message(&app, json!({})).await;
    receiver.wait_for(1).await;
    let bus = bed.bus().await;
    let (event, payload) = event(&bus, &message).await;
    let off = json!({ "disabled": true });
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    client.call(reqwest::Method::PATCH, &path, Some(&off)).await.expect(200);
    bus.resend("a", &event, payload, Recipient { endpoint: &endpoint, profile: None }, Lane::Bulk)
        .await
        .unwrap();
    let account = attempts(&bus, 2).await.remove(1);
    assert_eq!((account.trigger, account.lane), (Trigger::Manual, Some(Lane::Bulk)));
    assert!(account.refusal.is_some());
    let idle = || async { bus.queue_stats().await.unwrap().is_idle() };
    until("nothing waits", idle).await;
    assert!(bus.dead_letters(None, None, 0, 10).await.unwrap().is_empty());
    assert_eq!(receiver.count(), 1);
}

/// Three of them for one message, one of which is of the schedule, and none gets in another's way
/// when all are still to be made and the broker crashes.
#[tokio::test]
async fn a_crash_before_anything_is_sent_loses_neither() {
    let mut bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let message = client.message(&app, json!({})).await;
    let bus = bed.bus().await;
    let (event, payload) = event(&bus, &message).await;
    for key in ["a", "b"] {
        bus.resend(
            key,
            &event,
            payload.clone(),
            Recipient { endpoint: &endpoint, profile: None },
            Lane::Bulk,
        )
        .await
        .unwrap();
    }
    bed.nats.kill();
    bed.nats.restart().await;
    let _worker = bed.worker().await;
    receiver.wait_for(3).await;
    let mut triggers: Vec<_> = attempts(&bed.bus().await, 3)
        .await
        .iter()
        .map(|attempt| (attempt.trigger == Trigger::Manual, attempt.number))
        .collect();
    triggers.sort_unstable();
    assert_eq!(triggers.iter().filter(|(manual, _)| *manual).count(), 2);
    assert_eq!(triggers[0], (false, AttemptNo::FIRST));
    assert_eq!(receiver.count(), 3);
}

async fn worker(bed: &Bed) -> Role {
    let admin = format!("127.0.0.1:{}", free_port());
    let mut environment = bed.environment();
    environment.retain(|(name, _)| name != "POSTHASTE_ADMIN_LISTEN");
    environment.push(("POSTHASTE_ADMIN_LISTEN".into(), admin.clone()));
    let mut role = spawn_role("posthaste-worker", environment);
    role.wait_ready(&format!("http://{admin}")).await;
    role
}

/// The worker dies over a retry and a resend of the same message, both of which hang. Both are made
/// again, and neither is taken for the other.
#[tokio::test]
async fn a_worker_that_dies_over_both_leaves_both_to_another() {
    let bed = Bed::start(&[
        ("POSTHASTE_WORKER_RETRY_WAITS_MS", "100,60000"),
        ("POSTHASTE_WORKER_ATTEMPT_TIMEOUT_MS", "2000"),
        ("POSTHASTE_NATS_ACK_WAIT_MS", "12000"),
    ])
    .await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let script = vec![Answer::Status(500), Answer::Hang, Answer::Hang];
    let receiver = Receiver::start(Script::sequence(script, Answer::Status(500))).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let mut first = worker(&bed).await;
    let message = client.message(&app, json!({})).await;
    receiver.wait_for(1).await;
    let bus = bed.bus().await;
    let (event, payload) = event(&bus, &message).await;
    bus.resend("a", &event, payload, Recipient { endpoint: &endpoint, profile: None }, Lane::Bulk)
        .await
        .unwrap();
    receiver.wait_for(3).await;
    first.kill();

    let _second = worker(&bed).await;
    receiver.wait_for(5).await;
    let all = attempts(&bus, 3).await;
    let mut told: Vec<_> = all.iter().map(|one| (one.lane, one.next_attempt.is_some())).collect();
    told.sort_by_key(|(lane, _)| lane.map(Lane::as_str));
    assert_eq!(
        told,
        [(None, true), (Some(Lane::Bulk), false), (Some(Lane::Retry), true)],
        "{all:#?}"
    );
    assert_eq!(waiting(&bus, &message).await, [(endpoint, 3)]);
}
