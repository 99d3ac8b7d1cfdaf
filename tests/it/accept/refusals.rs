//! Everything that is refused, and with which words. Nothing of it is stored.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_api::{Signer, TokenSecret};
use posthaste_domain::{OrgId, Timestamp};
use serde_json::{Value, json};

use super::{stage::Stage, surface::Ask};
use crate::bed;

const HOUR: Duration = Duration::from_secs(3_600);
/// `ingress.body_limit_bytes` where nobody sets it.
const BODY_LIMIT: usize = 1_000_000;

/// A request, and what it must be answered with.
struct Case {
    what: &'static str,
    ask: Ask,
    status: u16,
    body: Value,
}

impl Case {
    fn coded(what: &'static str, ask: Ask, status: u16, code: &str, detail: &str) -> Self {
        Self { what, ask, status, body: json!({ "code": code, "detail": detail }) }
    }

    /// 422 at each of these places.
    fn faults(what: &'static str, ask: Ask, kind: &str, places: &[&[&str]]) -> Self {
        let faults = places.iter().map(|loc| json!({ "loc": loc, "type": kind }));
        Self { what, ask, status: 422, body: json!({ "detail": faults.collect::<Vec<_>>() }) }
    }
}

/// Faults without their words for humans, which are nobody's contract.
fn without_msg(mut body: Value) -> Value {
    if let Some(faults) = body["detail"].as_array_mut() {
        for fault in faults {
            let msg = fault.as_object_mut().and_then(|fault| fault.remove("msg"));
            assert!(msg.is_some_and(|msg| msg.as_str().is_some_and(|msg| !msg.is_empty())));
        }
    }
    body
}

/// Asks each of it of both surfaces.
async fn assert_refused(stage: &Stage, cases: &[Case]) {
    for surface in stage.surfaces {
        for Case { what, ask, status, body } in cases {
            let heard = surface.send(ask).await;
            assert_eq!(heard.status, *status, "{what}, at {}: {heard:?}", surface.name);
            assert_eq!(without_msg(heard.json()), *body, "{what}, at {}", surface.name);
            let challenge = (heard.status == 401).then_some("Bearer");
            assert_eq!(heard.header("www-authenticate"), challenge, "{what}");
        }
    }
    assert_eq!(stage.stored().await, 0);
}

#[tokio::test]
async fn a_body_that_is_no_message_is_422_and_says_where() {
    let stage = Stage::start(&[]).await;
    let decode = |what, body: &[u8], at: &[&str]| {
        Case::faults(what, stage.message().body(body), "value_error.jsondecode", &[at])
    };
    let rule = |what, body: Value, places: &[&[&str]]| {
        Case::faults(what, stage.message().json(&body), "value_error", places)
    };
    let root = &["body", "", ""][..];
    let long = "a".repeat(257);
    assert_refused(
        &stage,
        &[
            decode("nothing", b"", root),
            decode("no JSON", b"eventType=a", root),
            decode("half of it", br#"{"eventType":"a","payload":{"#, &["body", "payload"]),
            decode("more than it", br#"{"eventType":"a","payload":{}} {}"#, root),
            decode("a list", b"[]", root),
            decode("no event type", br#"{"payload":{}}"#, root),
            decode("no payload", br#"{"eventType":"a"}"#, root),
            decode(
                "a number for a name",
                br#"{"eventType":1,"payload":{}}"#,
                &["body", "eventType"],
            ),
            decode(
                "null for a name",
                br#"{"eventType":null,"payload":{}}"#,
                &["body", "eventType"],
            ),
            decode("no text", b"{\"eventType\":\"\xff\",\"payload\":{}}", &["body", "eventType"]),
            decode(
                "text for a list",
                br#"{"eventType":"a","payload":{},"channels":"b"}"#,
                &["body", "channels"],
            ),
            rule(
                "a list as payload",
                json!({ "eventType": "a", "payload": [1] }),
                &[&["body", "payload"]],
            ),
            rule(
                "text as payload",
                json!({ "eventType": "a", "payload": "{}" }),
                &[&["body", "payload"]],
            ),
            rule(
                "null as payload",
                json!({ "eventType": "a", "payload": null }),
                &[&["body", "payload"]],
            ),
            rule(
                "everything at once",
                json!({
                    "eventType": "no spaces", "eventId": long, "channels": ["ok", "ä"],
                    "payloadRetentionPeriod": 4, "payload": 1,
                }),
                &[
                    &["body", "eventType"],
                    &["body", "eventId"],
                    &["body", "channels", "[1]"],
                    &["body", "payloadRetentionPeriod"],
                    &["body", "payload"],
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn odd_parameters_and_headers_are_refused() {
    let stage = Stage::start(&[]).await;
    let key = |what, key: &[u8]| {
        let ask = stage.message().header("idempotency-key", key);
        Case::faults(what, ask, "value_error", &[&["header", "idempotency-key"]])
    };
    assert_refused(
        &stage,
        &[key("an empty key", b""), key("a long key", &[b'k'; 257]), key("no ASCII", b"cl\xe9")],
    )
    .await;
    for surface in stage.surfaces {
        let ask = stage.message().target(stage.path() + "?with_content=perhaps");
        assert_eq!(surface.send(&ask).await.expect(400)["code"], "generic_error");
    }
    assert_eq!(stage.stored().await, 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_it_is_accepted() {
    let stage = Stage::start(&[]).await;
    let of_size = |size: usize| {
        let frame = r#"{"eventType":"a","payload":{"a":""}}"#.len();
        let filling = "x".repeat(size - frame);
        format!(r#"{{"eventType":"a","payload":{{"a":"{filling}"}}}}"#)
    };
    let ask = |size| stage.message().body(of_size(size));
    let refused = |what, ask| {
        Case::coded(what, ask, 413, "payload_too_large", "Request payload is too large.")
    };
    assert_refused(
        &stage,
        &[
            refused("a byte too many", ask(BODY_LIMIT + 1)),
            refused("a byte too many, unannounced", ask(BODY_LIMIT + 1).chunked()),
            refused("far too many", ask(8 * BODY_LIMIT)),
            refused("far too many, unannounced", ask(8 * BODY_LIMIT).chunked()),
        ],
    )
    .await;
    for surface in stage.surfaces {
        surface.send(&ask(BODY_LIMIT)).await.expect(202);
        surface.send(&ask(BODY_LIMIT).chunked()).await.expect(202);
    }
}

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

#[tokio::test]
async fn paths_and_methods_that_there_are_not_are_answered_in_json() {
    let stage = Stage::start(&[]).await;
    for surface in stage.surfaces {
        for target in ["/", "/api/v1/nowhere", "/api/v2/app", "//", "/%FF?a=b"] {
            for method in ["GET", "POST", "BREW"] {
                let ask = stage.message().method(method).target(target);
                assert_eq!(surface.send(&ask).await.expect(404)["code"], "not_found", "{target}");
            }
        }
        for method in ["PUT", "PATCH", "DELETE", "BREW"] {
            let heard = surface.send(&stage.message().method(method)).await;
            assert_eq!(heard.expect(405)["code"], "method_not_allowed", "{method}");
            let allowed = heard.header("allow").unwrap_or_default();
            assert!(allowed.split(',').any(|allowed| allowed.trim() == "POST"), "{heard:?}");
        }
    }
    assert_eq!(stage.stored().await, 0);
}

#[tokio::test]
async fn what_is_no_http_ends_at_the_parser() {
    let stage = Stage::start(&[]).await;
    let long = "x".repeat(64 * 1024);
    for surface in stage.surfaces {
        // No route is reached, so there is no body to parse either.
        for (request, status) in [
            ("HELO posthaste\r\n\r\n".to_owned(), 400),
            ("GET /a<b HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\na: \u{1}\r\n\r\n".to_owned(), 400),
            (format!("GET / HTTP/1.1\r\na: {long}\r\n\r\n"), 431),
            (format!("GET /{long} HTTP/1.1\r\n\r\n"), 431),
        ] {
            assert_eq!(surface.send_raw(request.into_bytes()).await.status, status);
        }
        surface.send(&stage.message()).await.expect(202);
    }
}
