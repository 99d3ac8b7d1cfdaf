//! What must not verify, from the libraries' own tests and beyond them.

use super::*;

fn check(signature: &str) -> Result<(), VerifyError> {
    check_with(ID, "1614265330", signature, SECONDS)
}

fn check_with(id: &str, timestamp: &str, signature: &str, now: i64) -> Result<(), VerifyError> {
    let received = headers([
        ("webhook-id", id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signature),
    ]);
    scheme("standard-v1").verify(&secret(WHSEC), &received, BODY, at(now), TOLERANCE)
}

#[test]
fn signatures_of_something_else() {
    for signature in [
        "",
        "v1,",
        OTHER_V1,
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v1,g0hM9SsE",
        "v1,g0hM9",
        "v1,dawfeoifkpqwoekfpqoekf",
        "v1,invalid_signature",
        "invalid_signature",
        "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        V1A,
    ] {
        assert_eq!(check(signature), Err(VerifyError::NoMatch), "{signature}");
    }
}

#[test]
fn one_valid_signature_among_four_is_enough() {
    let many = format!("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {V1A} {V1} v2,{V1}");
    assert_eq!(check(&many), Ok(()));
    assert_eq!(check(&format!("{OTHER_V1}  {V1}")), Ok(()));
    assert_eq!(check(&many.replace(V1, OTHER_V1)), Err(VerifyError::NoMatch));
}

#[test]
fn every_header_is_needed() {
    for spec in SchemeSpec::builtins() {
        let scheme = spec.compile().unwrap();
        let key = if spec.algorithm == Algorithm::Ed25519 { secret(WHSK) } else { secret(WHSEC) };
        let whole = sign(&scheme, std::slice::from_ref(&key), &request(ID, SECONDS, BODY));
        for name in whole.keys() {
            let mut lacking = whole.clone();
            lacking.remove(name);
            let verdict = scheme.verify(&key, &lacking, BODY, at(SECONDS), TOLERANCE);
            assert_eq!(verdict, Err(VerifyError::Missing), "{} without {name}", spec.name);
        }
    }
}

#[test]
fn timestamps_that_are_none() {
    for timestamp in
        ["", "hello", "teadwd", "invalid timestamp", "161426533.0", "-1614265330", "+1", " 1", "0"]
    {
        let verdict = check_with(ID, timestamp, V1, SECONDS);
        assert_eq!(verdict, Err(VerifyError::Timestamp), "{timestamp:?}");
    }
    let check = |now| check_with(ID, "1614265330", V1, now);
    assert_eq!(check_with(ID, "99999999999999999999", V1, SECONDS), Err(VerifyError::Timestamp));
    assert_eq!(check_with(ID, "18446744073709551615", V1, SECONDS), Err(VerifyError::TooNew));
    assert_eq!(check_with(ID, "946684800", V1, SECONDS), Err(VerifyError::TooOld));
    assert_eq!(check(SECONDS + 299), Ok(()));
    assert_eq!(check(SECONDS + 300), Ok(()));
    assert_eq!(check(SECONDS + 301), Err(VerifyError::TooOld));
    assert_eq!(check(SECONDS - 299), Ok(()));
    assert_eq!(check(SECONDS - 300), Ok(()));
    assert_eq!(check(SECONDS - 301), Err(VerifyError::TooNew));
    assert_eq!(check_with("msg_2", "1614265330", V1, SECONDS), Err(VerifyError::NoMatch));
    assert_eq!(check_with(ID, "1614265331", V1, SECONDS), Err(VerifyError::NoMatch));
}

#[test]
fn the_moment_inside_a_signature_header_counts() {
    let (scheme, key) = (scheme("stripe"), opaque("whsec_test_a"));
    let made = sign(&scheme, std::slice::from_ref(&key), &request(ID, SECONDS, BODY));
    let value = made["stripe-signature"].to_str().unwrap().to_owned();
    let check = |value: &str, now| {
        let received = headers([("stripe-signature", value)]);
        scheme.verify(&key, &received, BODY, at(now), TOLERANCE)
    };
    assert_eq!(check(&value, SECONDS + 300), Ok(()));
    assert_eq!(check(&value, SECONDS + 301), Err(VerifyError::TooOld));
    assert_eq!(check(&value, SECONDS - 301), Err(VerifyError::TooNew));
    let moved = value.replace("t=1614265330", "t=1614265331");
    assert_eq!(check(&moved, SECONDS), Err(VerifyError::NoMatch));
    assert_eq!(check(&value.replace("t=1", "t=x"), SECONDS), Err(VerifyError::Timestamp));
    for malformed in ["", "t=1614265330", "v1=00", &value[2..]] {
        assert_eq!(check(malformed, SECONDS), Err(VerifyError::Missing), "{malformed}");
    }
    assert_eq!(check(&value.replace("v1=", "v0="), SECONDS), Err(VerifyError::NoMatch));
}

#[test]
fn secrets_that_make_no_key_sign_nothing() {
    assert!(SigningSecret::parse("whsec_").is_err() && SigningSecret::parse("").is_err());
    assert!(SigningSecret::opaque("").is_err());
    let unfit = |name: &str, key: SigningSecret| {
        let scheme = scheme(name);
        let made = sign(&scheme, std::slice::from_ref(&key), &request(ID, SECONDS, BODY));
        assert!(made.is_empty(), "{name}: {made:?}");
    };
    for text in ["whsec_", "whsec_*", "your-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"] {
        unfit("standard-v1", opaque(text));
    }
    unfit("standard-v1", secret(WHSK));
    unfit("github", secret(WHSK));
    unfit("static-secret", secret(WHSK));
    unfit("standard-v1a", secret(WHSEC));
    unfit("standard-v1a", opaque(WHSK));
    unfit("static-secret", opaque("two\nlines"));
    unfit("static-secret", opaque("nul\0"));
    let made = sign(&scheme("standard-v1"), &[secret(WHSEC)], &request(ID, SECONDS, BODY));
    let verdict = scheme("standard-v1").verify(&secret(WHSK), &made, BODY, at(SECONDS), TOLERANCE);
    assert_eq!(verdict, Err(VerifyError::UnfitSecret));
}

#[test]
fn text_that_would_break_out_of_a_header_is_refused() {
    for bad in ["a\r\nx: y", "a b", "é", "\0"] {
        let mut made = HeaderMap::new();
        let signed = request(bad, SECONDS, BODY);
        let verdict = scheme("github").sign([opaque("x")].iter(), &signed, &mut made);
        assert_eq!(verdict, Err(SignError::Id));
        let signed = Signed { event_type: bad, ..request(ID, SECONDS, BODY) };
        let verdict = scheme("github").sign([opaque("x")].iter(), &signed, &mut made);
        assert_eq!(verdict, Err(SignError::EventType));
        assert!(made.is_empty());
    }
}

#[test]
fn no_secret_is_printed() {
    let made = sign(&scheme("static-secret"), &[opaque("your-secret")], &request(ID, 1, BODY));
    assert_eq!(made["signature"], "your-secret");
    assert!(!format!("{made:?}").contains("your-secret"));
}
