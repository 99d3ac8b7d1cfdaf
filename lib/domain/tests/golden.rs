//! The stored forms of the nouns, pinned: what one version wrote, the next must read.
//!
//! Streams keep events for days and dead letters for weeks, so a change of form needs a reader of
//! the old one. A field may be added if it may be absent.
#![allow(clippy::unwrap_used, reason = "a failure here is the test's")]

use std::{fmt::Debug, time::Duration};

use posthaste_domain::{
    Application, Attempt, AttemptNo, CutOff, CutOffs, DeadLetter, DeathReason, Delivery, Endpoint,
    EndpointUrl, Event, EventTypeDefinition, FailureKind, Keyring, Lane, Refusal, SigningSecret,
    Timestamp, Trigger,
};
use serde::{Serialize, de::DeserializeOwned};

const AT: Timestamp = Timestamp::from_micros(1_614_265_330_000_042);

/// Asserts that `value` is written as `golden` and read back from it.
fn pinned<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, golden: &str) {
    assert_eq!(serde_json::to_string_pretty(value).unwrap(), golden.trim_end());
    assert_eq!(&serde_json::from_str::<T>(golden).unwrap(), value);
}

fn id<T: std::str::FromStr>(prefix: &str, fill: &str) -> T
where
    T::Err: Debug,
{
    format!("{prefix}{}", fill.repeat(27)).parse().unwrap()
}

fn event() -> Event {
    Event {
        id: id("msg_", "m"),
        org: id("org_", "o"),
        app: id("app_", "a"),
        event_type: "chargeback.created".parse().unwrap(),
        event_id: Some("evt-1".parse().unwrap()),
        channels: vec!["eu".parse().unwrap()],
        idempotency_key: Some("key \"1\"\n".into()),
        retention_hours: 2_160,
        tags: vec!["a/b#1".parse().unwrap()],
        deliver_at: Some(AT + Duration::from_secs(3_600)),
        content_type: Some("text/xml".into()),
        occurrence: posthaste_domain::Occurrence {
            at: Some(AT),
            subject: Some("case 7".into()),
            meta: Some("null".into()),
            mode: Some(posthaste_domain::Mode::Test),
            tenant: Some("shop".parse().unwrap()),
        },
        accepted_at: AT,
    }
}

fn attempt() -> Attempt {
    Attempt {
        profile: None,
        warning: None,
        id: id("atmpt_", "t"),
        org: id("org_", "o"),
        app: id("app_", "a"),
        message: id("msg_", "m"),
        event_type: "chargeback.created".parse().unwrap(),
        channels: vec!["eu:1+2".parse().unwrap()],
        tags: vec!["a/b#1".parse().unwrap()],
        endpoint: id("ep_", "e"),
        url: "https://example.com/hook".into(),
        number: AttemptNo::FIRST.next(),
        trigger: Trigger::Scheduled,
        lane: Some(Lane::Retry),
        started_at: AT,
        duration_ms: 12,
        status: Some(503),
        failure: Some(FailureKind::Status),
        refusal: None,
        response: "busy".into(),
        next_attempt: Some(AT + Duration::from_secs(300)),
    }
}

fn delivery() -> Delivery {
    let first = Delivery::first(id("msg_", "m"), id("app_", "a"), id("ep_", "e"), 42);
    Delivery { single: true, ..first.after(attempt().summary()) }
}

#[test]
fn an_event() {
    pinned(&event(), include_str!("golden/event.json"));
}

#[test]
fn an_attempt() {
    pinned(&attempt(), include_str!("golden/attempt.json"));
}

#[test]
fn a_delivery() {
    pinned(&delivery(), include_str!("golden/delivery.json"));
}

#[test]
fn a_dead_letter() {
    let letter = DeadLetter {
        event: Some(event()),
        delivery: delivery(),
        reason: DeathReason::Refused(Refusal::BlockedAddress),
        url: Some("https://example.com/hook".into()),
        died_at: AT,
    };
    pinned(&letter, include_str!("golden/dead_letter.json"));
}

#[test]
fn an_application() {
    let application = Application {
        profile: None,
        id: id("app_", "a"),
        org: id("org_", "o"),
        name: "Acme".into(),
        uid: Some("acme.1".parse().unwrap()),
        throttle_rate: Some(5),
        metadata: [("tier".into(), "gold".into())].into(),
        token_cut_offs: CutOffs::default()
            .with(
                CutOff {
                    made_before: AT,
                    ends_at: AT + Duration::from_secs(60),
                    sessions: ["user_1FB8".into()].into(),
                },
                AT,
            )
            .unwrap(),
        created_at: AT,
        updated_at: AT,
    };
    pinned(&application, include_str!("golden/application.json"));
}

#[test]
fn an_endpoint_and_its_keyring() {
    let endpoint = Endpoint {
        mode: None,
        profile: None,
        id: id("ep_", "e"),
        app: id("app_", "a"),
        uid: Some("main".parse().unwrap()),
        url: EndpointUrl::parse("https://example.com/hook?t=1").unwrap(),
        description: "the shop".into(),
        version: 1,
        disabled: true,
        paused_at: Some(AT),
        event_types: Some(["chargeback.created".parse().unwrap()].into()),
        channels: Some(["eu".parse().unwrap()].into()),
        throttle_rate: Some(5),
        metadata: [("tier".into(), "gold".into())].into(),
        created_at: AT,
        updated_at: AT,
    };
    pinned(&endpoint, include_str!("golden/endpoint.json"));
    let secret = |text| SigningSecret::parse(text).unwrap();
    let ring = Keyring::new(secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let next = secret("whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB");
    let rotated = ring.rotate(next, AT, AT + Duration::from_secs(60)).unwrap();
    pinned(&rotated, include_str!("golden/keyring.json"));
}

#[test]
fn every_kind_of_secret() {
    let pair = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    let secrets = [
        SigningSecret::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap(),
        SigningSecret::parse(pair).unwrap(),
        SigningSecret::opaque(" é$ \"x\"").unwrap(),
        SigningSecret::opaque("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap(),
    ];
    pinned(&secrets.to_vec(), include_str!("golden/secrets.json"));
}

#[test]
fn an_event_type() {
    let definition = EventTypeDefinition {
        name: "chargeback.created".parse().unwrap(),
        org: id("org_", "o"),
        description: "A new chargeback".into(),
        archived: false,
        deprecated: true,
        schemas: Some([("1".into(), "{\"type\":\"object\"}".into())].into()),
        feature_flags: ["beta".parse().unwrap(), "gamma".parse().unwrap()].into(),
        group_name: Some("chargeback".parse().unwrap()),
        created_at: AT,
        updated_at: AT,
    };
    pinned(&definition, include_str!("golden/event_type.json"));
    // As it was written when there was one flag and no group.
    let old = include_str!("golden/event_type_of_one_flag.json");
    let expected = EventTypeDefinition {
        feature_flags: ["beta".parse().unwrap()].into(),
        group_name: None,
        ..definition
    };
    assert_eq!(serde_json::from_str::<EventTypeDefinition>(old).unwrap(), expected);
}

#[test]
fn what_may_be_absent_is_read_without_it() {
    let bare = r#"{"message":"msg_mmmmmmmmmmmmmmmmmmmmmmmmmmm","app":"app_aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "endpoint":"ep_eeeeeeeeeeeeeeeeeeeeeeeeeee","event_seq":42,"attempt":1,"run_start":1,
        "trigger":"scheduled","a_field_of_tomorrow":1}"#;
    let first = Delivery::first(id("msg_", "m"), id("app_", "a"), id("ep_", "e"), 42);
    assert_eq!(serde_json::from_str::<Delivery>(bare).unwrap(), first);
}
