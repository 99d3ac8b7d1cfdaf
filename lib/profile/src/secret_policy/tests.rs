//! Who chooses a secret, and of what kind.

use rand::{SeedableRng as _, rngs::StdRng};

use super::*;

const KINDS: [SecretKind; 5] = [
    SecretKind::Whsec,
    SecretKind::OpaqueUtf8,
    SecretKind::Hex,
    SecretKind::Ed25519,
    SecretKind::None,
];

#[test]
fn what_is_generated_is_of_its_kind_and_never_the_same() {
    let mut rng = StdRng::seed_from_u64(7);
    for kind in KINDS {
        for bytes in [24, 64] {
            let policy = SecretPolicy { kind, bytes, ..SecretPolicy::default() };
            let one = policy.secret(None, &mut rng).unwrap();
            assert!(policy.fits(&one), "{kind:?}");
            assert_ne!(one, policy.secret(None, &mut rng).unwrap());
            if kind != SecretKind::None {
                assert_eq!(policy.secret(Some(&one.text()), &mut rng), Ok(one));
            }
        }
    }
}

#[test]
fn who_chooses_is_for_the_profile_to_say() {
    let mut rng = StdRng::seed_from_u64(7);
    let of = |kind, source| SecretPolicy { kind, source, ..SecretPolicy::default() };
    let ours = of(SecretKind::Whsec, SecretSource::Generated);
    let given = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_eq!(ours.secret(Some(given), &mut rng), Err(SecretRefused::NotYours));
    let theirs = of(SecretKind::OpaqueUtf8, SecretSource::CustomerRequired);
    assert_eq!(theirs.secret(None, &mut rng), Err(SecretRefused::Missing));
    for text in ["your-secret", "é$ \"x\"", given] {
        let secret = theirs.secret(Some(text), &mut rng).unwrap();
        assert_eq!(*secret.text(), text);
    }
    let hex = of(SecretKind::Hex, SecretSource::GeneratedOrCustomer);
    assert_eq!(hex.secret(Some("your-secret"), &mut rng), Err(SecretRefused::Kind));
}

#[test]
fn what_is_malformed_is_refused_without_being_repeated() {
    let policy = SecretPolicy::default();
    for text in ["whsec_C2FVsBQIhrscChlQIM+b5sSYspob", "hwsec_C2FVsBQIhrscChlQIM+b5sSYspob7oD"] {
        let refused = policy.secret(Some(text), &mut StdRng::seed_from_u64(7)).unwrap_err();
        assert!(matches!(refused, SecretRefused::Malformed(_)), "{refused:?}");
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains(&text[6..20]), "{shown}");
    }
}
