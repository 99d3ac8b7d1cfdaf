//! What the documented samples become under their presets: the bytes that the four systems'
//! merchants were promised, and the signatures over them.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's")]

use std::collections::BTreeSet;

use bytes::Bytes;
use http::HeaderMap;
use posthaste_domain::{
    AttemptId, AttemptNo, EndpointId, EndpointUrl, Event, Occurrence, SigningSecret, Timestamp,
};
use posthaste_profile::{BODY_MAX, Ids, Occasion, Outgoing, Preset, Profile, RenderError};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: Timestamp = Timestamp::from_micros(1_614_265_330_000_000);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ENDPOINT: &str = "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ";

/// A documented payload, and what it must become.
#[derive(Deserialize)]
struct Sample {
    event_type: String,
    time: Timestamp,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default, deserialize_with = "present")]
    meta: Option<Box<RawValue>>,
    #[serde(default)]
    event_id: Option<String>,
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    delivery_id: Option<String>,
    payload: Box<RawValue>,
    body_len: usize,
    body_sha256: String,
    #[serde(default)]
    signature: Option<String>,
}

/// A `null` that was written is not the same as nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

fn samples(of: &str) -> Vec<Sample> {
    let json = match of {
        "justt" => include_str!("../samples/justt.json"),
        "justwallet" => include_str!("../samples/justwallet.json"),
        "yoco" => include_str!("../samples/yoco.json"),
        "kloutit" => include_str!("../samples/kloutit.json"),
        other => panic!("{other}"),
    };
    serde_json::from_str(json).unwrap()
}

fn profile(reference: &str) -> &'static Profile {
    &Preset::named(&reference.parse().unwrap()).unwrap().profile
}

fn event(sample: &Sample) -> Event {
    Event {
        id: "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
        org: "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
        app: "app_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
        event_type: sample.event_type.parse().unwrap(),
        event_id: sample.event_id.as_ref().map(|id| id.parse().unwrap()),
        channels: vec![],
        tags: vec![],
        idempotency_key: None,
        retention_hours: Event::RETENTION_HOURS,
        deliver_at: None,
        content_type: None,
        occurrence: Occurrence {
            at: Some(sample.time),
            subject: sample.subject.clone(),
            meta: sample.meta.as_ref().map(|meta| meta.get().to_owned()),
            mode: None,
            tenant: sample.tenant.as_ref().map(|tenant| tenant.parse().unwrap()),
        },
        accepted_at: AT,
    }
}

/// What a sample becomes: its body, and the value of one header.
fn rendered(
    profile: &Profile,
    sample: &Sample,
    secret: &SigningSecret,
    header: &str,
) -> (Bytes, Option<String>) {
    let (event, endpoint) = (event(sample), ENDPOINT.parse::<EndpointId>().unwrap());
    let payload = Bytes::from(sample.payload.get().to_owned());
    let ids = Ids { message: Some(ID), delivery: sample.delivery_id.as_deref() };
    let outgoing = Outgoing { event: &event, payload: &payload, endpoint: &endpoint, ids };
    let body = profile.body(&outgoing).unwrap();
    let headers = headers(profile, &outgoing, secret, &body).unwrap();
    let value = headers.get(header).map(|value| value.to_str().unwrap().to_owned());
    (body, value)
}

fn headers(
    profile: &Profile,
    outgoing: &Outgoing<'_>,
    secret: &SigningSecret,
    body: &[u8],
) -> Result<HeaderMap, RenderError> {
    let id: AttemptId = "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
    let url = EndpointUrl::parse("https://example.com/hook").unwrap();
    let occasion = Occasion {
        at: AT,
        number: AttemptNo::FIRST,
        id: &id,
        url: &url,
        user_agent: "Posthaste/1",
    };
    profile.headers(outgoing, &occasion, std::iter::once(secret), body)
}

fn golden(preset: &str, secret: &SigningSecret, header: &str) {
    let profile = profile(&format!("{preset}@1"));
    for sample in samples(preset) {
        let (body, signature) = rendered(profile, &sample, secret, header);
        let text = String::from_utf8_lossy(&body);
        assert_eq!(body.len(), sample.body_len, "{preset} {}: {text}", sample.event_type);
        let digest: String =
            Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, sample.body_sha256, "{preset} {}: {text}", sample.event_type);
        assert_eq!(signature, sample.signature, "{preset} {}", sample.event_type);
    }
}

#[test]
fn j14_the_documented_justt_payload_is_rendered_to_the_byte() {
    golden("justt", &SigningSecret::parse(SECRET).unwrap(), "webhook-signature");
}

#[test]
fn w15_w16_the_documented_just_wallet_payloads_are_rendered_to_the_byte() {
    golden("justwallet", &SigningSecret::opaque("your-secret").unwrap(), "signature");
}

#[test]
fn y15_the_documented_yoco_payloads_are_rendered_to_the_byte() {
    golden("yoco", &SigningSecret::parse(SECRET).unwrap(), "webhook-signature");
}

#[test]
fn k21_the_documented_kloutit_payload_is_rendered_to_the_byte_and_not_signed() {
    golden("kloutit", &SigningSecret::parse(SECRET).unwrap(), "webhook-signature");
}

#[test]
fn the_documented_just_wallet_payloads_are_the_same_in_the_form_of_php() {
    let secret = SigningSecret::opaque("your-secret").unwrap();
    for sample in samples("justwallet") {
        let of = |reference| rendered(profile(reference), &sample, &secret, "signature");
        assert_eq!(of("justwallet@1"), of("justwallet-php@1"));
    }
}

#[test]
fn every_preset_has_a_name_of_its_own_and_is_read() {
    let names: Vec<_> = Preset::all().map(|one| one.profile.reference.to_string()).collect();
    assert_eq!(
        names,
        ["justt@1", "justwallet@1", "justwallet-php@1", "kloutit@1", "standard@1", "yoco@1"]
    );
}

#[test]
fn ids_are_given_where_nobody_gives_them_and_are_the_same_every_time() {
    let sample = &samples("justt")[0];
    let event = event(sample);
    let body = |event: &Event, endpoint: &str| {
        let endpoint: EndpointId = endpoint.parse().unwrap();
        let payload = Bytes::from_static(b"{}");
        let ids = Ids::default();
        let outgoing = Outgoing { event, payload: &payload, endpoint: &endpoint, ids };
        let body = profile("justt@1").body(&outgoing).unwrap();
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()["webhookId"].clone()
    };
    let one = body(&event, ENDPOINT);
    assert_eq!(one, body(&event, ENDPOINT));
    assert_ne!(one, body(&event, "ep_3mUyNHGNzM2qRpFZTsVXrxQkEWJ"));
    assert_eq!(one.as_str().unwrap().len(), 36);
}

#[test]
fn a_secret_of_another_kind_makes_no_request() {
    let sample = &samples("yoco")[0];
    let (event, endpoint) = (event(sample), ENDPOINT.parse::<EndpointId>().unwrap());
    let payload = Bytes::from_static(b"{}");
    let ids = Ids::default();
    let outgoing = Outgoing { event: &event, payload: &payload, endpoint: &endpoint, ids };
    let opaque = SigningSecret::opaque("your-secret").unwrap();
    let refused = headers(profile("yoco@1"), &outgoing, &opaque, b"{}");
    assert!(matches!(refused, Err(RenderError::NoKey)), "{refused:?}");
}

/// A preset with another header, for one value of which a test asks.
fn with_header(value: &str) -> Profile {
    let preset = Preset::named(&"justwallet@1".parse().unwrap()).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(preset.document).unwrap();
    document["request"]["headers"] = serde_json::json!([{"name": "X-Own", "value": value}]);
    Profile::parse(&document.to_string()).unwrap()
}

#[test]
fn a_header_holds_printable_ascii_or_there_is_no_request() {
    let (profile, endpoint) = (with_header("<{{event.subject}}>"), ENDPOINT.parse().unwrap());
    let secret = SigningSecret::opaque("your-secret").unwrap();
    let made = |subject: &str| {
        let occurrence =
            Occurrence { subject: Some(subject.into()), ..event(&samples("yoco")[0]).occurrence };
        let event = Event { occurrence, ..event(&samples("yoco")[0]) };
        let payload = Bytes::from_static(b"{}");
        let ids = Ids::default();
        let outgoing = Outgoing { event: &event, payload: &payload, endpoint: &endpoint, ids };
        headers(&profile, &outgoing, &secret, b"{}")
    };
    assert_eq!(made("EXP 12/3").unwrap()["x-own"], "<EXP 12/3>");
    for subject in ["é", "a\u{85}b", "a\r\nb: c", "\u{7f}", "\0"] {
        let refused = made(subject);
        assert!(
            matches!(&refused, Err(RenderError::Header(name)) if name == "x-own"),
            "{subject:?}: {refused:?}"
        );
    }
}

#[test]
fn a_body_beyond_the_bound_is_refused_and_the_longest_payload_is_not() {
    let endpoint = ENDPOINT.parse::<EndpointId>().unwrap();
    let event = event(&samples("yoco")[0]);
    let body = |reference, payload: String| {
        let payload = Bytes::from(payload);
        let ids = Ids::default();
        let outgoing = Outgoing { event: &event, payload: &payload, endpoint: &endpoint, ids };
        profile(reference).body(&outgoing)
    };
    let text = |bytes: usize| format!("{{\"a\":\"{}\"}}", "é".repeat(bytes / 2));
    for reference in ["justwallet@1", "justwallet-php@1"] {
        body(reference, text(1 << 20)).unwrap();
        let refused = body(reference, text(BODY_MAX));
        assert!(matches!(refused, Err(RenderError::TooLong)), "{reference}");
    }
    let refused = body("justwallet-php@1", text(BODY_MAX / 2));
    assert!(matches!(refused, Err(RenderError::TooLong)), "the serializer makes it longer");
}

#[test]
fn a_faulty_profile_is_told_every_fault_and_its_place() {
    let document = r#"{
        "profile": "Bad Name", "version": 0, "colour": "red",
        "request": {"headers": [{"name": "Host", "value": "{{event.data}}"}]},
        "body": {"template": {"a": "{{attempt.unix}}", "b": ["{{event.id"]}, "serializer": "xml"},
        "event_type": {"pointer": "type", "wire": {"a b": "c"}},
        "signatures": ["nonesuch"],
        "success": {"statuses": ["2xx"]},
        "timeouts": {"connect_ms": 5000, "total_ms": 99999},
        "retry": {"delays_s": [5, -1], "anchor": "never", "jitter": 1},
        "transport": {"https_only": "yes", "tls_min": "1.1", "verify_certificate": false}
    }"#;
    let faults = Profile::parse(document).unwrap_err();
    let places: BTreeSet<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    for place in [
        "/profile",
        "/version",
        "/colour",
        "/request/headers/0/name",
        "/request/headers/0/value",
        "/body/template/a",
        "/body/template/b/0",
        "/body/serializer",
        "/event_type/pointer",
        "/event_type/wire/a b",
        "/signatures/0",
        "/success/statuses",
        "/timeouts/total_ms",
        "/retry/delays_s",
        "/retry/anchor",
        "/retry/jitter",
        "/transport/https_only",
        "/transport/tls_min",
        "/transport/verify_certificate",
    ] {
        assert!(places.contains(place), "{place} is not among {places:#?}");
    }
    assert_eq!(places.len(), 19, "{places:#?}");
}
