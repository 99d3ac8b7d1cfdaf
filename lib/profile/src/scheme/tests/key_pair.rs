//! Key pairs: the private half signs, and a receiver needs the public half alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::*;

#[test]
fn the_published_signature_is_of_the_published_public_half() {
    let pair = secret(WHSK);
    assert_eq!(pair.reveal(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
    let check = |signature: &str, body| {
        let received = headers([
            ("webhook-id", ID),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ]);
        scheme("standard-v1a").verify(&pair, &received, body, at(SECONDS), TOLERANCE)
    };
    assert_eq!(check(&format!("{V1} {V1A}"), BODY), Ok(()));
    assert_eq!(check(V1A, b"{}"), Err(VerifyError::NoMatch));
    assert_eq!(check(&V1A.replace("v1a,", "v1,"), BODY), Err(VerifyError::NoMatch));
    assert_eq!(check("v1a,AAAA v1a,*", BODY), Err(VerifyError::NoMatch));
}

proptest! {
    /// By the definition of Standard Webhooks, without our own verifier.
    #[test]
    fn whatever_a_key_pair_signs_its_public_half_alone_verifies(
        seed: [u8; 32],
        body: Vec<u8>,
        seconds in 1_i64..4_000_000_000,
    ) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let halves = [&seed[..], pair.public_key().as_ref()].concat();
        let key = secret(&format!("whsk_{}", STANDARD.encode(halves)));
        let made = sign(
            &scheme("standard-v1a"),
            std::slice::from_ref(&key),
            &request(ID, seconds, &body),
        );
        let entry = made["webhook-signature"].to_str().unwrap();
        let signature = STANDARD.decode(entry.strip_prefix("v1a,").unwrap()).unwrap();
        let content = [format!("{ID}.{seconds}.").as_bytes(), &body].concat();
        let shown = STANDARD.decode(key.reveal().strip_prefix("whpk_").unwrap()).unwrap();
        let verified = UnparsedPublicKey::new(&ED25519, shown).verify(&content, &signature);
        prop_assert!(verified.is_ok());
    }
}
