//! What is made in the broker, and what is refused.

use std::{collections::BTreeSet, time::Duration};

use async_nats::jetstream::{
    Context, consumer,
    stream::{Config, DiscardPolicy, Info, RetentionPolicy},
};
use futures_util::TryStreamExt as _;
use posthaste_bus::{Authority, Bus, TopologyError};
use posthaste_domain::Lane;

use super::{
    bed::{Bed, soon},
    sample::{delivery, now},
};

const HOUR: Duration = Duration::from_secs(3_600);

async fn streams(aside: &Context) -> Vec<Info> {
    let mut all: Vec<Info> = aside.streams().try_collect().await.unwrap();
    all.sort_by(|a, b| a.config.name.cmp(&b.config.name));
    all
}

async fn consumers(aside: &Context, stream: &str) -> Vec<consumer::Info> {
    let stream = aside.get_stream(stream).await.unwrap();
    stream.consumers().try_collect().await.unwrap()
}

async fn connect(bed: &Bed) -> Bus {
    Bus::connect(bed.config()).await.unwrap()
}

#[tokio::test]
async fn everything_is_made_once_however_often_and_by_whomever() {
    let bed = Bed::start().await;
    let (one, other) = (connect(&bed).await, connect(&bed).await);
    let (first, second) = tokio::join!(
        one.ensure_topology(Authority::Owner),
        other.ensure_topology(Authority::Guest)
    );
    first.unwrap();
    second.unwrap();
    let aside = bed.aside().await;
    let made = streams(&aside).await;
    let names: Vec<&str> = made.iter().map(|info| info.config.name.as_str()).collect();
    let buckets = ["KV_idempotency", "KV_registry", "KV_sent", "KV_tasks"];
    assert_eq!(names, [&["ATTEMPTS", "DEAD", "DELIVERIES", "EVENTS"][..], &buckets].concat());

    one.ensure_topology(Authority::Owner).await.unwrap();
    other.ensure_topology(Authority::Owner).await.unwrap();
    let again = streams(&aside).await;
    let facts = |all: &[Info]| -> Vec<_> {
        all.iter()
            .map(|info| (info.created, info.config.clone(), info.state.consumer_count))
            .collect()
    };
    assert_eq!(facts(&again), facts(&made));
    one.registry_bucket().await.unwrap();
}

/// Processes of one deployment start together, and while a configuration is rolled out they do not
/// agree on the limits.
#[tokio::test]
async fn processes_that_disagree_on_limits_may_start_together() {
    let bed = Bed::start().await;
    let aside = bed.aside().await;
    let mut odd = bed.config();
    odd.events.max_age = HOUR * 2;
    odd.ack_wait = Duration::from_secs(31);
    odd.attempts.max_bytes = 32 << 20;
    let (one, other) = (connect(&bed).await, Bus::connect(odd).await.unwrap());
    for round in 0..20 {
        let (first, second) = tokio::join!(
            one.ensure_topology(Authority::Guest),
            other.ensure_topology(Authority::Guest)
        );
        first.and(second).unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        for stream in streams(&aside).await {
            aside.delete_stream(stream.config.name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn no_consumer_is_given_what_is_only_scheduled() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    bus.schedule(now() + HOUR, &delivery()).await.unwrap();
    let aside = bed.aside().await;
    let all = consumers(&aside, "DELIVERIES").await;
    let names: BTreeSet<&str> = all.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, Lane::ALL.map(Lane::as_str).into());
    for info in all {
        assert_eq!((info.num_pending, info.num_ack_pending), (0, 0), "{}", info.name);
        assert!(info.config.filter_subject.starts_with("due."), "{}", info.config.filter_subject);
        assert_eq!(info.config.filter_subjects, Vec::<String>::new());
        assert_eq!(info.config.max_deliver, -1);
    }
}

#[tokio::test]
async fn a_stream_that_is_something_else_is_refused_by_name_of_what_differs() {
    let bed = Bed::start().await;
    let bus = connect(&bed).await;
    let aside = bed.aside().await;
    let ours = Config {
        name: "EVENTS".into(),
        subjects: vec!["events.>".into()],
        discard: DiscardPolicy::New,
        ..Config::default()
    };
    let cases = [
        (
            "subjects",
            Config { subjects: vec!["other.>".into()], ..ours.clone() },
            "other",
            "events",
        ),
        (
            "retention",
            Config { retention: RetentionPolicy::WorkQueue, ..ours.clone() },
            "WorkQueue",
            "Limits",
        ),
        ("discard", Config { discard: DiscardPolicy::Old, ..ours.clone() }, "Old", "New"),
    ];
    for (field, config, is, must_be) in cases {
        aside.create_stream(config).await.unwrap();
        for authority in [Authority::Owner, Authority::Guest] {
            let error = bus.ensure_topology(authority).await.unwrap_err();
            let text = error.to_string();
            match error {
                TopologyError::Mismatch { asset, field: named, found, wanted } => {
                    assert_eq!((asset.as_str(), named), ("stream EVENTS", field));
                    assert!(found.contains(is) && wanted.contains(must_be), "{text}");
                    assert!(text.contains(&found) && text.contains(&wanted), "{text}");
                }
                TopologyError::Refused { .. } => panic!("{error:?}"),
            }
        }
        aside.delete_stream("EVENTS").await.unwrap();
    }
    bus.ensure_topology(Authority::Guest).await.unwrap();
}

#[tokio::test]
async fn a_consumer_that_is_something_else_is_refused() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let aside = bed.aside().await;
    aside.delete_consumer_from_stream("retry", "DELIVERIES").await.unwrap();
    let greedy = consumer::pull::Config {
        durable_name: Some("retry".into()),
        filter_subject: "later.>".into(),
        ..consumer::pull::Config::default()
    };
    aside.create_consumer_on_stream(greedy, "DELIVERIES").await.unwrap();
    let error = bus.ensure_topology(Authority::Owner).await.unwrap_err();
    let TopologyError::Mismatch { asset, field, .. } = &error else { panic!("{error:?}") };
    assert_eq!((asset.as_str(), *field), ("consumer retry of stream DELIVERIES", "filter_subject"));
}

#[tokio::test]
async fn the_owner_changes_limits_and_a_guest_leaves_them() {
    let bed = Bed::start().await;
    bed.bus().await;
    let aside = bed.aside().await;
    let mut tuned = bed.config();
    tuned.events.max_age = HOUR * 2;
    tuned.events.max_bytes = 32 << 20;
    tuned.ack_wait = Duration::from_secs(20);
    tuned.max_ack_pending = 77;

    let seen = async || {
        let events = aside.get_stream("EVENTS").await.unwrap().cached_info().config.clone();
        let all = consumers(&aside, "EVENTS").await;
        let fan_out = &all.iter().find(|info| info.name == "fan-out").unwrap().config;
        (events.max_age, events.max_bytes, fan_out.ack_wait, fan_out.max_ack_pending)
    };
    let before = seen().await;
    assert_eq!(before, (HOUR, 64 << 20, Duration::from_secs(30), 1_000));
    let bus = Bus::connect(tuned).await.unwrap();
    bus.ensure_topology(Authority::Guest).await.unwrap();
    assert_eq!(seen().await, before);
    bus.ensure_topology(Authority::Owner).await.unwrap();
    assert_eq!(seen().await, (HOUR * 2, 32 << 20, Duration::from_secs(20), 77));
}

#[tokio::test]
async fn a_broker_that_goes_away_meanwhile_is_an_error_not_a_hang() {
    let mut bed = Bed::start().await;
    let bus = connect(&bed).await;
    bed.nats.kill();
    let error = soon("a refusal", bus.ensure_topology(Authority::Owner)).await.unwrap_err();
    assert!(matches!(error, TopologyError::Refused { .. }), "{error:?}");
}
