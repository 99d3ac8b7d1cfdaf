//! Message signatures: the vectors of RFC 9421 and the form that webhooks use.

use super::*;

const TARGET: Target<'static> =
    Target { method: "POST", uri: "https://example.com/foo?param=Value&Pet=dog" };
const RFC_BODY: &[u8] = br#"{"hello": "world"}"#;
const RFC_MOMENT: i64 = 1_618_884_473;

fn rfc_headers() -> HeaderMap {
    headers([("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("content-type", "application/json")])
}

fn compile(text: &str) -> Result<Signatures, Vec<String>> {
    let specs: Vec<SignatureSpec> = serde_json::from_str(text).unwrap();
    Signatures::compile(&specs).map_err(|faults| faults.into_iter().map(|f| f.pointer).collect())
}

/// Appendix B.2.5, with the shared secret of B.1.5.
#[test]
fn an_hmac_over_some_components() {
    let signatures = compile(
        r#"[{"name":"rfc9421","algorithm":"hmac-sha256","label":"sig-b25","keyid":"test-shared-secret",
            "components":["date","@authority","content-type"],"parameters":["created","keyid"]}]"#,
    );
    let key = secret(
        "whsec_uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
    );
    let mut made = rfc_headers();
    let signed = request(ID, RFC_MOMENT, RFC_BODY);
    assert_eq!(signatures.unwrap().sign([key].iter(), &signed, &TARGET, &mut made), Ok(1));
    assert_eq!(
        made["signature-input"],
        r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#
    );
    assert_eq!(made["signature"], "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
    assert_eq!(made.len(), 4);
}

/// Appendix B.2.6, with the key pair of B.1.4.
#[test]
fn a_key_pair_over_some_components() {
    let signatures = compile(
        r#"[{"name":"rfc9421","algorithm":"ed25519","label":"sig-b26","keyid":"test-key-ed25519",
            "components":["date","@method","@path","@authority","content-type","content-length"],
            "parameters":["created","keyid"]}]"#,
    );
    let key = secret(
        "whsk_n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcUmtAuPk//z2JcRL368WCsjLb1yUX0IL+g8+zDdzkPRuw==",
    );
    let mut made = rfc_headers();
    let signed = request(ID, RFC_MOMENT, RFC_BODY);
    let signatures = signatures.unwrap();
    assert_eq!(signatures.sign([key.clone()].iter(), &signed, &TARGET, &mut made), Ok(1));
    assert_eq!(
        made["signature"],
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
    );
    let check = |body| {
        signatures.messages()[0].verify(&key, &TARGET, &made, body, at(RFC_MOMENT), TOLERANCE)
    };
    assert_eq!(check(RFC_BODY), Ok(()));
    assert_eq!(check(b"longer than it was"), Ok(()), "only the length is covered");
    assert_eq!(check(b"{}"), Err(VerifyError::NoMatch));
}

const WEBHOOK: &str = r#"{"name":"rfc9421","algorithm":"hmac-sha256","label":"sig1","keyid":"ep_1",
    "components":["@method","@target-uri","content-digest","content-type","webhook-id"]}"#;

/// Digest and signature made by Python's `hashlib` and `hmac`.
#[test]
fn a_webhook() {
    let signatures = compile(&format!(r#"[{WEBHOOK}, "standard-v1"]"#)).unwrap();
    let key = secret(WHSEC);
    let target = Target { method: "POST", uri: "https://example.com/hook?x=1#gone" };
    let mut made = headers([("content-type", "application/json")]);
    let signed = request(ID, SECONDS, BODY);
    let keys = [opaque("unfit"), key.clone(), secret(OTHER_WHSEC)];
    assert_eq!(signatures.sign(keys.iter(), &signed, &target, &mut made), Ok(3));
    assert_eq!(made["content-digest"], "sha-256=:roWJMfZ4h+gVDW+Wyf4DBiwd82tEZMTdyOACwITV0Zg=:");
    assert_eq!(made["signature"], "sig1=:DbpgixA9AB4f9pTLFPKvlmWmU0SYhAgOKxvq8SczGx0=:");
    let message = &signatures.messages()[0];
    let check = |key, headers: &HeaderMap, body, seconds| {
        message.verify(key, &target, headers, body, at(seconds), TOLERANCE)
    };
    assert_eq!(check(&key, &made, BODY, SECONDS), Ok(()));
    assert_eq!(check(&key, &made, b"{}", SECONDS), Err(VerifyError::NoMatch));
    assert_eq!(check(&keys[2], &made, BODY, SECONDS), Err(VerifyError::NoMatch));
    assert_eq!(check(&keys[0], &made, BODY, SECONDS), Err(VerifyError::UnfitSecret));
    assert_eq!(check(&key, &made, BODY, SECONDS + 301), Err(VerifyError::TooOld));
    for name in ["signature", "signature-input", "content-digest", "webhook-id"] {
        let mut lacking = made.clone();
        lacking.remove(name);
        assert_eq!(check(&key, &lacking, BODY, SECONDS), Err(VerifyError::Missing), "{name}");
    }
    let mut altered = made.clone();
    altered.insert("webhook-id", HeaderValue::from_static("msg_2"));
    assert_eq!(check(&key, &altered, BODY, SECONDS), Err(VerifyError::NoMatch));
    let elsewhere = Target { uri: "https://example.com/hook?x=2", ..target };
    let verdict = message.verify(&key, &elsewhere, &made, BODY, at(SECONDS), TOLERANCE);
    assert_eq!(verdict, Err(VerifyError::NoMatch));
}

#[test]
fn what_cannot_be_covered_is_not_signed() {
    let signatures = compile(&format!("[{WEBHOOK}]")).unwrap();
    let sign = |target: &Target<'_>, headers: &mut HeaderMap| {
        let (keys, signed) = ([secret(WHSEC)], request(ID, SECONDS, BODY));
        signatures.sign(keys.iter(), &signed, target, headers)
    };
    let mut made = headers([("content-type", "application/json")]);
    let no_id = SignError::NoField("webhook-id".parse().unwrap());
    assert_eq!(sign(&TARGET, &mut made), Err(no_id));
    made.insert("webhook-id", HeaderValue::from_bytes(b"\xe9").unwrap());
    assert_eq!(sign(&TARGET, &mut made), Err(SignError::Field("webhook-id".parse().unwrap())));
    made.insert("webhook-id", HeaderValue::from_static(ID));
    for uri in ["", "/hook", "https://", "https://a/\n\"@x\": y"] {
        let target = Target { method: "POST", uri };
        assert_eq!(sign(&target, &mut made), Err(SignError::Target), "{uri}");
    }
    assert_eq!(made.len(), 2);
}

#[test]
fn derived_components() {
    let base = |uri: &str, component: &str| {
        let text = WEBHOOK.replace(
            r#""@method","@target-uri","content-digest","content-type","webhook-id""#,
            component,
        );
        let signatures = compile(&format!("[{text}]")).unwrap();
        let target = Target { method: "POST", uri };
        let message = &signatures.messages()[0];
        let base = message.base("", BODY, None, &target, &HeaderMap::new()).unwrap();
        base.split_once(": ").unwrap().1.split_once('\n').unwrap().0.to_owned()
    };
    for (uri, component, expected) in [
        ("https://Example.com:443/a", r#""@authority""#, "example.com"),
        ("https://example.com:8443?a", r#""@authority""#, "example.com:8443"),
        ("http://[::1]:80/", r#""@authority""#, "[::1]"),
        ("https://example.com", r#""@path""#, "/"),
        ("https://example.com?a=b/c", r#""@path""#, "/"),
        ("https://example.com/a", r#""@query""#, "?"),
        ("https://example.com/a?b#c", r#""@query""#, "?b"),
        ("https://example.com/a?b", r#""@request-target""#, "/a?b"),
        ("HTTPS://example.com/a", r#""@scheme""#, "https"),
    ] {
        assert_eq!(base(uri, component), expected, "{uri}");
    }
}

#[test]
fn faults_and_conflicts() {
    let alone =
        |from: &str, to: &str| compile(&format!("[{}]", WEBHOOK.replace(from, to))).unwrap_err();
    assert_eq!(alone("hmac-sha256", "hmac-sha512"), ["/0/algorithm"]);
    assert_eq!(alone("sig1", "Sig"), ["/0/label"]);
    assert_eq!(alone("ep_1", ""), ["/0/keyid"]);
    assert_eq!(alone("ep_1", "\\u00e9"), ["/0/keyid"]);
    for bad in ["@status", "Date", "a b", "host", "signature", "@method"] {
        assert_eq!(alone("webhook-id", bad), ["/0/components/4"], "{bad}");
    }
    assert_eq!(alone("\"label\"", "\"parameters\":[\"keyid\"],\"label\""), ["/0/parameters"]);
    let key = r#""key":{"decode":"utf8"},"label""#;
    assert!(compile(&format!("[{}]", WEBHOOK.replace("\"label\"", key))).is_ok());
    let pair = WEBHOOK.replace("hmac-sha256", "ed25519").replace("\"label\"", key);
    assert_eq!(compile(&format!("[{pair}]")).unwrap_err(), ["/0/key"]);
    assert_eq!(compile(&format!("[{WEBHOOK}, {WEBHOOK}]")).unwrap_err(), ["/1/label"]);
    let conflict = compile(&format!(r#"["hex-body", "static-secret", {WEBHOOK}]"#));
    assert_eq!(conflict.unwrap_err(), ["/1/header"]);
}

#[test]
fn two_labels_share_the_headers() {
    let second = WEBHOOK.replace("sig1", "sig2").replace("ep_1", "a\\\\b\\\"c");
    let signatures = compile(&format!("[{WEBHOOK}, {second}]")).unwrap();
    let mut made = headers([("content-type", "application/json"), ("webhook-id", ID)]);
    let keys = [secret(WHSEC)];
    let made_of = signatures.sign(keys.iter(), &request(ID, SECONDS, BODY), &TARGET, &mut made);
    assert_eq!((made_of, made.len()), (Ok(2), 5));
    assert!(made["signature-input"].to_str().unwrap().contains(r#";keyid="a\\b\"c""#));
    for message in signatures.messages() {
        let verdict = message.verify(&keys[0], &TARGET, &made, BODY, at(SECONDS), TOLERANCE);
        assert_eq!(verdict, Ok(()), "{}", message.label());
    }
}

#[test]
fn is_read_and_written() {
    let spec: SignatureSpec = serde_json::from_str(WEBHOOK).unwrap();
    let written = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<SignatureSpec>(&written).unwrap(), spec);
    assert!(written.starts_with(r#"{"name":"rfc9421","#), "{written}");
    for bad in [
        WEBHOOK.replace("\"label\"", "\"entry\":\"\",\"label\""),
        WEBHOOK.replace("rfc9421", "own"),
        WEBHOOK.replace("\"label\"", "\"lable\""),
        "1".into(),
    ] {
        assert!(serde_json::from_str::<SignatureSpec>(&bad).is_err(), "{bad}");
    }
}
