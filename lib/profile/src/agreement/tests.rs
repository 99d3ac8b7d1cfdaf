//! Profiles whose parts do not agree.

use posthaste_domain::SigningSecret;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::{Preset, Profile, SecretRefused, scheme::SchemeSpec};

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A preset with some of its parts replaced.
fn altered(preset: &str, changes: Value) -> Result<Profile, Vec<String>> {
    let preset = Preset::named(&preset.parse().unwrap()).unwrap();
    let mut document: Value = serde_json::from_str(preset.document).unwrap();
    for (pointer, change) in changes.as_object().unwrap() {
        *document.pointer_mut(pointer).unwrap() = change.clone();
    }
    let read = Profile::parse(&document.to_string());
    read.map_err(|faults| faults.into_iter().map(|fault| fault.pointer).collect())
}

fn places(preset: &str, changes: Value) -> Vec<String> {
    altered(preset, changes).err().unwrap_or_default()
}

/// A key pair, as its owner writes it.
fn key_pair() -> String {
    let changes = json!({"/secret/kind": "ed25519", "/signatures": ["standard-v1a"]});
    let profile = altered("justt@1", changes).unwrap();
    profile.new_secret(None, &mut StdRng::seed_from_u64(7)).unwrap().text().to_string()
}

#[test]
fn a_kind_of_secret_that_no_signature_takes_is_a_fault() {
    let signatures = |name: &str, kind: &str| {
        places("justt@1", json!({"/signatures": [name], "/secret/kind": kind}))
    };
    for (name, kind) in [
        ("standard-v1a", "whsec"),
        ("standard-v1", "opaque_utf8"),
        ("standard-v1", "hex"),
        ("standard-v1", "ed25519"),
        ("github", "ed25519"),
        ("static-secret", "ed25519"),
    ] {
        assert_eq!(signatures(name, kind), ["/secret/kind"], "{name} with {kind}");
    }
    for (name, kind) in [
        ("standard-v1", "whsec"),
        ("standard-v1a", "ed25519"),
        ("github", "opaque_utf8"),
        ("github", "hex"),
        ("github", "whsec"),
        ("static-secret", "opaque_utf8"),
    ] {
        assert_eq!(signatures(name, kind), [""; 0], "{name} with {kind}");
    }
    assert_eq!(signatures("github", "none"), ["/signatures"]);
}

#[test]
fn text_of_any_kind_is_more_than_what_can_be_decoded() {
    let of = |decode: &str, kind: &str| {
        let mut scheme = serde_json::to_value(SchemeSpec::builtin("github").unwrap()).unwrap();
        scheme["key"]["decode"] = decode.into();
        places("justt@1", json!({"/signatures": [scheme], "/secret/kind": kind}))
    };
    for decode in ["base64", "hex"] {
        assert_eq!(of(decode, "opaque_utf8"), ["/secret/kind"], "{decode}");
    }
    assert_eq!(of("hex", "hex"), [""; 0]);
}

#[test]
fn a_secret_that_no_signature_takes_is_refused_although_it_is_of_the_kind() {
    let mut rng = StdRng::seed_from_u64(7);
    let pair = key_pair();
    let standard = &Preset::named(&"standard@1".parse().unwrap()).unwrap().profile;
    assert_eq!(*standard.new_secret(Some(&pair), &mut rng).unwrap().text(), pair);

    let customers = json!({"/secret/source": "generated_or_customer"});
    let hmac = altered("yoco@1", customers).unwrap();
    let parsed = SigningSecret::parse(&pair).unwrap();
    assert!(hmac.secret.fits(&parsed) && !hmac.can_sign(&parsed));
    assert_eq!(hmac.new_secret(Some(&pair), &mut rng), Err(SecretRefused::Kind));
    assert!(hmac.can_sign(&hmac.new_secret(Some(WHSEC), &mut rng).unwrap()));
    assert!(hmac.can_sign(&hmac.new_secret(None, &mut rng).unwrap()));

    let unsigned = &Preset::named(&"kloutit@1".parse().unwrap()).unwrap().profile;
    assert!(unsigned.can_sign(&parsed));
}

fn message(components: &[&str]) -> Value {
    json!({"name": "rfc9421", "algorithm": "hmac-sha256", "label": "sig1", "keyid": "k",
        "components": components})
}

#[test]
fn a_message_signature_covers_only_what_is_always_sent() {
    let signatures = |all: Value| places("justt@1", json!({"/signatures": all}));
    let sent = ["@method", "content-type", "content-digest", "webhook-id", "x-signature"];
    let own = SchemeSpec::builtin("hex-body").unwrap();
    assert_eq!(signatures(json!([message(&sent), own])), [""; 0]);
    let found = signatures(json!(["hex-body", message(&["x-absent", "@path", "webhook-mode"])]));
    assert_eq!(found, ["/signatures/1/components/0", "/signatures/1/components/2"]);
    let found = signatures(json!([message(&["x-signature"])]));
    assert_eq!(found, ["/signatures/0/components/0"]);
}

#[test]
fn a_secret_must_make_the_headers_that_a_message_signature_covers() {
    let all = json!(["standard-v1", "standard-v1a", message(&["webhook-signature"])]);
    let both = altered("standard@1", json!({"/signatures": all})).unwrap();
    let pair = SigningSecret::parse(&key_pair()).unwrap();
    assert!(both.can_sign(&SigningSecret::parse(WHSEC).unwrap()) && both.can_sign(&pair));
    let all = json!(["standard-v1", message(&["webhook-signature"]), {
        "name": "rfc9421", "algorithm": "ed25519", "label": "sig2", "keyid": "k",
        "components": ["@method"]}]);
    let one = altered("standard@1", json!({"/signatures": all})).unwrap();
    assert!(one.can_sign(&SigningSecret::parse(WHSEC).unwrap()) && !one.can_sign(&pair));
}

#[test]
fn what_is_signed_is_told() {
    let headers = |all: Value| places("yoco@1", json!({"/request/headers": all}));
    let header = |name: &str, value: &str| json!({"name": name, "value": value});
    let id = header("webhook-id", "{{message.id}}");
    let time = header("webhook-timestamp", "{{attempt.unix}}");
    let place = "/signatures/0/header";
    assert_eq!(headers(json!([id, time])), [""; 0]);
    assert_eq!(headers(json!([time])), [place]);
    assert_eq!(headers(json!([id])), [place]);
    assert_eq!(headers(json!([])), [place, place]);
    let other = [header("webhook-id", "x{{message.id}}"), header("a", "{{event.id}}")];
    assert_eq!(headers(json!([other[0], other[1], time])), [place]);
    let told = json!({"/request/headers": [], "/signatures": ["github", "standard-v1"]});
    assert_eq!(places("yoco@1", told), [""; 0], "schemes that tell all themselves");
}

#[test]
fn what_is_told_is_in_the_unit_that_is_signed() {
    let place = ["/time/attempt/format"];
    for format in ["unix_millis", "rfc3339"] {
        assert_eq!(places("yoco@1", json!({"/time/attempt/format": format})), place, "{format}");
    }
    let millis = |changes: Value| {
        let mut all = json!({"/time/attempt/format": "unix_millis"});
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        places("yoco@1", all)
    };
    let preset = Preset::named(&"yoco@1".parse().unwrap()).unwrap();
    let document: Value = serde_json::from_str(preset.document).unwrap();
    let mut scheme = document["signatures"][0].clone();
    scheme["time"] = "unix_millis".into();
    assert_eq!(millis(json!({"/signatures": [scheme]})), [""; 0]);
    assert_eq!(millis(json!({"/signatures": ["standard-v1"]})), [""; 0], "it tells its own");
    assert_eq!(places("yoco@1", json!({"/signatures/0": scheme})), place);
}
