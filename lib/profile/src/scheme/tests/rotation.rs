//! Several keys, and several schemes in one header.

use super::*;

#[test]
fn every_valid_key_signs_where_a_header_has_room() {
    let signed = request(ID, SECONDS, BODY);
    let keys = [secret(WHSEC), secret(OTHER_WHSEC)];
    let made = sign(&scheme("standard-v1"), &keys, &signed);
    assert_eq!(made["webhook-signature"], format!("{V1} {OTHER_V1}"));
    for spec in SchemeSpec::builtins().iter().filter(|spec| spec.algorithm != Algorithm::Ed25519) {
        let scheme = spec.compile().unwrap();
        let made = sign(&scheme, &keys, &signed);
        let check = |key| scheme.verify(key, &made, BODY, at(SECONDS), TOLERANCE);
        assert_eq!(check(&keys[0]), Ok(()), "{}", spec.name);
        let older = match spec.rotation {
            Rotation::AllActive => Ok(()),
            Rotation::NewestOnly => Err(VerifyError::NoMatch),
        };
        assert_eq!(check(&keys[1]), older, "{}", spec.name);
    }
}

#[test]
fn keys_that_do_not_fit_are_passed_over() {
    let signed = request(ID, SECONDS, BODY);
    let keys = [secret(WHSK), opaque("your-secret"), secret(WHSEC), secret(OTHER_WHSEC)];
    let mut made = HeaderMap::new();
    let count = scheme("standard-v1").sign(keys.iter(), &signed, &mut made);
    assert_eq!(
        (count, made["webhook-signature"].to_str().unwrap()),
        (Ok(2), format!("{V1} {OTHER_V1}").as_str())
    );
    // The newest that fits is the opaque one.
    let made = sign(&scheme("hex-body"), &keys, &signed);
    assert_eq!(made, sign(&scheme("hex-body"), &keys[1..2], &signed));
    assert_eq!(sign(&scheme("standard-v1"), &[], &signed), HeaderMap::new());
}

fn together(text: &str) -> Result<Signatures, Vec<String>> {
    let specs: Vec<SignatureSpec> = serde_json::from_str(text).unwrap();
    Signatures::compile(&specs).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn sign_all(signatures: &Signatures, keys: &[SigningSecret]) -> HeaderMap {
    let mut made = HeaderMap::new();
    let target = Target { method: "POST", uri: "https://example.com/" };
    signatures.sign(keys.iter(), &request(ID, SECONDS, BODY), &target, &mut made).unwrap();
    made
}

#[test]
fn two_schemes_share_a_header_whose_entries_can_be_joined() {
    let both = together(r#"["standard-v1", "standard-v1a"]"#).unwrap();
    let keys = [secret(WHSK), secret(WHSEC)];
    let made = sign_all(&both, &keys);
    assert_eq!(made["webhook-signature"], format!("{V1} {V1A}"));
    assert_eq!(made.len(), 3);
    for (scheme, key) in both.schemes().iter().zip([&keys[1], &keys[0]]) {
        assert_eq!(scheme.verify(key, &made, BODY, at(SECONDS), TOLERANCE), Ok(()));
    }
    // With one kind of key, only its scheme signs.
    assert_eq!(sign_all(&both, &keys[..1])["webhook-signature"], V1A);
    assert!(sign_all(&both, &[opaque("x")]).is_empty());
    assert!(sign_all(&together("[]").unwrap(), &keys).is_empty());
}

#[test]
fn two_schemes_may_not_say_different_things_in_one_header() {
    assert_eq!(
        together(r#"["hex-body", "hex-body", "svix"]"#).unwrap_err(),
        ["/1/header: X-Signature: an earlier signature sets this header to something else"]
    );
    assert_eq!(
        together(r#"["stripe", "stripe"]"#).unwrap_err(),
        ["/1/header: Stripe-Signature: an earlier signature sets this header to something else"]
    );
    assert!(together(r#"["standard-v1", "svix", "github", "hex-body", "static-secret"]"#).is_ok());
    let many = vec![SignatureSpec::Named("hex-body".into()); 9];
    let faults = Signatures::compile(&many).unwrap_err();
    assert_eq!(faults[0].to_string(), "/: must be at most 8 signatures");
}

#[test]
fn a_name_that_is_not_known_is_a_fault() {
    assert_eq!(
        together(r#"["standard-v1", "standard-v2"]"#).unwrap_err(),
        ["/1: no scheme is known as \"standard-v2\""]
    );
}
