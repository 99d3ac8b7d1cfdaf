//! Deliveries nobody took.

use bytes::Bytes;
use posthaste_bus::{Source, dead_letters::StoredDeadLetter};
use posthaste_domain::{AttemptNo, DeadLetter, Delivery, Lane, Trigger};

use super::{
    bed::{Bed, claim, held, intake, nothing_from},
    sample::{endpoint, event, letter},
};

const PAYLOAD: Bytes = Bytes::from_static(b" { \"a\" : 1 } ");

fn seqs(letters: &[StoredDeadLetter]) -> Vec<u64> {
    letters.iter().map(|letter| letter.seq).collect()
}

#[tokio::test]
async fn a_letter_is_kept_whole_and_once() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let (event, endpoint) = (event(), endpoint());
    let first = letter(&event, &endpoint);
    bus.bury(&first, PAYLOAD).await.unwrap();
    bus.bury(&first, PAYLOAD).await.unwrap();
    bed.crash().await;
    // The worker that takes over has its own idea of when it died.
    let again = DeadLetter { died_at: super::sample::now(), ..first.clone() };
    bus.bury(&again, PAYLOAD).await.unwrap();

    let found = bus.dead_letter(1).await.unwrap().unwrap();
    assert_eq!((found.seq, &found.letter, found.payload), (1, &first, PAYLOAD));
    assert!(bus.dead_letter(2).await.unwrap().is_none());

    // Another run through the schedule, after a redrive, may end the same way.
    let delivery = Delivery { run_start: AttemptNo::FIRST.next(), ..first.delivery.clone() };
    bus.bury(&DeadLetter { delivery, ..first }, PAYLOAD).await.unwrap();
    assert_eq!(held(&bed.aside().await, "DEAD").await, 2);
}

#[tokio::test]
async fn letters_are_listed_by_application_and_endpoint_from_any_of_them() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let (shop, other) = (event(), event());
    let (one, two) = (endpoint(), endpoint());
    for (owner, endpoint) in [(&shop, &one), (&shop, &two), (&other, &one), (&shop, &one)] {
        let event = posthaste_domain::Event { app: owner.app.clone(), ..event() };
        bus.bury(&letter(&event, endpoint), PAYLOAD).await.unwrap();
    }
    let app = Some(&shop.app);
    for (app, endpoint, from, limit, expected) in [
        (None, None, 0, 10, vec![1, 2, 3, 4]),
        (None, None, 2, 2, vec![2, 3]),
        (app, None, 0, 10, vec![1, 2, 4]),
        (app, Some(&one), 0, 10, vec![1, 4]),
        (None, Some(&one), 2, 10, vec![3, 4]),
        (app, Some(&two), 3, 10, vec![]),
        (None, None, 5, 10, vec![]),
        (None, None, 0, 0, vec![]),
    ] {
        let found = bus.dead_letters(app, endpoint, from, limit).await.unwrap();
        assert_eq!(seqs(&found), expected, "{app:?} {endpoint:?} from {from}, {limit} at most");
    }

    assert!(bus.discard_dead_letter(2).await.unwrap());
    assert!(!bus.discard_dead_letter(2).await.unwrap());
    assert!(bus.dead_letter(2).await.unwrap().is_none());
    assert_eq!(seqs(&bus.dead_letters(app, None, 0, 10).await.unwrap()), [1, 4]);
    assert_eq!(seqs(&bus.dead_letters(None, None, 2, 1).await.unwrap()), [3]);
}

#[tokio::test]
async fn a_redrive_puts_the_event_in_again_once_for_its_endpoint_alone() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let (event, endpoint) = (event(), endpoint());
    let letter = letter(&event, &endpoint);
    bus.accept(&event, PAYLOAD).await.unwrap();
    bus.bury(&letter, PAYLOAD).await.unwrap();
    let stored = bus.dead_letters(None, None, 0, 1).await.unwrap().remove(0);
    for crashed in [false, true] {
        if crashed {
            bed.crash().await;
        }
        bus.redrive(stored.seq, &stored.letter, &event, stored.payload.clone()).await.unwrap();
    }
    assert_eq!(held(&bed.aside().await, "EVENTS").await, 2);
    let again = bus.event_at(2).await.unwrap().unwrap();
    assert_eq!((&again.event, again.payload), (&event, PAYLOAD));
    let expected = Delivery {
        run_start: letter.delivery.attempt,
        trigger: Trigger::Manual,
        ..letter.delivery
    };
    assert_eq!(again.resume.as_ref(), Some(&expected));
    assert_eq!(expected.failures_in_run(), 0, "the schedule begins anew");
    // The letter is its owner's to discard, once this has succeeded.
    assert!(bus.dead_letter(stored.seq).await.unwrap().is_some());

    // A worker gets both, and can tell them apart.
    let mut intake = intake(&bus, Source::Events, 4).await;
    let (first, second) = (claim(&mut intake).await, claim(&mut intake).await);
    assert_eq!(first.event().unwrap().resume, None);
    assert_eq!(second.event().unwrap().resume, Some(expected));
    assert!(first.delivery().is_err(), "an event is no delivery");
    nothing_from(&mut intake).await;
}

#[tokio::test]
async fn a_message_that_is_not_in_our_form_is_an_error_not_a_guess() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let aside = bed.aside().await;
    for subject in ["events.1.app.type", "dead.app.endpoint", "due.fresh.m.e.1"] {
        aside.publish(subject, "{}".into()).await.unwrap().await.unwrap();
    }
    assert!(matches!(bus.event_at(1).await, Err(posthaste_bus::ReadError::Malformed(_))));
    assert!(matches!(bus.dead_letter(1).await, Err(posthaste_bus::ReadError::Malformed(_))));
    let mut events = intake(&bus, Source::Events, 1).await;
    assert!(claim(&mut events).await.event().is_err());
    let mut fresh = intake(&bus, Source::Lane(Lane::Fresh), 1).await;
    assert!(claim(&mut fresh).await.delivery().is_err());
}
