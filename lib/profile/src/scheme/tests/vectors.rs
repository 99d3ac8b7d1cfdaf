//! What others have published, and what an independent HMAC makes of the same inputs.

use super::*;

fn value(scheme_name: &str, key: SigningSecret, signed: &Signed<'_>, header: &str) -> String {
    sign(&scheme(scheme_name), &[key], signed)[header].to_str().unwrap().to_owned()
}

/// From the sign tests of the Standard Webhooks libraries, Svix's worker and its documentation.
/// The third secret is shorter than we take as `whsec_`; as opaque text it makes the same key.
#[test]
fn standard_webhooks() {
    let email: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    let ping: &[u8] = br#"{"event_type":"ping","data":{"success":true}}"#;
    let php: &[u8] = br#"{"test": 2432232315}"#;
    for (key, id, seconds, body, expected) in [
        (secret(WHSEC), ID, SECONDS, BODY, V1),
        (opaque(WHSEC), ID, SECONDS, BODY, V1),
        (
            secret(OTHER_WHSEC),
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            email,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            opaque("whsec_plJ3nmyCDGBKInavdOK15jsl"),
            "msg_loFOjxBNrRLzqYUf",
            1_731_705_121,
            ping,
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
        (secret(WHSEC), ID, SECONDS, php, "v1,TW/pFPJ2/LwRQdgfM7WklE9yJiRyMs0cTpVPK8leNAU="),
    ] {
        let signed = request(id, seconds, body);
        assert_eq!(value("standard-v1", key.clone(), &signed, "webhook-signature"), expected);
        assert_eq!(value("svix", key, &signed, "svix-signature"), expected);
    }
}

/// From Svix's worker, `test_asymmetric_key_signing`.
#[test]
fn standard_webhooks_with_a_key_pair() {
    let signed = request(ID, SECONDS, BODY);
    assert_eq!(value("standard-v1a", secret(WHSK), &signed, "webhook-signature"), V1A);
}

/// From GitHub's documentation, "Testing the webhook payload validation".
#[test]
fn github() {
    let signed = request(ID, SECONDS, b"Hello, World!");
    let key = opaque("It's a Secret to Everybody");
    assert_eq!(
        value("github", key, &signed, "x-hub-signature-256"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

/// From Slack's documentation, "Verifying requests from Slack".
#[test]
fn slack() {
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signed = request(ID, 1_531_420_618, body);
    let key = opaque("8f742231b10e8888abcd99yyyzzz85a5");
    assert_eq!(
        value("slack", key, &signed, "x-slack-signature"),
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
}

/// From Convoy's own tests, which give them in full: the plain and the advanced form.
#[test]
fn convoy() {
    let body = br#"{"event":"charge.success","amount":1000,"currency":"NGN"}"#;
    let signed = request(ID, 1_700_000_000, body);
    let key = opaque("convoy-webhook-secret");
    assert_eq!(
        value("hex-body", key.clone(), &signed, "x-signature"),
        "244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4"
    );
    assert_eq!(
        value("convoy-advanced", key, &signed, "x-convoy-signature"),
        "t=1700000000,v1=77b8b9269f25a199846a55a2bd25b3fba151c70fdae60bb1dcd87fbbc943c55c"
    );
}

/// Stripe publishes none: made by Python's `hmac` from the formula in its libraries.
#[test]
fn stripe_with_two_keys() {
    let keys = ["whsec_test_a", "whsec_test_b"].map(opaque);
    let made = sign(&scheme("stripe"), &keys, &request(ID, SECONDS, BODY));
    assert_eq!(
        made["stripe-signature"],
        "t=1614265330,\
         v1=a12222d34441826eac5b21dbe5e434467b448e27aec4acd58db70b52cc530009,\
         v1=690f557ac5ccf20474f61c70d3749abd56d0c61109eff687713a1b626988aaff"
    );
}

/// The constant that one published Ruby receiver compares a header with, whatever the body.
#[test]
fn a_constant_content() {
    let mut spec = SchemeSpec::builtin("hex-body").unwrap();
    spec.content = "{}".into();
    spec.header = HeaderSpec::Name("Webhook-Secret".into());
    let made =
        sign(&spec.compile().unwrap(), &[opaque("your-secret")], &request(ID, SECONDS, BODY));
    assert_eq!(
        made["webhook-secret"],
        "2da5eb1de903e692680cc9e03e647e7821f2c226c6fe1b1f68088f8f402c7729"
    );
}

/// Made by Python's `hmac` with the keys `00ff10`, `00ff` and `your`.
#[test]
fn keys_in_hexadecimal_and_parts_of_keys() {
    for (decode, strip, take, text, expected) in [
        (
            Decode::Hex,
            "",
            None,
            "00Ff10",
            "31bf5e28d8767ed99a951a17484e027e80abbe2412629c9e19eecfdcc5ac569d",
        ),
        (
            Decode::Hex,
            "k_",
            Some(2),
            "k_00ff10",
            "a1589b49fec7f9f6afcc81b918e57a99e7148ebea3b2a21517f565c16ab45507",
        ),
        (
            Decode::Utf8,
            "",
            Some(4),
            "your-secret",
            "5f49fe23de6a29f339bc15720670359a2f2ed3cd1531e3f658a8dad239083a45",
        ),
        (Decode::Hex, "", None, "00ff1", ""),
        (Decode::Hex, "", None, "00fg", ""),
        (Decode::Hex, "k_", None, "00ff", ""),
        (Decode::Hex, "", Some(4), "00ff10", ""),
        (Decode::Utf8, "", Some(12), "your-secret", ""),
    ] {
        let mut spec = SchemeSpec::builtin("hex-body").unwrap();
        spec.key = KeySpec { from: None, strip_prefix: strip.into(), decode, take };
        let made = sign(&spec.compile().unwrap(), &[opaque(text)], &request(ID, SECONDS, BODY));
        let made = made.get("x-signature").map_or("", |value| value.to_str().unwrap());
        assert_eq!(made, expected, "{text}");
    }
}

#[test]
fn fractions_of_a_second_are_not_signed() {
    let signed =
        Signed { at: Timestamp::from_micros(1_614_265_330_999_999), ..request(ID, 0, BODY) };
    let made = sign(&scheme("standard-v1"), &[secret(WHSEC)], &signed);
    assert_eq!(made["webhook-timestamp"], "1614265330");
    assert_eq!(made["webhook-signature"], V1);
}

#[test]
fn milliseconds_and_lines_of_content() {
    let mut spec = SchemeSpec::builtin("stripe").unwrap();
    spec.time = Some(TimeForm::UnixMillis);
    spec.content = "{{event_type}}\n{{timestamp}}\n{{body}}".into();
    spec.header = HeaderSpec::Templates(vec![
        ("X-Type".into(), "{{event_type}}".into()),
        ("X-Sig".into(), "{{entries}};t={{timestamp}}".into()),
    ]);
    let (scheme, key) = (spec.compile().unwrap(), opaque("your-secret"));
    let signed =
        Signed { at: Timestamp::from_micros(1_614_265_330_123_999), ..request(ID, 0, BODY) };
    let made = sign(&scheme, std::slice::from_ref(&key), &signed);
    assert!(made["x-sig"].to_str().unwrap().ends_with(";t=1614265330123"), "{made:?}");
    let check = |now| scheme.verify(&key, &made, BODY, Timestamp::from_micros(now), TOLERANCE);
    assert_eq!(check(1_614_265_630_123_000), Ok(()));
    assert_eq!(check(1_614_265_630_124_000), Err(VerifyError::TooOld));
}
