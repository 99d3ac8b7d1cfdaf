//! What callers may invent. Whatever it is, the answer is JSON, never our fault, and nothing is
//! stored that was not answered 202.
//!
//! The requests are well-formed HTTP: what is not ends at the HTTP parser, before any route.

use std::collections::BTreeSet;

use posthaste_domain::Channel;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::theatre::Theatre;

pub(super) fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a header's value may be made of (RFC 9110, section 5.5).
fn header_value() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![0x20_u8..0x7f, 0x80_u8..=0xff, Just(b'\t')];
    prop::collection::vec(byte, 0..300)
}

/// Headers that say where a request ends are left to the HTTP parser.
fn header_name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "accept",
        "accept-encoding",
        "content-encoding",
        "content-type",
        "cookie",
        "forwarded",
        "idempotency-key",
        "if-match",
        "nats-msg-id",
        "nats-rollup",
        "origin",
        "range",
        "te",
        "traceparent",
        "user-agent",
        "webhook-id",
        "x-forwarded-for",
        "x-http-method-override",
    ]);
    prop_oneof![known.prop_map(str::to_owned), "x-[a-z0-9!#$&'*+.^_`|~-]{1,60}"]
}

pub(super) fn path_segment() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| percent_encoded(&bytes)),
        "[!$-;=@-Z_a-z~]{0,60}",
        "app_[0-9A-Za-z]{25,29}",
        prop::sample::select(vec![
            "..", "%2e%2e", "%2F", "%", "%0", "%00", ".", "*", "%3E", "{app_id}"
        ])
        .prop_map(str::to_owned),
    ]
}

pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let name = prop_oneof![
            "\\PC{0,8}",
            prop::sample::select(vec!["eventType", "payload", "eventId", "channels", "data"])
                .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A name, most often a good one.
pub(super) fn name() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-zA-Z0-9_.-]{1,256}", 1 => "\\PC{0,300}", 1 => "[ .*>\u{0}\r\n\t$-]{1,9}"]
}

pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=256).contains(&text.len()) && text.bytes().all(allowed)
}

#[test]
fn hostile_paths_find_nothing() {
    let theatre = Theatre::open();
    let method = prop::sample::select(vec!["POST", "GET", "PUT", "DELETE", "OPTIONS", "BREW"]);
    let input = (any::<bool>(), method, path_segment(), path_segment(), "[!#-;=?-~]{0,60}");
    theatre.check_stored(input, |(ingress, method, app, rest, query)| {
        for target in [
            format!("/api/v1/app/{app}/msg"),
            format!("/api/v1/app/{app}/msg?{query}"),
            format!("/api/v1/{rest}/{app}"),
            format!("/{rest}/{app}"),
        ] {
            let ask = theatre.stage.message().method(method).target(target);
            let heard = theatre.ask(ingress, &ask)?;
            prop_assert!([400, 404, 405].contains(&heard.status), "{:?} {:?}", ask, heard);
        }
        Ok(())
    });
}

#[test]
fn hostile_tokens_are_refused() {
    let theatre = Theatre::open();
    let good = crate::bed::token();
    let mutated = (any::<prop::sample::Index>(), "[!-~]").prop_map(move |(at, to)| {
        let at = at.index(good.len());
        let mutant = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        if mutant == good { Vec::new() } else { format!("Bearer {mutant}").into_bytes() }
    });
    let parts = "(?i)bearer  ?[A-Za-z0-9_=-]{0,80}(\\.[A-Za-z0-9_=-]{0,80}){0,3}";
    let token = prop_oneof![header_value(), mutated, parts.prop_map(String::into_bytes)];
    theatre.check_stored((any::<bool>(), token), |(ingress, token)| {
        let ask = theatre.stage.message().header("authorization", &token);
        prop_assert_eq!(theatre.ask(ingress, &ask)?.status, 401);
        Ok(())
    });
}

#[test]
fn hostile_headers_change_nothing_but_their_own_meaning() {
    let theatre = Theatre::open();
    let headers = prop::collection::vec((header_name(), header_value()), 0..12);
    theatre.check_stored((any::<bool>(), headers), |(ingress, headers)| {
        let mut ask = theatre.stage.message();
        for (name, value) in &headers {
            ask = ask.header(name, value);
        }
        // A repeated key would be accepted and not stored; one that is new is told apart below.
        let key = headers.iter().rev().find(|(name, _)| name == "idempotency-key");
        let key = key.map(|(_, value)| value.trim_ascii());
        let good = key.is_none_or(|key| {
            (1..=256).contains(&key.len())
                && key.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
        });
        prop_assert_eq!(theatre.ask(ingress, &ask)?.status, if good { 202 } else { 422 });
        Ok(())
    });
}

#[test]
fn hostile_bodies_are_messages_or_say_why_not() {
    let theatre = Theatre::open();
    let good = json!({ "eventType": "a", "payload": { "n": [1, "x"] } }).to_string().into_bytes();
    let spoilt = (any::<prop::sample::Index>(), any::<u8>()).prop_map(move |(at, to)| {
        let mut spoilt = good.clone();
        let at = at.index(spoilt.len());
        spoilt[at] = to;
        spoilt
    });
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        any_json().prop_map(|json| json.to_string().into_bytes()),
        spoilt,
    ];
    theatre.check_stored((any::<bool>(), body), |(ingress, body)| {
        let heard = theatre.ask(ingress, &theatre.stage.message().body(body))?;
        prop_assert!([202, 422].contains(&heard.status), "{:?}", heard);
        Ok(())
    });
}

#[test]
fn names_are_good_or_refused_and_never_the_brokers_trouble() {
    let theatre = Theatre::open();
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let event_id = prop::option::of(name());
    let channels = prop::option::of(prop::collection::vec(name(), 0..13));
    let input = (any::<bool>(), name(), event_id, channels, -10_i64..120);
    theatre.check_stored(input, |(ingress, event_type, event_id, channels, days)| {
        let body = json!({
            "eventType": event_type, "eventId": event_id, "channels": channels,
            "payloadRetentionPeriod": days, "payload": {},
        });
        let good = is_name(&event_type)
            && event_id.as_deref().is_none_or(is_name)
            && channels.as_ref().is_none_or(|all| {
                all.len() <= 10 && all.iter().all(|channel| channel.parse::<Channel>().is_ok())
            })
            && (1..=90).contains(&days);
        let repeated = good && event_id.is_some_and(|id| !seen.borrow_mut().insert(id));
        let expected = if !good {
            422
        } else if repeated {
            409
        } else {
            202
        };
        let heard = theatre.ask(ingress, &theatre.stage.message().json(&body))?;
        prop_assert_eq!(heard.status, expected, "{:?}", heard);
        Ok(())
    });
}
