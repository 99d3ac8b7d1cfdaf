//! A message offered twice is stored once, delivered once, and both times answered alike.

use std::{collections::BTreeSet, time::Duration};

use posthaste_service::stop::Stopped;
use posthaste_testkit::{Answer, Receiver, Script};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    stage::{self, Stage},
    surface::{Ask, Surface},
};

const DRAIN: Duration = Duration::from_secs(10);

/// Lets everything that was stored be delivered, and returns the ids that came; none came twice.
async fn delivered(stage: &Stage, receiver: &Receiver) -> BTreeSet<String> {
    let stored = stage.stored().await;
    let worker = stage.bed.worker().await;
    receiver.wait_for(usize::try_from(stored).unwrap()).await;
    assert_eq!(worker.stop(DRAIN).await, Stopped::Drained);
    let requests = receiver.received();
    let ids = requests.iter().map(|request| request.header("webhook-id").unwrap().to_owned());
    let ids: BTreeSet<_> = ids.collect();
    assert_eq!(ids.len(), requests.len());
    ids
}

fn message(stage: &Stage, body: &Value) -> Ask {
    stage.message().json(body)
}

async fn assert_conflict(surface: Surface, ask: &Ask) {
    let refused = surface.send(ask).await.expect(409);
    assert_eq!(refused, json!({ "code": "conflict", "detail": "A conflict has occurred" }));
}

#[tokio::test]
async fn the_same_key_twice_is_one_message() {
    let stage = Stage::start(&[]).await;
    let [control, ingress] = stage.surfaces;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    stage.client.endpoint(&stage.app, &receiver.url()).await;

    let first = ingress.send(&stage.message().key("order 17")).await;
    let second = ingress.send(&stage.message().key("order 17")).await;
    // The body is no part of the key: whoever repeats one wants the first answer.
    let other = json!({ "eventType": "other", "payload": { "amount": 11 } });
    let third = control.send(&message(&stage, &other).key("order 17")).await;
    let first = first.expect(202);
    assert_eq!(first["payload"], json!({ "amount": 10 }));
    assert_eq!(second.expect(202), first);
    assert_eq!(third.expect(202), first);

    let fourth = ingress.send(&stage.message().key("order 18")).await.accepted();
    assert_eq!(stage.stored().await, 2);
    let first = first["id"].as_str().unwrap().to_owned();
    assert_eq!(delivered(&stage, &receiver).await, BTreeSet::from([first, fourth]));
}

#[tokio::test]
async fn an_event_id_is_given_once() {
    let stage = Stage::start(&[]).await;
    let body = json!({ "eventType": "a", "eventId": "e.1", "payload": { "n": 1 } });
    let [control, ingress] = stage.surfaces;
    let first = ingress.send(&message(&stage, &body).key("k1")).await.expect(202);
    assert_eq!(first["eventId"], "e.1");
    for surface in [control, ingress] {
        assert_eq!(surface.send(&message(&stage, &body).key("k1")).await.expect(202), first);
        assert_conflict(surface, &message(&stage, &body).key("k2")).await;
        assert_conflict(surface, &message(&stage, &body)).await;
    }
    // Without a key nothing says that the second is a repeat.
    let unkeyed = json!({ "eventType": "a", "eventId": "e.2", "payload": {} });
    ingress.send(&message(&stage, &unkeyed)).await.expect(202);
    assert_conflict(control, &message(&stage, &unkeyed)).await;
    assert_eq!(stage.stored().await, 2);
}

#[tokio::test]
async fn keys_and_event_ids_of_applications_never_meet() {
    let stage = Stage::start(&[]).await;
    let [_, ingress] = stage.surfaces;
    let neighbour = stage.client.application("neighbour").await;
    let event = json!({ "eventType": "a", "eventId": "same", "payload": {} });
    let mut ids = BTreeSet::new();
    for app in [&stage.app, &neighbour] {
        ids.insert(ingress.send(&stage::message(app).key("same")).await.accepted());
        // An event id that spells a key is not the key.
        ids.insert(ingress.send(&stage::message(app).json(&event)).await.accepted());
    }
    assert_eq!(ids.len(), 4);
    assert_eq!(stage.stored().await, 4);
}

#[tokio::test]
async fn twenty_at_once_with_one_key_are_one_message() {
    let stage = Stage::start(&[]).await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    stage.client.endpoint(&stage.app, &receiver.url()).await;
    let mut offers = JoinSet::new();
    for n in 0..20 {
        let (surface, ask) = (stage.surfaces[n % 2], stage.message().key("once"));
        offers.spawn(async move { surface.send(&ask).await.accepted() });
    }
    let ids = BTreeSet::from_iter(offers.join_all().await);
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(stage.stored().await, 1);
    assert_eq!(delivered(&stage, &receiver).await, ids);
}

#[tokio::test]
async fn a_broker_that_crashed_still_knows_what_it_confirmed() {
    let mut stage = Stage::start(&[]).await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    stage.client.endpoint(&stage.app, &receiver.url()).await;
    let event = json!({ "eventType": "a", "eventId": "e.1", "payload": {} });
    let [_, ingress] = stage.surfaces;
    let keyed = ingress.send(&stage.message().key("k")).await.accepted();
    let named = ingress.send(&message(&stage, &event)).await.accepted();

    stage.bed.nats.kill();
    stage.bed.nats.restart().await;

    for surface in stage.surfaces {
        assert_eq!(surface.send(&stage.message().key("k")).await.accepted(), keyed);
        assert_conflict(surface, &message(&stage, &event)).await;
    }
    assert_eq!(stage.stored().await, 2);
    assert_eq!(delivered(&stage, &receiver).await, BTreeSet::from([keyed, named]));
}
