//! Whatever is signed verifies, and nothing else does.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::*;

/// A secret of every kind from one seed.
fn keys(seed: [u8; 32]) -> [SigningSecret; 3] {
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let halves = [&seed[..], pair.public_key().as_ref()].concat();
    [
        secret(&format!("whsec_{}", STANDARD.encode(seed))),
        secret(&format!("whsk_{}", STANDARD.encode(halves))),
        opaque(&format!("é $ {}", STANDARD.encode(seed))),
    ]
}

proptest! {
    #[test]
    fn every_scheme_verifies_what_it_signed_and_no_other_body(
        seed: [u8; 32],
        other: [u8; 32],
        id in "[A-Za-z0-9_-]{1,40}",
        body in prop::collection::vec(any::<u8>(), 1..200),
        flip in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        seconds in 1_i64..4_000_000_000,
    ) {
        prop_assume!(seed != other);
        let (keys, others) = (keys(seed), keys(other));
        let mut altered = body.clone();
        altered[flip.index(body.len())] ^= 1 << bit;
        for spec in SchemeSpec::builtins() {
            let scheme = spec.compile().unwrap();
            let mut signed_by = 0;
            for (key, other) in keys.iter().zip(&others) {
                let made = sign(&scheme, std::slice::from_ref(key), &request(&id, seconds, &body));
                if made.is_empty() {
                    continue;
                }
                signed_by += 1;
                let check = |key, body: &[u8]| {
                    scheme.verify(key, &made, body, at(seconds), TOLERANCE)
                };
                prop_assert_eq!(check(key, &body), Ok(()), "{}", &spec.name);
                prop_assert_eq!(check(other, &body), Err(VerifyError::NoMatch));
                let bad = if spec.algorithm == Algorithm::Static {
                    Ok(())
                } else {
                    Err(VerifyError::NoMatch)
                };
                prop_assert_eq!(check(key, &altered), bad, "{}", &spec.name);
            }
            let kinds = if spec.key.decode == Decode::Utf8 { 2 } else { 1 };
            prop_assert_eq!(signed_by, kinds, "{}", &spec.name);
        }
    }

    #[test]
    fn two_keys_rotate_in_either_order(seed: [u8; 32], other: [u8; 32], body: Vec<u8>) {
        prop_assume!(seed != other);
        let (new, old) = (keys(seed), keys(other));
        for spec in SchemeSpec::builtins().iter().filter(|s| s.rotation == Rotation::AllActive) {
            let scheme = spec.compile().unwrap();
            for (new, old) in new.iter().zip(&old) {
                let made = sign(&scheme, &[new.clone(), old.clone()], &request(ID, SECONDS, &body));
                for key in [new, old].into_iter().filter(|_| !made.is_empty()) {
                    let verdict = scheme.verify(key, &made, &body, at(SECONDS), TOLERANCE);
                    prop_assert_eq!(verdict, Ok(()), "{}", &spec.name);
                }
            }
        }
    }

    #[test]
    fn hostile_headers_never_panic_nor_verify(value in "\\PC{0,80}", tail in "\\PC{0,20}") {
        for spec in SchemeSpec::builtins() {
            let scheme = spec.compile().unwrap();
            let key = if spec.algorithm == Algorithm::Ed25519 { WHSK } else { WHSEC };
            let whole = sign(&scheme, &[secret(key)], &request(ID, SECONDS, BODY));
            for name in whole.keys() {
                for value in [value.clone(), format!("t={value},{tail}"), format!("v1,{tail}")] {
                    let mut received = whole.clone();
                    received.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
                    let verdict = scheme.verify(&secret(key), &received, BODY, at(SECONDS), TOLERANCE);
                    // An id or a type that is sent but not signed may say anything.
                    prop_assert!(verdict.is_err() || !name.as_str().ends_with("signature"));
                }
            }
        }
    }

    #[test]
    fn a_scheme_that_compiles_signs(
        content in "[a-z{}. ]{0,8}(\\{\\{(id|timestamp|body|event_type|sig)\\}\\}){0,3}",
        entry in "[a-z=]{0,3}\\{\\{sig\\}\\}[a-z]{0,2}",
        header in "[a-z=,]{0,3}(\\{\\{(id|timestamp|entries)\\}\\}[,;]{0,1}){1,3}",
    ) {
        let mut spec = SchemeSpec::builtin("pagerduty").unwrap();
        spec.content = content;
        spec.entry = entry;
        spec.header = HeaderSpec::Templates(vec![("X-Sig".into(), header)]);
        if let Ok(scheme) = spec.compile() {
            let key = opaque("your-secret");
            let made = sign(&scheme, std::slice::from_ref(&key), &request("m1", SECONDS, BODY));
            let verdict = scheme.verify(&key, &made, BODY, at(SECONDS), TOLERANCE);
            let told = !scheme.needs_id() && !scheme.needs_timestamp();
            if told && !scheme.signs(super::super::template::ContentVar::EventType) {
                prop_assert_eq!(verdict, Ok(()), "{:?}", spec);
            }
        }
    }
}
