//! What may be said of a message, and what is made of it.

use std::time::Duration;

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
