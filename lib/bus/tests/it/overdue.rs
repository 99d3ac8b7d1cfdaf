//! Schedules that the broker has left behind.

use std::time::Duration;

use async_nats::jetstream::Context;
use bytes::Bytes;
use posthaste_bus::Source;
use posthaste_domain::{Delivery, Lane};
use posthaste_testkit::NatsSettings;
use tokio::time::sleep;

use super::{
    bed::{Bed, claims, intake, nothing_from},
    sample::{delivery, now},
};

const RETRY: Source = Source::Lane(Lane::Retry);
const DAY: Duration = Duration::from_secs(86_400);

/// Fills the store until it takes no more.
async fn fill(aside: &Context) {
    let block = Bytes::from(vec![0; 128 << 10]);
    let mut number = 0;
    while aside
        .publish(format!("parked.filler.{number}.1"), block.clone())
        .await
        .unwrap()
        .await
        .is_ok()
    {
        number += 1;
        assert!(number < 1_000, "the store has no limit");
    }
}

/// The server tries once to fire what is due. If the store is full at that moment it never tries
/// again; should this fail because a newer server does, the keeper that looks for such schedules
/// has less to do.
#[tokio::test]
async fn schedules_that_were_due_while_the_store_was_full_are_fired_once_there_is_room() {
    let settings = NatsSettings { max_file_store: Some(16 << 20), ..NatsSettings::default() };
    let bed = Bed::start_with(settings).await;
    let mut config = bed.config();
    config.events.max_bytes = 1 << 20;
    config.attempts.max_bytes = 1 << 20;
    config.dead_letters.max_bytes = 1 << 20;
    config.idempotency_max_bytes = 1 << 20;
    config.sent_max_bytes = 1 << 20;
    let bus = bed.bus_with(config).await;
    let aside = bed.aside().await;
    let due = now() + Duration::from_millis(1_500);
    let scheduled: Vec<Delivery> = (0..5).map(|_| delivery()).collect();
    for delivery in &scheduled {
        bus.schedule(due, delivery).await.unwrap();
    }
    fill(&aside).await;
    assert!(now() < due, "the store was full too late");
    sleep((due + Duration::from_secs(1)).since(now())).await;
    let stream = aside.get_stream("DELIVERIES").await.unwrap();
    stream.purge().filter("parked.>").await.unwrap();

    let mut intake = intake(&bus, RETRY, 8).await;
    nothing_from(&mut intake).await;
    assert_eq!(bus.fire_overdue(now(), DAY).await.unwrap(), 0, "not late enough to be stuck");
    let later = due + Duration::from_secs(31);
    assert_eq!(bus.fire_overdue(later, DAY).await.unwrap(), scheduled.len());
    let given = claims(&mut intake, scheduled.len()).await;
    let mut given: Vec<_> = given.iter().map(|claim| claim.delivery().unwrap()).collect();
    given.sort_by(|a, b| a.message.cmp(&b.message));
    let mut scheduled = scheduled;
    scheduled.sort_by(|a, b| a.message.cmp(&b.message));
    assert_eq!(given, scheduled);
    nothing_from(&mut intake).await;
    assert_eq!(bus.fire_overdue(later, DAY).await.unwrap(), 0, "they have gone");
}

#[tokio::test]
async fn what_is_not_overdue_is_left_alone_and_what_is_fired_anew_fires_once() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let (soon, far, fired) = (delivery(), delivery(), delivery());
    let mut intake = intake(&bus, RETRY, 8).await;
    bus.schedule(now(), &fired).await.unwrap();
    let done = claims(&mut intake, 1).await;
    assert_eq!(done[0].delivery().unwrap(), fired);

    let due = now() + Duration::from_millis(1_500);
    bus.schedule(due, &soon).await.unwrap();
    bus.schedule(due + Duration::from_secs(600), &far).await.unwrap();
    assert_eq!(bus.fire_overdue(now(), DAY).await.unwrap(), 0);

    // Two keepers whose clocks are ahead find it overdue and publish it anew. It still waits for
    // its time, and fires once.
    let ahead = due + Duration::from_secs(60);
    let (one, other) = tokio::join!(bus.fire_overdue(ahead, DAY), bus.fire_overdue(ahead, DAY));
    assert!((1..=2).contains(&(one.unwrap() + other.unwrap())));
    let given = claims(&mut intake, 1).await;
    assert!(now() >= due, "early");
    assert_eq!(given[0].delivery().unwrap(), soon);
    nothing_from(&mut intake).await;
    // What lies further back than the reach is not looked for.
    assert_eq!(bus.fire_overdue(ahead + DAY, Duration::from_secs(3_600)).await.unwrap(), 0);
}
