//! Who may offer a message, and for whom.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_api::{Signer, TokenSecret};
use posthaste_domain::{OrgId, Timestamp};
use reqwest::Method;
use serde_json::json;

use super::{
    refusals::{BODY_LIMIT, Case, assert_refused},
    stage::Stage,
};
use crate::bed;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_token_that_is_not_ours_is_401() {
    let stage = Stage::start(&[]).await;
    let earlier = Timestamp::from_micros(bed::now().micros() - 2 * 3_600 * 1_000_000);
    let stranger = Signer::new(&TokenSecret::new("another-secret-another-secret-aa").unwrap());
    let good = bed::token();
    let (_, claims_and_signature) = good.split_once('.').unwrap();
    let (claims, signature) = claims_and_signature.split_once('.').unwrap();
    let unsigned =
        BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
    let tokens = [
        ("garbage", "garbage".to_owned()),
        ("expired", bed::signer().organisation_token(&bed::org(), earlier, HOUR)),
        ("early", bed::signer().organisation_token(&bed::org(), bed::now() + HOUR, HOUR)),
        ("forged", stranger.organisation_token(&bed::org(), bed::now(), HOUR)),
        ("none", format!("{unsigned}.{claims}.")),
        ("none, with a signature", format!("{unsigned}.{claims}.{signature}")),
        ("cut short", good[..good.len() - 4].to_owned()),
        ("very long", "a".repeat(20_000)),
    ];
    let refused = |what, ask| Case::coded(what, ask, 401, "authentication_failed", "Invalid token");
    let mut cases: Vec<_> =
        tokens.iter().map(|(what, token)| refused(what, stage.message().token(token))).collect();
    cases.push(refused("no token", stage.message().without("authorization")));
    let basic = stage.message().header("authorization", "Basic dXNlcjpwYXNz");
    cases.push(refused("another scheme", basic));
    // Who may not speak is not listened to: neither to the body, nor whether there is one.
    let large = vec![b'x'; 8 * BODY_LIMIT];
    cases.push(refused("no token, much to say", stage.message().token("garbage").body(large)));
    assert_refused(&stage, &cases).await;

    for surface in stage.surfaces {
        let told = surface.send(&stage.message().token(bed::TOKEN_SECRET)).await.expect(401);
        assert_eq!(told["code"], "authentication_failed");
        assert_ne!(told["detail"], "Invalid token", "this mistake is explained");
        assert!(!told.to_string().contains(bed::TOKEN_SECRET));
    }
}

#[tokio::test]
async fn a_good_token_does_not_reach_beyond_its_own() {
    let stage = Stage::start(&[]).await;
    let signer = bed::signer();
    let applications = signer.application_token(&bed::org(), &stage.app, bed::now(), HOUR);
    let neighbour: OrgId = "org_23rb8YdGqMT0qIzpgGwdXfHirMv".parse().unwrap();
    let neighbours = signer.organisation_token(&neighbour, bed::now(), HOUR);
    // Both tokens are good, for something else.
    let own = format!("/api/v1/app/{}", stage.app);
    stage.client.with_token(&applications).call(Method::GET, &own, None).await.expect(200);
    stage.client.with_token(&neighbours).application("theirs").await;
    let unknown = "/api/v1/app/app_23rb8YdGqMT0qIzpgGwdXfHirMu/msg";
    let missing = |what, ask| Case::coded(what, ask, 404, "not_found", "Application not found");
    assert_refused(
        &stage,
        &[
            Case::coded(
                "an application's token",
                stage.message().token(&applications),
                403,
                "insufficient access",
                "Insufficient access for the given operation.",
            ),
            missing("another organisation's token", stage.message().token(&neighbours)),
            missing("an unknown application", stage.message().target(unknown)),
            missing("an id that is none", stage.message().target("/api/v1/app/%00/msg")),
            missing("no id", stage.message().target("/api/v1/app//msg")),
        ],
    )
    .await;
}
