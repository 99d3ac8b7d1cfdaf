//! What may be said of a message, and what is made of it.

use std::time::Duration;

use posthaste_domain::Mode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn faults(body: &Value) -> Vec<String> {
    let body = body.to_string();
    let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
    let faults = message.checked(NOW).err().unwrap_or_default();
    faults.into_iter().map(|fault| fault.loc.join("/")).collect()
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({ "eventType": "a", "payload": {} });
    body[field] = value;
    body
}

#[test]
fn every_fault_is_reported_with_its_place() {
    let body = json!({
        "eventType": "no spaces", "payload": [], "eventId": "", "channels": ["ok", "ä"],
        "tags": ["a b"], "payloadRetentionPeriod": 0, "deliverAt": "2030-01-01T00:00:00Z",
        "transformationsParams": { "rawPayload": 7 },
        "occurredAt": "yesterday", "subject": "", "meta": "x".repeat(8 * 1024), "mode": "dry",
    });
    assert_eq!(
        faults(&body),
        [
            "body/eventType",
            "body/eventId",
            "body/channels/[1]",
            "body/tags/[0]",
            "body/payloadRetentionPeriod",
            "body/deliverAt",
            "body/payload",
            "body/occurredAt",
            "body/subject",
            "body/meta",
            "body/mode",
            "body/transformationsParams/rawPayload",
        ]
    );
    let many = |count: usize| json!(vec!["a"; count]);
    assert_eq!(faults(&with("channels", many(11))), ["body/channels"]);
    assert_eq!(faults(&with("tags", many(6))), ["body/tags"]);
    assert_eq!(faults(&with("channels", json!([]))), Vec::<String>::new());
}

#[test]
fn nulls_and_the_old_name_of_the_payload_are_taken() {
    let body = r#"{"eventType":"a.b","data":{ "n": 1.10 },"eventId":null,"channels":null,
        "tags":null,"deliverAt":null,"payloadRetentionHours":null,"application":null,
        "transformationsParams":null}"#;
    let message: MessageIn<'_> = serde_json::from_str(body).unwrap();
    let checked = message.checked(NOW).unwrap();
    assert_eq!(checked.payload, r#"{ "n": 1.10 }"#);
    assert_eq!((checked.event_id, checked.retention_hours), (None, 2_160));
}

#[test]
fn a_payload_is_kept_for_hours_or_days_but_not_both() {
    let hours = |body: Value| {
        let body = body.to_string();
        let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
        message.checked(NOW).map(|checked| checked.retention_hours).ok()
    };
    assert_eq!(hours(with("payloadRetentionHours", json!(1))), Some(1));
    assert_eq!(hours(with("payloadRetentionHours", json!(2_161))), None);
    assert_eq!(hours(with("payloadRetentionPeriod", json!(5))), Some(120));
    let mut both = with("payloadRetentionHours", json!(1));
    both["payloadRetentionPeriod"] = json!(5);
    assert_eq!(faults(&both), ["body/payloadRetentionHours"]);
}

#[test]
fn a_moment_that_has_passed_is_now() {
    let deliver_at = |at: Timestamp| {
        let body = with("deliverAt", json!(at)).to_string();
        let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
        message.checked(NOW).map(|checked| checked.deliver_at)
    };
    let hour = Duration::from_secs(3_600);
    assert_eq!(deliver_at(NOW - hour).unwrap(), None);
    assert_eq!(deliver_at(NOW + hour).unwrap(), Some(NOW + hour));
    assert!(deliver_at(NOW + 24 * hour).is_ok());
    assert!(deliver_at(NOW + 25 * hour).is_err());
}

fn occurrence(rest: &str) -> Result<Occurrence, Vec<String>> {
    let body = format!(r#"{{"eventType":"a","payload":{{}}{rest}}}"#);
    let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
    let faults = |faults: Vec<ValidationFault>| {
        faults.into_iter().map(|fault| fault.loc.join("/")).collect::<Vec<_>>()
    };
    message.checked(NOW).map(|checked| checked.occurrence).map_err(faults)
}

#[test]
fn nothing_said_of_an_occurrence_is_nothing() {
    let nulls = r#","occurredAt":null,"subject":null,"mode":null"#;
    assert_eq!(occurrence(nulls), Ok(Occurrence::default()));
    assert_eq!(occurrence(""), Ok(Occurrence::default()));
}

#[test]
fn meta_is_kept_byte_for_byte_and_null_is_a_value() {
    let long = format!(r#""{}""#, "é".repeat(Occurrence::META_MAX / 2 - 1));
    for json in ["null", "{ \"n\" : 1.10,\n\"a\":[ ] }", "7", r#""\u00e9\ud83d\ude00""#, &long] {
        let said = occurrence(&format!(r#","meta": {json} "#)).unwrap();
        assert_eq!(said, Occurrence { meta: Some(json.to_owned()), ..Occurrence::default() });
    }
    let longer = long.replacen('é', "éx", 1);
    assert_eq!(occurrence(&format!(r#","meta":{longer}"#)), Err(vec!["body/meta".to_owned()]));
}

#[test]
fn subjects_are_short_and_printable() {
    let said = |subject: &str| occurrence(&format!(r#","subject":{}"#, json!(subject)));
    for subject in ["c", " case \"7\" é", &"é".repeat(128)] {
        assert_eq!(said(subject).unwrap().subject.as_deref(), Some(subject));
    }
    for subject in ["", "a\nb", "\u{7f}", "\u{85}", &"x".repeat(257)] {
        assert_eq!(said(subject), Err(vec!["body/subject".to_owned()]), "{subject:?}");
    }
}

#[test]
fn moments_are_told_exactly_or_refused() {
    let said = |at: &str| occurrence(&format!(r#","occurredAt":"{at}""#));
    let at = said("2021-02-25T17:02:10.0000429+02:00").unwrap().at.unwrap();
    assert_eq!(at.to_string(), "2021-02-25T15:02:10.000042Z");
    assert!(said("2999-12-31T00:00:00Z").unwrap().at.is_some());
    for at in ["1969-12-31T23:59:59Z", "1970-01-01T00:30:00+01:00", "2021-02-25", "now", ""] {
        assert_eq!(said(at), Err(vec!["body/occurredAt".to_owned()]), "{at}");
    }
}

#[test]
fn the_mode_is_live_or_test() {
    let said = |mode: &str| occurrence(&format!(r#","mode":"{mode}""#));
    assert_eq!(said("live").unwrap().mode, Some(Mode::Live));
    assert_eq!(said("test").unwrap().mode, Some(Mode::Test));
    for mode in ["Live", "", "sandbox"] {
        assert_eq!(said(mode), Err(vec!["body/mode".to_owned()]));
    }
}

#[test]
fn half_a_character_is_refused_where_it_would_be_passed_on() {
    for (field, place) in [("payload", "body/payload"), ("meta", "body/meta")] {
        for (json, is_text) in [
            (r#"{"a":"\ud800"}"#, false),
            (r#"{"\udc00":1}"#, false),
            (r#"{"a":"\ud83d\ude00 \\ud800"}"#, true),
        ] {
            let rest = if field == "meta" { r#","payload":{}"# } else { "" };
            let body = format!(r#"{{"eventType":"a","{field}":{json}{rest}}}"#);
            let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
            let faults = message.checked(NOW).err().unwrap_or_default();
            let places: Vec<_> = faults.iter().map(|fault| fault.loc.join("/")).collect();
            assert_eq!(places, if is_text { vec![] } else { vec![place.to_owned()] }, "{body}");
        }
    }
}

proptest! {
    #[test]
    fn hostile_names_are_faults_and_never_panics(
        event_type in "\\PC{0,300}", event_id in prop::option::of("\\PC{0,300}"),
        channels in prop::option::of(prop::collection::vec("\\PC{0,20}", 0..12)), days: i64,
    ) {
        let body = json!({
            "eventType": event_type, "payload": {}, "eventId": event_id, "channels": channels,
            "payloadRetentionPeriod": days,
        }).to_string();
        let message: MessageIn<'_> = serde_json::from_str(&body).unwrap();
        let fits = |text: &str| text.parse::<EventType>().is_ok();
        let valid = fits(&event_type)
            && event_id.as_deref().is_none_or(fits)
            && channels.as_ref().is_none_or(|all| {
                all.len() <= 10 && all.iter().all(|channel| channel.parse::<Channel>().is_ok())
            })
            && (1..=90).contains(&days);
        prop_assert_eq!(message.checked(NOW).is_ok(), valid);
    }
}
