//! What a forger, a clock and a confused client may send.

use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ORG: &str = "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ";
const APP: &str = "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ";
const SECRET: &str = "correct horse battery staple, and then some";
const HOUR: Duration = Duration::from_secs(3_600);

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_123_457)
}

fn secret() -> TokenSecret {
    TokenSecret::new(SECRET).unwrap()
}

fn verify(token: &str, at: Timestamp) -> Result<Principal, Problem> {
    Verifier::new(&secret()).verify(Some(&format!("Bearer {token}")), at)
}

/// A token with any claims, signed with our secret.
fn with_claims(claims: &Value) -> String {
    hs256::install();
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn base64url(text: &str) -> String {
    // The library encodes what it is given as a claim set; the middle part is what is wanted.
    let token = with_claims(&serde_json::from_str(text).unwrap());
    token.split('.').nth(1).unwrap().to_owned()
}

async fn answer(problem: Problem) -> (u16, Value) {
    let status = problem.status().as_u16();
    let body = problem.into_response().into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_token_says_what_it_was_made_for() {
    let signer = Signer::new(&secret());
    let (org, app): (OrgId, AppId) = (ORG.parse().unwrap(), APP.parse().unwrap());
    let token = signer.organisation_token(&org, now(), HOUR);
    assert_eq!(verify(&token, now()).unwrap(), Principal::Organisation(org.clone()));

    let token = signer.application_token(&org, &app, now(), HOUR);
    let spoken_for = Portal {
        org: org.clone(),
        app: app.clone(),
        feature_flags: BTreeSet::new(),
        capabilities: Capability::all(),
        session_id: None,
        issued_at: now(),
    };
    let principal = Principal::Application(Box::new(spoken_for.clone()));
    assert_eq!(verify(&token, now()).unwrap(), principal);
    assert_eq!(principal.org(), &org);
    assert_eq!(principal.into_organisation().unwrap_err().status().as_u16(), 403);

    let narrow = Portal {
        feature_flags: BTreeSet::from(["beta".parse().unwrap()]),
        capabilities: BTreeSet::from([Capability::ViewBase]),
        session_id: Some("user_1FB8".to_owned()),
        ..spoken_for
    };
    let token = signer.portal_token(&narrow, HOUR);
    assert_eq!(verify(&token, now()).unwrap(), Principal::Application(Box::new(narrow)));
}

#[test]
fn a_token_is_good_within_its_time_and_a_minute() {
    let token = Signer::new(&secret()).organisation_token(&ORG.parse().unwrap(), now(), HOUR);
    let at = |offset: i64| verify(&token, Timestamp::from_micros(now().micros() + offset));
    let second = 1_000_000;
    assert!(at(-60 * second).is_ok());
    assert_eq!(at(-61 * second).unwrap_err().status().as_u16(), 401);
    assert!(at(3_659 * second).is_ok());
    assert_eq!(at(3_660 * second).unwrap_err().status().as_u16(), 401);
}

#[test]
fn a_token_need_not_end() {
    assert!(verify(&with_claims(&json!({"sub": ORG})), now()).is_ok());
    assert!(verify(&with_claims(&json!({"sub": ORG, "exp": null})), now()).is_ok());
    let fraction = json!({"sub": ORG, "exp": 1_790_000_060.5, "aud": "x", "iss": ["y"]});
    assert!(verify(&with_claims(&fraction), now()).is_ok());
    assert!(verify(&with_claims(&json!({"sub": ORG, "exp": "never"})), now()).is_err());
}

#[tokio::test]
async fn refusals_have_the_bodies_that_clients_know() {
    let verifier = Verifier::new(&secret());
    for header in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic YTpi")] {
        let (status, body) = answer(verifier.verify(header, now()).unwrap_err()).await;
        assert_eq!(status, 401, "{header:?}");
        let expected = json!({"code": "authentication_failed", "detail": "Invalid token"});
        assert_eq!(body, expected, "{header:?}");
    }
    for (claims, status, code) in [
        (json!({}), 401, "authentication_failed"),
        (json!({"org": ORG}), 401, "authentication_failed"),
        (json!({"sub": "user_1"}), 400, "bad_token"),
        (json!({"sub": APP}), 400, "bad_token"),
        (json!({"sub": APP, "org": "acme"}), 400, "bad token"),
        (json!({"sub": ORG, "org": ORG}), 400, "bad token"),
    ] {
        let (got, body) = answer(verify(&with_claims(&claims), now()).unwrap_err()).await;
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{claims}");
        if status == 401 {
            assert_eq!(body["detail"], "Invalid token (missing `sub`).");
        }
    }
}

#[tokio::test]
async fn sending_the_secret_itself_is_explained_without_repeating_it() {
    let (status, body) = answer(verify(SECRET, now()).unwrap_err()).await;
    assert_eq!((status, &body["code"]), (401, &json!("authentication_failed")));
    assert_ne!(body["detail"], "Invalid token");
    assert!(!body.to_string().contains(SECRET));
}

#[test]
fn nothing_prints_the_secret() {
    let shown =
        format!("{:?} {:?} {:?}", secret(), Signer::new(&secret()), { Verifier::new(&secret()) });
    assert!(!shown.contains("horse"), "{shown}");
    assert_eq!(TokenSecret::new("short").unwrap_err(), TokenSecretError::TooShort);
}

#[test]
fn no_other_algorithm_is_accepted() {
    let good = Signer::new(&secret()).organisation_token(&ORG.parse().unwrap(), now(), HOUR);
    let (_, claims_and_signature) = good.split_once('.').unwrap();
    let (claims, signature) = claims_and_signature.split_once('.').unwrap();
    for alg in ["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256", "hs256", ""] {
        let header = base64url(&json!({"typ": "JWT", "alg": alg}).to_string());
        for signature in ["", signature] {
            let token = format!("{header}.{claims}.{signature}");
            assert_eq!(verify(&token, now()).unwrap_err().status().as_u16(), 401, "{alg}");
        }
    }
}

#[test]
fn an_extension_that_must_be_understood_is_not() {
    hs256::install();
    let mut header = Header::new(Algorithm::HS256);
    header.crit = Some(vec!["exp".to_owned()]);
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&header, &json!({"sub": ORG}), &key).unwrap();
    assert_eq!(verify(&token, now()).unwrap_err().status().as_u16(), 401);
}

proptest! {
    #[test]
    fn the_moment_it_was_made_is_exact(micros in 1_700_000_000_000_000_i64..4_000_000_000_000_000) {
        let signer = Signer::new(&secret());
        let made = Timestamp::from_micros(micros);
        let token = signer.application_token(&ORG.parse().unwrap(), &APP.parse().unwrap(), made, HOUR);
        match verify(&token, made).unwrap() {
            Principal::Application(portal) => prop_assert_eq!(portal.issued_at, made),
            Principal::Organisation(_) => prop_assert!(false),
        }
    }

    #[test]
    fn no_header_makes_it_panic_or_verify(header in "\\PC{0,200}", scheme in "(?i)bearer ") {
        let verifier = Verifier::new(&secret());
        prop_assert!(verifier.verify(Some(&header), now()).is_err());
        let bearer = format!("{scheme}{header}");
        prop_assert!(verifier.verify(Some(&bearer), now()).is_err());
    }

    #[test]
    fn nothing_shaped_like_a_token_verifies(
        parts in prop::collection::vec("[A-Za-z0-9_=-]{0,60}", 1..5),
        header in prop::sample::select(vec![
            json!({"alg": "HS256"}),
            json!({"alg": "none"}),
            json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
            json!({"alg": "HS256", "jwk": {"kty": "RSA", "n": "", "e": ""}}),
            json!({"alg": "HS256", "x5c": ["%"], "zip": "DEF", "nested": [[[{}]]]}),
        ]),
    ) {
        prop_assert!(verify(&parts.join("."), now()).is_err());
        let token = format!("{}.{}", base64url(&header.to_string()), parts.join("."));
        prop_assert!(verify(&token, now()).is_err());
    }

    #[test]
    fn a_token_changed_anywhere_is_refused(at: prop::sample::Index, to in "[A-Za-z0-9_.-]") {
        let signer = Signer::new(&secret());
        let good = signer.organisation_token(&ORG.parse().unwrap(), now(), HOUR);
        let at = at.index(good.len());
        let forged = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        prop_assert_eq!(verify(&forged, now()).is_ok(), forged == good);
    }

    #[test]
    fn another_secret_makes_no_good_token(other in "[ -~]{32,60}") {
        let signer = Signer::new(&TokenSecret::new(other.clone()).unwrap());
        let token = signer.organisation_token(&ORG.parse().unwrap(), now(), HOUR);
        prop_assert_eq!(verify(&token, now()).is_ok(), other == SECRET);
    }

    #[test]
    fn a_token_is_refused_before_and_after_its_time(offset in -10_000_000_i64..10_000_000) {
        let signer = Signer::new(&secret());
        let token = signer.organisation_token(&ORG.parse().unwrap(), now(), HOUR);
        let at = Timestamp::from_micros(now().micros() + offset * 1_000_000);
        prop_assert_eq!(verify(&token, at).is_ok(), (-60..3_660).contains(&offset));
    }
}
