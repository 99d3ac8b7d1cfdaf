//! The forms of JSON against the real JavaScript and the real PHP.
//!
//! Needs `POSTHASTE_NODE` and `PHP`, which `tests/setup.py` tells.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's")]

#[path = "json/documents.rs"]
mod documents;
#[path = "json/oracle.rs"]
mod oracle;

use std::fmt::Write as _;

use posthaste_profile::{
    MAX_BODY_DEPTH, Refusal, SerializeError, Serializer, canonical_digest, check_payload,
    compatibility,
};

use documents::documents;
use oracle::{ask_ecma, ask_php};

const DOCUMENTS: usize = 4_000;

fn written(serializer: Serializer, text: &str) -> Result<String, SerializeError> {
    let mut out = Vec::new();
    serializer.write(text, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn digest(text: &str) -> Option<String> {
    let digest = canonical_digest(text.as_bytes()).ok()?;
    Some(digest.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    }))
}

#[test]
fn compact_is_what_javascript_writes() {
    let texts = documents(DOCUMENTS);
    let mut exact = 0;
    for (text, ecma) in texts.iter().zip(ask_ecma(&texts)) {
        let compact = written(Serializer::Compact, text);
        assert_eq!(compact.is_ok(), ecma.is_unicode(), "{text}\n{compact:?}");
        // It looks at members as well that others of the same name replace.
        let judged = check_payload(text);
        assert_eq!(judged == Err(Refusal::LoneSurrogate), ecma.has_lone_surrogate(), "{text}");
        assert!(judged.is_err() || compact.is_ok(), "{text}");
        assert_eq!(digest(text), ecma.canonical, "{text}");
        let Ok(compact) = compact else { continue };
        let twice = written(Serializer::Compact, &compact);
        assert_eq!(twice.as_ref(), Ok(&compact), "{text}");
        assert_eq!(
            written(Serializer::Compact, &written(Serializer::Pretty2, text).unwrap()),
            twice,
            "{text}"
        );
        if ecma.is_exact() {
            exact += 1;
            let again = ecma.again.map(|again| String::from_utf8(again).unwrap());
            assert_eq!(Some(compact), again, "{text}");
        }
    }
    assert!(exact > DOCUMENTS / 2, "only {exact} documents have numbers that a double holds");
}

#[test]
fn php_is_what_php_writes() {
    let texts = documents(DOCUMENTS);
    let mut exact = 0;
    for ((text, php), ecma) in texts.iter().zip(ask_php(&texts)).zip(ask_ecma(&texts)) {
        if ecma.has_lone_surrogate() {
            assert_eq!(php.again, None, "{text}");
            continue;
        }
        let ours = written(Serializer::Php, text);
        if let (Some(again), Some(objects)) = (&php.again, &php.objects) {
            assert_eq!(ours.is_ok(), again == objects, "{text}\n{ours:?}");
        }
        match ours {
            Ok(ours) => {
                assert_eq!(written(Serializer::Php, &ours).as_ref(), Ok(&ours), "{text}");
                // What PHP writes for negative zero it does not read as such.
                if ecma.is_exact_in_php() && !ecma.has_negative_zero() {
                    exact += 1;
                    let again = php.again.map(|again| String::from_utf8(again).unwrap());
                    assert_eq!(Some(ours), again, "{text}");
                }
            }
            Err(error) => assert!(
                matches!(error.refusal, Refusal::EmptyObject | Refusal::ListLikeObject),
                "{text}: {error}"
            ),
        }
    }
    assert!(exact > DOCUMENTS / 4, "only {exact} documents have such numbers and no lost objects");
}

#[test]
fn a_body_verifies_where_it_is_said_to() {
    let texts = documents(DOCUMENTS);
    let ecma = ask_ecma(&texts);
    let again = ecma.into_iter().filter_map(|ecma| String::from_utf8(ecma.again?).ok());
    let forms = [Serializer::Compact, Serializer::Php, Serializer::Pretty2];
    let ours =
        texts.iter().flat_map(|text| forms.iter().filter_map(|form| written(*form, text).ok()));
    let deepest = "[".repeat(MAX_BODY_DEPTH) + &"]".repeat(MAX_BODY_DEPTH);
    let bodies: Vec<_> = again.chain(ours).chain(texts.iter().cloned()).chain([deepest]).collect();
    let mut seen = [[0; 2]; 2];
    for ((body, ecma), php) in bodies.iter().zip(ask_ecma(&bodies)).zip(ask_php(&bodies)) {
        let said = compatibility(body.as_bytes());
        assert_eq!(said.js, ecma.again.as_deref() == Some(body.as_bytes()), "JavaScript: {body}");
        assert_eq!(said.php, php.again.as_deref() == Some(body.as_bytes()), "PHP: {body}");
        seen[usize::from(said.js)][usize::from(said.php)] += 1;
    }
    assert!(seen.as_flattened().iter().all(|&count| count > DOCUMENTS / 20), "{seen:?}");
}

/// Every power of two, where the doubles around are unevenly far, and its neighbours; and doubles
/// which are as near to one decimal of the fewest digits as to another.
#[test]
fn doubles_have_the_digits_that_javascript_and_php_give_them() {
    let powers = (0..2047_u64).flat_map(|exponent| {
        let bits = exponent << 52;
        [bits, bits + 1, bits | 0xf_ffff_ffff_ffff].map(f64::from_bits)
    });
    let spread = (0..4_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let any = spread.clone().map(f64::from_bits).filter(|double| double.is_finite());
    let between = spread.flat_map(|bits| [0.125, 0.25, 0.5].map(|ulp| (bits >> 12) as f64 * ulp));
    let all: Vec<_> =
        powers.chain(any).chain(between).map(|double| format!("{double:.25e}")).collect();
    let ecma = ask_ecma(&all);
    for (number, ecma) in all.iter().zip(&ecma) {
        assert_eq!(digest(number), ecma.canonical, "{number}");
    }
    let shortest: Vec<_> =
        ecma.into_iter().map(|ecma| String::from_utf8(ecma.again.unwrap()).unwrap()).collect();
    for (number, php) in shortest.iter().zip(ask_php(&shortest)) {
        assert!(compatibility(number.as_bytes()).js, "{number}");
        assert_eq!(written(Serializer::Compact, number).as_ref(), Ok(number));
        let php = String::from_utf8(php.again.unwrap()).unwrap();
        assert!(compatibility(php.as_bytes()).php, "{number} is {php} to PHP");
    }
}
