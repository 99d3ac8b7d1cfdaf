//! What is kept back for a paused endpoint, and let go again.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use posthaste_bus::{Accepted, Backlog, Source};
use posthaste_domain::{Delivery, EndpointId, Lane, MessageId};

use super::{
    bed::{Bed, claim, claims, held, intake, nothing_from, soon},
    sample::{attempt, delivery, endpoint, event, now},
};

const BULK: Source = Source::Lane(Lane::Bulk);

fn to(endpoint: &EndpointId) -> Delivery {
    Delivery { endpoint: endpoint.clone(), ..delivery() }
}

#[tokio::test]
async fn what_is_parked_twice_is_kept_once_and_let_go_as_it_was() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let endpoint = endpoint();
    let parked = to(&endpoint).after(attempt().summary());
    bus.park(&to(&endpoint)).await.unwrap();
    bus.park(&parked).await.unwrap();
    bus.park(&parked).await.unwrap();
    let waiting = bus.waiting_for(&parked.message).await.unwrap();
    assert_eq!(waiting, [(endpoint.clone(), parked.attempt)]);
    assert_eq!(bus.parked_endpoints().await.unwrap().len(), 2, "each with its application");
    assert_eq!(held(&bed.aside().await, "DELIVERIES").await, 2);

    let stranger = super::sample::endpoint();
    assert_eq!(bus.release_parked(&stranger, 10).await.unwrap(), 0);
    assert_eq!(bus.release_parked(&endpoint, 10).await.unwrap(), 2);
    let mut intake = intake(&bus, BULK, 8).await;
    let given = claims(&mut intake, 2).await;
    assert!(given.iter().any(|claim| claim.delivery().unwrap() == parked));
    assert!(bus.parked_endpoints().await.unwrap().is_empty());
    nothing_from(&mut intake).await;
}

#[tokio::test]
async fn at_most_so_many_are_let_go_and_the_oldest_messages_first() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let first = delivery();
    let mut parked = Vec::new();
    for n in 0..5 {
        let at = now() + Duration::from_secs(n);
        let message = MessageId::generate(at, &mut rand::rng());
        let delivery = Delivery { message, ..first.clone() };
        parked.push(delivery);
    }
    for delivery in parked.iter().rev() {
        bus.park(delivery).await.unwrap();
    }
    assert_eq!(bus.release_parked(&first.endpoint, 3).await.unwrap(), 3);
    let mut intake = intake(&bus, BULK, 8).await;
    let given = claims(&mut intake, 3).await;
    let given: BTreeSet<_> = given.iter().map(|claim| claim.delivery().unwrap().message).collect();
    assert_eq!(given, parked[..3].iter().map(|delivery| delivery.message.clone()).collect());
    assert_eq!(bus.release_parked(&first.endpoint, 3).await.unwrap(), 2);
}

/// Several keepers at once, over and over, and the endpoint is paused again meanwhile: each delivery
/// is either parked or due, once.
#[tokio::test]
async fn however_often_and_at_however_many_places_it_is_let_go_it_is_due_once() {
    let bed = Bed::start().await;
    let (one, other) = (bed.bus().await, bed.bus().await);
    let endpoint = endpoint();
    let mut expected = BTreeSet::new();
    for _ in 0..40 {
        let delivery = to(&endpoint);
        one.park(&delivery).await.unwrap();
        expected.insert(delivery.message);
    }
    let mut intake = intake(&one, BULK, 64).await;
    for round in 0..3 {
        let (first, second) =
            tokio::join!(one.release_parked(&endpoint, 100), other.release_parked(&endpoint, 100));
        assert_eq!(first.unwrap() + second.unwrap(), expected.len(), "round {round}");
        let given = claims(&mut intake, expected.len()).await;
        let messages: BTreeSet<_> =
            given.iter().map(|claim| claim.delivery().unwrap().message).collect();
        assert_eq!(messages, expected, "round {round}");
        for claim in given {
            one.park(&claim.delivery().unwrap()).await.unwrap();
            claim.ack().await;
        }
        nothing_from(&mut intake).await;
    }
    one.flush(Duration::from_secs(1)).await;
    let parked = one.backlog(&endpoint).await.unwrap();
    assert_eq!((parked.waiting, parked.scheduled, parked.parked), (0, 0, 40));
}

#[tokio::test]
async fn a_crash_while_they_are_let_go_loses_none_and_doubles_none() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let endpoint = endpoint();
    let mut expected = BTreeSet::new();
    for _ in 0..300 {
        let delivery = to(&endpoint);
        bus.park(&delivery).await.unwrap();
        expected.insert(delivery.message);
    }
    let keeper = {
        let (bus, endpoint) = (bus.clone(), endpoint.clone());
        tokio::spawn(
            async move { while !matches!(bus.release_parked(&endpoint, 50).await, Ok(0)) {} },
        )
    };
    super::bed::until("some are let go", || async {
        bus.backlog(&endpoint).await.is_ok_and(|now| now.parked < 200)
    })
    .await;
    bed.crash().await;
    soon("the rest", keeper).await.unwrap();
    let backlog = bus.backlog(&endpoint).await.unwrap();
    assert_eq!((backlog.waiting, backlog.parked), (300, 0));
    assert_eq!(held(&bed.aside().await, "DELIVERIES").await, 300);
    let mut intake = intake(&bus, BULK, 300).await;
    let given = claims(&mut intake, 300).await;
    let messages: BTreeSet<_> =
        given.iter().map(|claim| claim.delivery().unwrap().message).collect();
    assert_eq!(messages, expected);
}

#[tokio::test]
async fn a_backlog_is_told_by_where_it_waits_and_since_when() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let endpoint = endpoint();
    assert_eq!(bus.backlog(&endpoint).await.unwrap(), Backlog::default());
    let oldest = now() - Duration::from_secs(3_600);
    let message = MessageId::generate(oldest, &mut rand::rng());
    bus.enqueue(Lane::Fresh, &to(&endpoint)).await.unwrap();
    bus.enqueue(Lane::Bulk, &to(&endpoint)).await.unwrap();
    bus.schedule(now() + Duration::from_secs(3_600), &to(&endpoint)).await.unwrap();
    bus.park(&Delivery { message, ..to(&endpoint) }).await.unwrap();
    bus.enqueue(Lane::Fresh, &delivery()).await.unwrap();
    let found = bus.backlog(&endpoint).await.unwrap();
    assert_eq!((found.waiting, found.scheduled, found.parked), (2, 1, 1));
    let late = found.oldest.unwrap().since(oldest);
    assert!(found.oldest.unwrap() <= oldest && late < Duration::from_millis(5), "{late:?}");
}

#[tokio::test]
async fn what_is_parked_for_long_takes_its_event_along() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let event = event();
    let payload = Bytes::from_static(b"{\"kept\":1}");
    let seq = match bus.accept(&event, payload.clone()).await.unwrap() {
        Accepted::New(seq) => seq,
        other => panic!("{other:?}"),
    };
    let first = Delivery::first(event.id.clone(), event.app.clone(), endpoint(), seq);
    let parked = first.after(attempt().summary());
    bus.park(&parked).await.unwrap();
    let gone = Delivery { event_seq: seq + 100, ..to(&parked.endpoint) };
    bus.park(&gone).await.unwrap();
    let endpoint = &parked.endpoint;
    let long_ago = now() - Duration::from_secs(60);
    assert_eq!(bus.renew_parked(endpoint, long_ago, 10).await.unwrap(), 0);
    let soon = now() + Duration::from_secs(60);
    assert_eq!(bus.renew_parked(endpoint, soon, 10).await.unwrap(), 1);
    let mut intake = intake(&bus, Source::Events, 4).await;
    claim(&mut intake).await.ack().await;
    let again = claim(&mut intake).await;
    let stored = again.event().unwrap();
    assert_eq!((stored.event.id, stored.payload), (event.id, payload));
    assert_eq!((stored.resume.unwrap(), stored.lane), (parked.clone(), Lane::Bulk));
    assert!(again.seq() > seq);
    // The one whose event is gone stays.
    assert_eq!(bus.backlog(endpoint).await.unwrap().parked, 1);
    assert_eq!(bus.waiting_for(&gone.message).await.unwrap().len(), 1);
}

/// A claim that comes back goes on only where nothing of it waits that was stored after it.
#[tokio::test]
async fn of_what_waits_for_one_attempt_the_newest_goes_on() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, Source::Lane(Lane::Retry), 4).await;
    let delivery = delivery().after(attempt().summary());
    bus.enqueue(Lane::Retry, &delivery).await.unwrap();
    let first = claim(&mut intake).await;
    let overtaken = async |delivery: &Delivery, seq| bus.is_overtaken(delivery, seq).await.unwrap();
    assert!(!overtaken(&delivery, first.seq()).await, "its own message is not after it");
    // For others, another message or beside the schedule: none of its business.
    bus.park(&Delivery { endpoint: endpoint(), ..delivery.clone() }).await.unwrap();
    let single = Delivery { single: true, event_seq: 77, ..delivery.clone() };
    bus.enqueue(Lane::Bulk, &single).await.unwrap();
    assert!(!overtaken(&delivery, first.seq()).await);
    // Nor the other way round.
    assert!(!overtaken(&single, u64::MAX).await);
    assert!(overtaken(&single, first.seq()).await, "a newer one of the same");

    bus.park(&delivery).await.unwrap();
    assert!(overtaken(&delivery, first.seq()).await, "parked, and not acknowledged");
    bus.release_parked(&delivery.endpoint, 10).await.unwrap();
    assert!(overtaken(&delivery, first.seq()).await, "let go, and not attempted");
    let newest = first.seq() + 100;
    assert!(!overtaken(&delivery, newest).await);
    let next = delivery.clone().after(attempt().summary());
    bus.schedule(now() + Duration::from_secs(3_600), &next).await.unwrap();
    assert!(overtaken(&delivery, newest).await, "the next attempt is scheduled");
}
