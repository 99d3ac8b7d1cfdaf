//! Accepting events: once, whole, and honestly refused.

use std::time::Duration;

use bytes::Bytes;
use posthaste_bus::{Accepted, Bus, PublishError};
use posthaste_domain::{Event, EventType};
use posthaste_testkit::NatsSettings;
use tokio::time::Instant;

use super::{
    bed::{Bed, held, soon, within},
    sample::{event, repeat},
};

fn body(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn accepted(bus: &Bus, event: &Event, payload: Bytes) -> u64 {
    match bus.accept(event, payload).await.unwrap() {
        Accepted::New(seq) => seq,
        other => panic!("not new: {other:?}"),
    }
}

async fn duplicate(bus: &Bus, event: &Event) -> Event {
    match bus.accept(event, body("another")).await.unwrap() {
        Accepted::Duplicate(first) => first.event,
        other => panic!("no duplicate: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_accepted_is_found_whole() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut full = event();
    full.event_id = Some("evt-1".parse().unwrap());
    full.idempotency_key = Some("key with spaces, and = and \"quotes\"".into());
    full.channels = vec!["eu".parse().unwrap(), "us".parse().unwrap()];
    // White space, escapes, other alphabets, what is no JSON, and nothing at all: it is not ours to
    // tidy up.
    let bodies = [
        body("  {\"b\" : 1.0,\n\t\"a\":\"\\u00e9\", \"big\":12345678901234567890 }\r\n"),
        Bytes::from_static(&[0xff, 0x00, 0x0a, 0x0d]),
        body("\"żółć 中文\""),
        Bytes::new(),
    ];
    for payload in bodies {
        let event = Event { event_id: None, idempotency_key: None, ..repeat(&full) };
        let seq = accepted(&bus, &event, payload.clone()).await;
        let stored = bus.event_at(seq).await.unwrap().unwrap();
        assert_eq!((stored.event, stored.payload, stored.seq), (event, payload, seq));
        assert_eq!(stored.resume, None);
    }
    let seq = accepted(&bus, &full, body("{}")).await;
    assert_eq!(bus.event_at(seq).await.unwrap().unwrap().event, full);
    assert!(bus.event_at(seq + 1).await.unwrap().is_none());
}

#[tokio::test]
async fn any_event_type_is_accepted_dots_and_all() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let longest = "x.".repeat(128);
    let dots = ".".repeat(256);
    for name in [".a", "a.", "a..b", "..", "_", "a.b-c_D.9", &longest, &dots] {
        let event_type: EventType = name.parse().unwrap();
        let event = Event { event_type, ..event() };
        let seq = accepted(&bus, &event, body("{}")).await;
        assert_eq!(bus.event_at(seq).await.unwrap().unwrap().event, event);
    }
}

#[tokio::test]
async fn a_repeat_finds_the_first_by_either_key_through_a_crash() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let by_id = Event { event_id: Some("same".parse().unwrap()), ..event() };
    let by_key = Event { idempotency_key: Some("same".into()), app: by_id.app.clone(), ..event() };
    let keyless = event();
    accepted(&bus, &by_id, body("first")).await;
    // The two kinds of key never meet, nor do two applications.
    accepted(&bus, &by_key, body("first")).await;
    let elsewhere = Event { app: event().app, ..repeat(&by_id) };
    accepted(&bus, &elsewhere, body("first")).await;
    accepted(&bus, &keyless, body("first")).await;

    for crashed in [false, true] {
        if crashed {
            bed.crash().await;
        }
        assert_eq!(duplicate(&bus, &repeat(&by_id)).await, by_id, "crashed: {crashed}");
        assert_eq!(duplicate(&bus, &repeat(&by_key)).await, by_key, "crashed: {crashed}");
        // Its own repeat, as after a lost confirmation, is no duplicate.
        accepted(&bus, &keyless, body("first")).await;
    }
    // An event id decides, whatever key comes with it.
    let both = Event { idempotency_key: Some("other".into()), ..repeat(&by_id) };
    assert_eq!(duplicate(&bus, &both).await, by_id);
    assert_eq!(held(&bed.aside().await, "EVENTS").await, 4);
    let first = bus.event_at(1).await.unwrap().unwrap();
    assert_eq!((first.event, first.payload), (by_id, body("first")));
}

#[tokio::test]
async fn a_repeat_of_an_event_that_has_gone_is_still_a_repeat() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let gone = Event { event_id: Some("gone".parse().unwrap()), ..event() };
    let seq = accepted(&bus, &gone, body("{}")).await;
    let aside = bed.aside().await;
    aside.get_stream("EVENTS").await.unwrap().delete_message(seq).await.unwrap();
    let outcome = bus.accept(&repeat(&gone), body("{}")).await.unwrap();
    assert!(matches!(outcome, Accepted::DuplicateOfExpired), "{outcome:?}");
}

#[tokio::test]
async fn a_full_stream_refuses_and_forgets_nothing() {
    let bed = Bed::start().await;
    let mut config = bed.config();
    config.events.max_bytes = 1 << 20;
    let bus = bed.bus_with(config.clone()).await;
    let payload = Bytes::from(vec![b'x'; 100 << 10]);
    let mut taken = 0;
    let begun = Instant::now();
    let error = loop {
        match bus.accept(&event(), payload.clone()).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 11, "more than fits");
    };
    assert!(matches!(error, PublishError::Full(_)), "{error:?}");
    assert!(taken >= 9, "{taken} taken");
    assert!(begun.elapsed() < Duration::from_secs(3), "being full is final at once");
    assert_eq!(held(&bed.aside().await, "EVENTS").await, taken);

    // More room, and it goes on.
    config.events.max_bytes = 2 << 20;
    bed.bus_with(config).await;
    accepted(&bus, &event(), payload).await;
}

#[tokio::test]
async fn a_message_larger_than_the_broker_takes_is_refused_at_once() {
    let settings = NatsSettings { max_payload: 64 << 10, ..NatsSettings::default() };
    let bed = Bed::start_with(settings).await;
    let bus = bed.bus().await;
    assert_eq!(bus.max_payload(), 64 << 10);
    // The head counts too: a payload of exactly the limit does not fit.
    for excess in [0, 1, 1 << 20] {
        let payload = Bytes::from(vec![b'x'; (64 << 10) + excess]);
        let event = event();
        let outcome =
            within(Duration::from_secs(1), "a refusal", bus.accept(&event, payload)).await;
        assert!(matches!(outcome, Err(PublishError::TooLarge)), "excess of {excess}: {outcome:?}");
    }
    accepted(&bus, &event(), Bytes::from(vec![b'x'; 60 << 10])).await;
}

#[tokio::test]
async fn without_a_broker_nothing_is_confirmed_and_a_later_repeat_finds_out() {
    let mut bed = Bed::start().await;
    let mut config = bed.config();
    config.publish_timeout = Duration::from_millis(200);
    config.publish_budget = Duration::from_secs(1);
    let bus = bed.bus_with(config).await;
    let event = Event { event_id: Some("once".parse().unwrap()), ..event() };
    bed.nats.kill();
    let begun = Instant::now();
    let error = soon("an answer", bus.accept(&event, body("{}"))).await.unwrap_err();
    assert!(matches!(error, PublishError::NotConfirmed(_)), "{error:?}");
    let took = begun.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_millis(2_500)).contains(&took), "{took:?}");

    bed.nats.restart().await;
    // What was given up may arrive after all, but never beside the repeat.
    let seq = accepted(&bus, &event, body("{}")).await;
    assert_eq!(seq, 1);
    assert_eq!(held(&bed.aside().await, "EVENTS").await, 1);
}

/// A confirmation lost on the way must not make an event that is stored a failure.
#[tokio::test]
async fn an_event_whose_confirmation_is_lost_in_a_crash_is_accepted_once() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let event = event();
    let frozen = bed.freeze();
    let accepting = {
        let (bus, event) = (bus.clone(), event.clone());
        tokio::spawn(async move { bus.accept(&event, body("{}")).await })
    };
    // What it was sent goes down with the server.
    bus.flush(Duration::from_millis(100)).await;
    bed.crash_frozen(frozen).await;
    let outcome = soon("an answer", accepting).await.unwrap().unwrap();
    assert!(matches!(outcome, Accepted::New(1)), "{outcome:?}");
    assert_eq!(held(&bed.aside().await, "EVENTS").await, 1);
}
