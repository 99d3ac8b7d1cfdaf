//! The vectors that the Standard Webhooks and Svix libraries publish, and what must not verify.

use proptest::prelude::*;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SECONDS: &str = "1614265330";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const OTHER_SIGNATURE: &str = "v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=";

fn secret(text: &str) -> SigningSecret {
    SigningSecret::parse(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn entry(secret: &str, id: &str, seconds: &str, body: &[u8]) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mac = authenticate(&key, id, seconds, body).finalize().into_bytes();
    format!("v1,{}", STANDARD.encode(mac))
}

fn check(signature: &str) -> Result<(), VerifyError> {
    verify(&secret(SECRET), ID, SECONDS, signature, BODY, at(1_614_265_330), TOLERANCE)
}

#[test]
fn published_vectors() {
    assert_eq!(entry(SECRET, ID, SECONDS, BODY), SIGNATURE);
    assert_eq!(
        entry(SECRET, ID, SECONDS, br#"{"test": 2432232315}"#),
        "v1,TW/pFPJ2/LwRQdgfM7WklE9yJiRyMs0cTpVPK8leNAU="
    );
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    assert_eq!(
        entry(OTHER_SECRET, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553", body),
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
    );
    // The documented sample has a key of 18 bytes, shorter than a `SigningSecret` may be.
    assert_eq!(
        entry(
            "whsec_plJ3nmyCDGBKInavdOK15jsl",
            "msg_loFOjxBNrRLzqYUf",
            "1731705121",
            br#"{"event_type":"ping","data":{"success":true}}"#
        ),
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
    );
}

#[test]
fn every_key_signs_in_the_order_given() {
    let id: MessageId = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".parse().unwrap();
    let keys = [secret(SECRET), secret(OTHER_SECRET)];
    let expected = [SECRET, OTHER_SECRET].map(|s| entry(s, id.as_str(), SECONDS, BODY)).join(" ");
    // Fractions of a second are not signed.
    let moment = Timestamp::from_micros(1_614_265_330_999_999);
    assert_eq!(sign(keys.iter(), &id, moment, BODY), expected);
    assert_eq!(sign([].into_iter(), &id, moment, BODY), "");
}

#[test]
fn one_matching_entry_among_several_is_enough() {
    assert_eq!(entry(OTHER_SECRET, ID, SECONDS, BODY), OTHER_SIGNATURE);
    assert_eq!(check(SIGNATURE), Ok(()));
    assert_eq!(check(&format!("{OTHER_SIGNATURE} v1a,abc= {SIGNATURE} v1,xx")), Ok(()));
}

#[test]
fn what_must_not_verify() {
    for signature in [
        "",
        "v1,",
        OTHER_SIGNATURE,
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v1,g0hM9SsE",
        "v1,dawfeoifkpqwoekfpqoekf",
        "v1,invalid_signature",
        "invalid_signature",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ] {
        assert_eq!(check(signature), Err(VerifyError::NoMatch), "{signature}");
    }
}

#[test]
fn the_timestamp_must_be_whole_seconds_within_the_tolerance() {
    let check = |timestamp: &str, now: i64| {
        let signature = entry(SECRET, ID, timestamp, BODY);
        verify(&secret(SECRET), ID, timestamp, &signature, BODY, at(now), TOLERANCE)
    };
    let signed = 1_614_265_330;
    assert_eq!(check(SECONDS, signed + 300), Ok(()));
    assert_eq!(check(SECONDS, signed + 301), Err(VerifyError::TooOld));
    assert_eq!(check(SECONDS, signed - 300), Ok(()));
    assert_eq!(check(SECONDS, signed - 301), Err(VerifyError::TooNew));
    for malformed in ["", "hello", "161426533.0", "-1614265330", "+1614265330", " 1614265330", "0"]
    {
        assert_eq!(check(malformed, signed), Err(VerifyError::Timestamp), "{malformed:?}");
    }
    assert_eq!(check("99999999999999999999", signed), Err(VerifyError::Timestamp));
    assert_eq!(check("18446744073709551615", signed), Err(VerifyError::TooNew));
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_nothing_else_does(
        body: Vec<u8>,
        other: Vec<u8>,
        seconds in 1_i64..4_000_000_000,
    ) {
        let id: MessageId = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".parse().unwrap();
        let key = secret(SECRET);
        let header = sign(std::iter::once(&key), &id, at(seconds), &body);
        let check = |key: &SigningSecret, body: &[u8]| {
            verify(key, id.as_str(), &seconds.to_string(), &header, body, at(seconds), TOLERANCE)
        };
        prop_assert_eq!(check(&key, &body), Ok(()));
        prop_assert_eq!(check(&secret(OTHER_SECRET), &body), Err(VerifyError::NoMatch));
        if other != body {
            prop_assert_eq!(check(&key, &other), Err(VerifyError::NoMatch));
        }
    }

    #[test]
    fn hostile_headers_never_panic(id in "\\PC*", timestamp in "\\PC*", signature in "\\PC*") {
        let now = at(1_614_265_330);
        let verdict = verify(&secret(SECRET), &id, &timestamp, &signature, BODY, now, TOLERANCE);
        prop_assert!(verdict.is_err());
    }
}

/// The vector that the Svix server publishes; Ed25519 signs the same bytes alike.
#[test]
fn published_vector_of_a_key_pair() {
    let pair = secret(
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    );
    assert_eq!(pair.reveal(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
    let signature = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    let now = at(1_614_265_330);
    let check = |header: &str, body| verify(&pair, ID, SECONDS, header, body, now, TOLERANCE);
    assert_eq!(check(&format!("{SIGNATURE} {signature}"), BODY), Ok(()));
    assert_eq!(check(signature, b"{}"), Err(VerifyError::NoMatch));
    assert_eq!(check(&signature.replace("v1a,", "v1,"), BODY), Err(VerifyError::NoMatch));
    assert_eq!(check("v1a,AAAA v1a,*", BODY), Err(VerifyError::NoMatch));
}

proptest! {
    #[test]
    fn whatever_a_key_pair_signs_its_public_half_alone_verifies(
        seed: [u8; 32],
        body: Vec<u8>,
        seconds in 1_i64..4_000_000_000,
    ) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
        let key = secret(&format!("whsk_{}", STANDARD.encode([&seed[..], &public].concat())));
        let id: MessageId = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".parse().unwrap();
        let header = sign(std::iter::once(&key), &id, at(seconds), &body);
        let signature = STANDARD.decode(header.strip_prefix("v1a,").unwrap()).unwrap();
        let content = [format!("{id}.{seconds}.").as_bytes(), &body].concat();
        let shown = STANDARD.decode(key.reveal().strip_prefix("whpk_").unwrap()).unwrap();
        let verified = UnparsedPublicKey::new(&ED25519, shown).verify(&content, &signature);
        prop_assert!(verified.is_ok());
    }
}

#[test]
fn a_key_pair_signs_what_its_public_half_verifies() {
    let seed = [9; 32];
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let public = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let text = format!("whsk_{}", STANDARD.encode([&seed[..], &public].concat()));
    let (pair, other) = (
        SigningSecret::parse(&text).unwrap(),
        SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
    );
    let at = Timestamp::from_micros(1_614_265_330_000_000);
    let id: MessageId = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".parse().unwrap();
    let header = sign([&pair, &other].into_iter(), &id, at, b"{}");
    let (first, second) = header.split_once(' ').unwrap();
    assert!(first.starts_with("v1a,") && second.starts_with("v1,"), "{header}");
    let check = |secret, body: &[u8]| {
        verify(secret, id.as_str(), "1614265330", &header, body, at, TOLERANCE)
    };
    assert_eq!(check(&pair, b"{}"), Ok(()));
    assert_eq!(check(&other, b"{}"), Ok(()));
    assert_eq!(check(&pair, b"{ }"), Err(VerifyError::NoMatch));
}
