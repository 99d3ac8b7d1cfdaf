//! Whether an event is ours: asked while it is being delivered, in other words, by others and too late.

use std::time::Duration;

use posthaste_domain::AppId;
use posthaste_profile::canonical_digest;
use posthaste_testkit::{Answer, Received, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Platform, Program, Told};
use crate::bed;

const PATH: &str = "/case/verify-event";
/// The window of Kloutit's profile.
pub(super) const WINDOW: Duration = Duration::from_secs(604_800);
/// The largest event that can be asked about.
const LARGEST: usize = 8 * 1024 * 1024;

/// An event of Kloutit's.
pub(super) fn case() -> Value {
    let details = json!({
        "sector": "DIGITAL_PRODUCT",
        "transactionDate": "2025-02-12T11:03:43.126Z",
        "last4Digits": "1234",
        "is3DSPurchase": true,
        "disputeAmount": { "currency": "EUR", "value": 100 },
        "customerName": "José Pérez",
    });
    json!({ "eventType": "CASE_CREATED", "subject": "EXP-1", "payload": details })
}

/// A merchant of Kloutit's, whose receiver has an event and has not answered it yet.
pub(super) struct Asked {
    pub(super) platform: Platform,
    pub(super) app: AppId,
    pub(super) program: Program,
    pub(super) message: String,
    pub(super) receiver: Receiver,
    pub(super) received: Received,
}

impl Asked {
    pub(super) async fn begin(settings: &[(&str, &str)]) -> Self {
        let platform = Platform::start(settings).await;
        let app = platform.merchant(Some("kloutit@1")).await;
        let program = platform.program(&app, "live").await;
        let receiver = platform.receiver(Script::always(Answer::Held)).await;
        platform.client.endpoint(&app, &receiver.url()).await;
        let message = platform.send(&app, &case()).await;
        let received = receiver.next().await;
        Self { platform, app, program, message, receiver, received }
    }
}

impl Program {
    pub(super) async fn asks(&self, body: impl Into<Vec<u8>>) -> Told {
        let headers = [("x-api-key", &*self.key)];
        self.send(Method::POST, PATH, &headers, Some(body.into())).await
    }
}

/// What is the same of every refusal: all but the date.
fn refusal(told: Told) -> (u16, Vec<(String, String)>, Vec<u8>) {
    assert_eq!(told.status, 400);
    assert_eq!(told.json()["verified"], false);
    let headers = told.headers.iter().filter(|(name, _)| *name != "date");
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    (told.status, headers, told.bytes)
}

#[tokio::test]
async fn k13_an_event_is_known_while_its_receiver_is_still_to_answer() {
    let asked = Asked::begin(&[]).await;
    let Asked { program, message, receiver, received, .. } = &asked;
    let keys = ["eventType", "expedientNumber", "details"];
    assert_eq!(received.json().as_object().unwrap().len(), keys.len());
    let told = program.asks(received.body.to_vec()).await;
    let body = told.expect(200);
    assert_eq!((&body["verified"], &body["messageId"]), (&json!(true), &json!(message)));
    let first = body["firstSentAt"].as_str().unwrap().to_owned();
    assert!(first.ends_with('Z') && first.len() >= 20, "{first}");
    // With the key where it stands elsewhere.
    let bearer = format!("Bearer {}", program.key);
    let headers = [("authorization", &*bearer)];
    let body = Some(received.body.to_vec());
    program.send(Method::POST, PATH, &headers, body).await.expect(200);
    receiver.release();
    receiver.wait_idle().await;
    let later = program.asks(received.body.to_vec()).await.expect(200);
    assert_eq!(later["firstSentAt"], first);
}

#[tokio::test]
async fn k13_how_json_is_written_makes_no_difference_and_what_it_says_does() {
    let asked = Asked::begin(&[]).await;
    let Asked { program, received, .. } = &asked;
    let text = String::from_utf8(received.body.to_vec()).unwrap();
    let event = received.json();
    // Keys in another order: of this type objects are sorted.
    let sorted = event.to_string();
    assert_ne!(sorted, text, "the envelope's order is not the alphabet's");
    let same = [
        sorted,
        serde_json::to_string_pretty(&event).unwrap(),
        text.replace("\":", "\"\t: ").replace(",\"", "\r\n , \""),
        text.replace("100", "100.0"),
        text.replace("100", "1e2"),
        text.replace("100", "1.00E+2"),
        text.replace("é", "\\u00e9").replace("EXP-1", "\\u0045XP-1"),
    ];
    for same in same {
        assert_ne!(same, text);
        assert_eq!(program.asks(same.clone()).await.status, 200, "{same}");
    }
    let mut other = event.clone();
    other["paymentProcessor"] = Value::Null;
    let mut less = event.clone();
    less["details"].as_object_mut().unwrap().remove("is3DSPurchase");
    for changed in [
        text.replace("\"value\":100", "\"value\":100.01"),
        text.replace("\"value\":100", "\"value\":\"100\""),
        text.replace("\"is3DSPurchase\":true", "\"is3DSPurchase\":false"),
        text.replace("EXP-1", "EXP-2"),
        text.replace("CASE_CREATED", "case_created"),
        text.replace("1234", "1235"),
        text.replace("José", "Jose\u{301}"),
        other.to_string(),
        less.to_string(),
        format!("[{text}]"),
    ] {
        assert_ne!(changed, text);
        assert_eq!(program.asks(changed.clone()).await.status, 400, "{changed}");
    }
}

#[tokio::test]
async fn k13_whatever_is_wrong_is_answered_by_the_same_bytes() {
    let asked = Asked::begin(&[]).await;
    let Asked { platform, app, program, received, .. } = &asked;
    let stranger = platform.merchant(Some("kloutit@1")).await;
    let stranger = platform.program(&stranger, "live").await;
    let text = String::from_utf8(received.body.to_vec()).unwrap();

    // Noted as the worker notes it, just over a window ago, and just within it.
    let log = platform.bed.bus().await.sent_log().await.unwrap();
    let message = "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
    let minute = Duration::from_secs(60);
    let [old, recent] = [r#"{"n":"old"}"#, r#"{"n":"recent"}"#];
    for (body, age) in [(old, WINDOW + minute), (recent, WINDOW - minute)] {
        let digest = canonical_digest(body.as_bytes()).unwrap();
        log.note(app, &digest, &message, bed::now() - age).await.unwrap();
    }
    assert_eq!(program.asks(recent).await.expect(200)["messageId"], json!(message));
    assert_eq!(program.asks(text.clone()).await.status, 200);

    let wanted = refusal(program.asks(text.replace("EXP-1", "EXP-2")).await);
    for (what, told) in [
        ("unknown", program.asks("{}").await),
        ("another's", stranger.asks(text.clone()).await),
        ("too old", program.asks(old).await),
        ("no JSON", program.asks("eventType=CASE_CREATED").await),
        ("nothing", program.asks("").await),
        ("no text", program.asks(b"\xff\xfe".to_vec()).await),
        ("a number that no double is", program.asks("1e999").await),
        ("too deep", program.asks("[".repeat(100_000)).await),
    ] {
        assert_eq!(refusal(told), wanted, "{what}");
    }
    let large = program.asks(vec![b' '; LARGEST + 1]).await;
    large.complains(413, "payload_too_large");
    let padded = format!("{text}{}", " ".repeat(LARGEST - text.len()));
    assert_eq!(program.asks(padded).await.status, 200);
}

#[tokio::test]
async fn k13_what_has_no_canonical_form_is_known_by_its_bytes() {
    let asked = Asked::begin(&[]).await;
    let Asked { platform, app, program, .. } = &asked;
    let body = br#"{"eventType":"CASE_CREATED","details":{"value":1e400}}"#;
    assert!(canonical_digest(body).is_err());
    let log = platform.bed.bus().await.sent_log().await.unwrap();
    let message = "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
    let digest: [u8; 32] = Sha256::digest(body).into();
    log.note(app, &digest, &message, bed::now()).await.unwrap();
    assert_eq!(program.asks(body).await.expect(200)["messageId"], json!(message));
    assert_eq!(program.asks([&body[..], b" "].concat()).await.status, 400);
}

#[tokio::test]
async fn k13_only_who_has_a_key_may_ask_and_only_where_events_can_be_asked_about() {
    let asked = Asked::begin(&[]).await;
    let Asked { platform, program, received, .. } = &asked;
    let body = || Some(received.body.to_vec());
    let wrong = "sk_live_00000000000000000000000000000000";
    let bearer = format!("Bearer {wrong}");
    for headers in [
        vec![],
        vec![("x-api-key", "")],
        vec![("x-api-key", wrong)],
        vec![("authorization", &*bearer)],
        vec![("api-key", &*program.key)],
    ] {
        let told = program.send(Method::POST, PATH, &headers, body()).await;
        told.complains(401, "authentication_failed");
    }
    let told = program.call(Method::GET, PATH, None).await;
    told.complains(405, "method_not_allowed");
    assert_eq!(told.headers["allow"], "POST");
    // Whose profile offers nothing of the kind is told of nothing.
    let other = platform.merchant(Some("yoco@1")).await;
    let other = platform.program(&other, "live").await;
    assert_eq!(other.asks(received.body.to_vec()).await.expect(400)["verified"], false);
    // An endpoint of another profile than its application's is enough.
    let profile = platform.publish("kloutit@1", "asking", &json!({})).await;
    let mixed = platform.merchant(Some("yoco@1")).await;
    let receiver = platform.receiver(Script::always(Answer::OK)).await;
    let endpoint = json!({ "url": receiver.url(), "profile": profile });
    platform.client.endpoint_with(&mixed, endpoint).await;
    platform.send(&mixed, &case()).await;
    let theirs = platform.program(&mixed, "test").await;
    let told = theirs.asks(receiver.next().await.body.to_vec()).await;
    assert_eq!(told.expect(200)["verified"], true);
    // The same bytes were sent to both, and each is told of its own.
    let own = program.asks(received.body.to_vec()).await.expect(200);
    assert_ne!(own["messageId"], told.json()["messageId"]);
}

#[tokio::test]
async fn k13_an_event_can_be_asked_about_at_the_path_and_by_the_rules_of_a_profile() {
    let platform = Platform::start(&[]).await;
    let callback = json!({
        "path": "/events/check", "auth_header": "X-Shop-Key", "match": "raw_sha256",
        "window_s": 60, "ok_status": 202, "mismatch_status": 422,
    });
    let changes = json!({ "verify_callback": callback });
    let profile = platform.publish("kloutit@1", "by-bytes", &changes).await;
    let app = platform.merchant(Some(&profile)).await;
    let program = platform.program(&app, "live").await;
    let receiver = platform.receiver(Script::always(Answer::OK)).await;
    platform.client.endpoint(&app, &receiver.url()).await;
    platform.send(&app, &case()).await;
    let received = receiver.next().await;
    let headers = [("x-shop-key", &*program.key)];
    let asks = async |body: Vec<u8>| {
        program.send(Method::POST, "/events/check", &headers, Some(body)).await
    };
    assert_eq!(asks(received.body.to_vec()).await.expect(202)["verified"], true);
    let spaced = [&received.body[..], b" "].concat();
    assert_eq!(asks(spaced).await.expect(422)["verified"], false);
    // At another's path by that one's rules.
    assert_eq!(program.asks("{}").await.expect(400)["verified"], false);
}
