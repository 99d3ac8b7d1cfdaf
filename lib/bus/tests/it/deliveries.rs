//! What is due now, and what the broker makes due later.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use posthaste_bus::{Recipient, Source};
use posthaste_domain::{AttemptNo, Delivery, Lane, Timestamp};
use tokio::time::sleep;

use super::{
    bed::{Bed, claim, claims, held, intake, nothing_from, soon},
    sample::{attempt, delivery, endpoint, event, now},
};

const RETRY: Source = Source::Lane(Lane::Retry);

/// The server looks for what is due four times a second.
const LATE: Duration = Duration::from_millis(1_500);

/// A moment this long from now, with no change of bucket in the second after it.
fn in_one_bucket(wait: Duration) -> Timestamp {
    let due = now() + wait;
    if due.unix_seconds() % 600 >= 598 { due + Duration::from_secs(3) } else { due }
}

async fn until_it_is(due: Timestamp) {
    sleep(due.since(now())).await;
}

#[tokio::test]
async fn what_is_enqueued_twice_is_delivered_once() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let (one, other) = (delivery(), delivery());
    for _ in 0..2 {
        bus.enqueue(Lane::Fresh, &one).await.unwrap();
        bus.enqueue_all(Lane::Fresh, [one.clone(), other.clone()]).await.unwrap();
    }
    let aside = bed.aside().await;
    assert_eq!(held(&aside, "DELIVERIES").await, 2);
    let mut intake = intake(&bus, Source::Lane(Lane::Fresh), 8).await;
    let mut given = Vec::new();
    for claim in claims(&mut intake, 2).await {
        given.push(claim.delivery().unwrap());
        claim.ack().await;
    }
    assert_eq!(given, [one.clone(), other]);
    nothing_from(&mut intake).await;

    // The same endpoint once more, because the event was put in again: that is another delivery.
    let again = Delivery { event_seq: 2, ..one };
    bus.enqueue(Lane::Fresh, &again).await.unwrap();
    let claim = claim(&mut intake).await;
    assert_eq!(claim.delivery().unwrap(), again);
}

#[tokio::test]
async fn many_are_enqueued_at_once() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let all: Vec<Delivery> = (0..1_000).map(|_| delivery()).collect();
    soon("a thousand deliveries", bus.enqueue_all(Lane::Bulk, all)).await.unwrap();
    assert_eq!(held(&bed.aside().await, "DELIVERIES").await, 1_000);
}

#[tokio::test]
async fn a_schedule_fires_once_at_its_time_and_brings_what_was_scheduled() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, RETRY, 64).await;
    let due = in_one_bucket(Duration::from_secs(1));
    let mut waiting = HashMap::new();
    for step in 0..20 {
        let due = due + Duration::from_millis(step * 25);
        let delivery = delivery().after(attempt().summary());
        bus.schedule(due, &delivery).await.unwrap();
        waiting.insert(delivery.message.clone(), (due, delivery));
    }
    while !waiting.is_empty() {
        let claim = claim(&mut intake).await;
        let arrived = now();
        let given = claim.delivery().unwrap();
        let (due, scheduled) = waiting.remove(&given.message).expect("once");
        assert_eq!(given, scheduled);
        assert!(arrived >= due, "{:?} early", due.since(arrived));
        assert!(arrived.since(due) < LATE, "{:?} late", arrived.since(due));
        claim.ack().await;
    }
    nothing_from(&mut intake).await;
    assert_eq!(held(&bed.aside().await, "DELIVERIES").await, 0);
}

#[tokio::test]
async fn an_attempt_scheduled_twice_fires_once_but_can_be_postponed() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, RETRY, 8).await;
    let next = delivery().after(attempt().summary());
    // Two holders of one claim, minutes apart: the subjects differ, and still it is one attempt.
    bus.schedule(now() + Duration::from_secs(1), &next).await.unwrap();
    bus.schedule(now() + Duration::from_secs(1_200), &next).await.unwrap();
    assert_eq!(bus.waiting_for(&next.message).await.unwrap().len(), 1);
    let first = claim(&mut intake).await;
    assert_eq!(first.delivery().unwrap(), next);

    // Not attempted after all: the same number is due once more.
    bus.postpone(now() + Duration::from_secs(1), &next).await.unwrap();
    first.ack().await;
    let again = claim(&mut intake).await;
    assert_eq!(again.delivery().unwrap(), next);
    again.ack().await;
    nothing_from(&mut intake).await;
}

#[tokio::test]
async fn schedules_outlive_a_crash_before_their_time_and_one_beyond_it() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, RETRY, 64).await;
    for down_beyond in [false, true] {
        let due = in_one_bucket(Duration::from_millis(1_200));
        let scheduled: Vec<Delivery> = (0..20).map(|_| delivery()).collect();
        for delivery in &scheduled {
            bus.schedule(due, delivery).await.unwrap();
        }
        bed.nats.kill();
        if down_beyond {
            until_it_is(due).await;
        }
        bed.nats.restart().await;
        let expected = due.max(now());
        let mut given = Vec::new();
        for claim in claims(&mut intake, scheduled.len()).await {
            assert!(now() >= due, "early");
            given.push(claim.delivery().unwrap());
            claim.ack().await;
        }
        let late = now().since(expected);
        assert!(late < LATE * 2, "{late:?} late; down beyond its time: {down_beyond}");
        let by_message = |all: &mut Vec<Delivery>| all.sort_by(|a, b| a.message.cmp(&b.message));
        let mut scheduled = scheduled;
        by_message(&mut scheduled);
        by_message(&mut given);
        assert_eq!(given, scheduled);
        nothing_from(&mut intake).await;
    }
}

#[tokio::test]
async fn what_is_scheduled_twice_fires_once_as_it_was_scheduled_last() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, RETRY, 8).await;
    let (first, second) = {
        let due = in_one_bucket(Duration::from_millis(600));
        (due, due + Duration::from_millis(600))
    };
    let delivery = delivery();
    bus.schedule(first, &delivery).await.unwrap();
    bus.schedule(first, &delivery).await.unwrap();
    let last = Delivery { event_seq: 9, ..delivery };
    bus.schedule(second, &last).await.unwrap();
    let claim = claim(&mut intake).await;
    assert!(now() >= second, "the first schedule fired");
    assert_eq!(claim.delivery().unwrap(), last);
    claim.ack().await;
    nothing_from(&mut intake).await;
}

#[tokio::test]
async fn a_schedule_whose_time_has_passed_fires_at_once() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, RETRY, 8).await;
    let delivery = delivery();
    bus.schedule(now() - Duration::from_secs(86_400), &delivery).await.unwrap();
    let claim = claim(&mut intake).await;
    assert_eq!(claim.delivery().unwrap(), delivery);
}

#[tokio::test]
async fn what_waits_for_a_message_is_found_and_nothing_else() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let message = delivery();
    let to = |n: usize| {
        let mut delivery = Delivery { endpoint: endpoint(), ..message.clone() };
        for _ in 1..n {
            delivery = delivery.after(attempt().summary());
        }
        delivery
    };
    let (due, taken, later) = (to(1), to(3), to(12));
    bus.enqueue(Lane::Fresh, &due).await.unwrap();
    bus.enqueue(Lane::Bulk, &taken).await.unwrap();
    bus.schedule(now() + Duration::from_secs(36_000), &later).await.unwrap();
    let stranger = delivery();
    bus.enqueue(Lane::Fresh, &stranger).await.unwrap();
    bus.schedule(now() + Duration::from_secs(36_000), &stranger).await.unwrap();

    // One that somebody holds has not been done with either.
    let mut intake = intake(&bus, Source::Lane(Lane::Bulk), 1).await;
    let claim = claim(&mut intake).await;
    let key = |delivery: &Delivery| (delivery.endpoint.clone(), delivery.attempt);
    let mut expected = vec![key(&due), key(&taken), key(&later)];
    expected.sort();
    let mut found = bus.waiting_for(&message.message).await.unwrap();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(found.iter().map(|(_, n)| n.get()).max(), Some(12));

    claim.ack().await;
    bus.flush(Duration::from_secs(1)).await;
    super::bed::until("the one done with is gone", || async {
        bus.waiting_for(&message.message).await.unwrap().len() == 2
    })
    .await;
    assert_eq!(bus.waiting_for(&delivery().message).await.unwrap(), []);
    assert_eq!(AttemptNo::FIRST, due.attempt);
}

/// An event that is put in again for one attempt, and what is scheduled for the same endpoint, do not
/// see each other.
#[tokio::test]
async fn a_single_attempt_waits_beside_the_schedule_and_neither_is_taken_for_the_other() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut events = intake(&bus, Source::Events, 8).await;
    let (event, endpoint) = (event(), endpoint());
    let retry = Delivery::first(event.id.clone(), event.app.clone(), endpoint.clone(), 1)
        .after(attempt().summary());
    let due = now() + Duration::from_secs(36_000);
    bus.schedule(due, &retry).await.unwrap();
    let body = Bytes::from_static(b"{}");
    for key in ["one", "one", "two"] {
        bus.resend(
            key,
            &event,
            body.clone(),
            Recipient { endpoint: &endpoint, profile: None },
            Lane::Fresh,
        )
        .await
        .unwrap();
    }
    let mut singles = Vec::new();
    for claim in claims(&mut events, 2).await {
        let stored = claim.event().unwrap();
        assert_eq!(stored.lane, Lane::Fresh);
        assert!(!bus.is_waiting(&stored).await.unwrap(), "only the retry does");
        let single = stored.resume.clone().unwrap();
        assert!(single.single && single.attempt == AttemptNo::FIRST);
        let single = Delivery { event_seq: stored.seq, ..single };
        // Twice, as by a worker that was given the event for the second time.
        bus.enqueue(stored.lane, &single).await.unwrap();
        bus.enqueue(stored.lane, &single).await.unwrap();
        assert!(bus.is_waiting(&stored).await.unwrap());
        singles.push(single);
        claim.ack().await;
    }
    nothing_from(&mut events).await;
    let scheduled = [(endpoint, retry.attempt)];
    assert_eq!(bus.waiting_for(&event.id).await.unwrap(), scheduled);
    assert!(!bus.is_overtaken(&retry, u64::MAX).await.unwrap());
    let mut fresh = intake(&bus, Source::Lane(Lane::Fresh), 8).await;
    for claim in claims(&mut fresh, 2).await {
        let given = claim.delivery().unwrap();
        assert!(singles.contains(&given));
        assert!(!bus.is_overtaken(&given, claim.seq()).await.unwrap());
        claim.ack().await;
    }
    nothing_from(&mut fresh).await;
    assert_eq!(bus.waiting_for(&event.id).await.unwrap(), scheduled);
    assert_eq!(held(&bed.aside().await, "DELIVERIES").await, 1);
}

#[tokio::test]
async fn an_event_that_is_to_be_fanned_out_later_becomes_due_once_and_is_told_from_a_delivery() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let (event, body) = (event(), Bytes::from_static(b"{}"));
    bus.accept(&event, body).await.unwrap();
    let stored = bus.event_at(1).await.unwrap().unwrap();
    assert!(!bus.is_waiting(&stored).await.unwrap());
    let due = in_one_bucket(Duration::from_millis(600));
    for _ in 0..2 {
        bus.schedule_fan_out(due, &event.id, stored.seq).await.unwrap();
    }
    assert!(bus.is_waiting(&stored).await.unwrap());
    assert_eq!(bus.waiting_for(&event.id).await.unwrap(), [], "for no endpoint yet");
    let mut fresh = intake(&bus, Source::Lane(Lane::Fresh), 8).await;
    let claim = claim(&mut fresh).await;
    assert!(now() >= due);
    assert_eq!(claim.fan_out(), Some(stored.seq));
    assert!(claim.delivery().is_err());
    assert!(bus.is_waiting(&stored).await.unwrap(), "it is not done with");
    claim.ack().await;
    super::bed::until("it is done with", || async { !bus.is_waiting(&stored).await.unwrap() })
        .await;
    // Word of the same once more, by who was given the event for the second time.
    bus.schedule_fan_out(due, &event.id, stored.seq).await.unwrap();
    nothing_from(&mut fresh).await;
}
