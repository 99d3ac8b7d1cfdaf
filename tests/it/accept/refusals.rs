//! Everything that is refused, and with which words. Nothing of it is stored.

use serde_json::{Value, json};

use super::{stage::Stage, surface::Ask};

/// `ingress.body_limit_bytes` where nobody sets it.
pub(super) const BODY_LIMIT: usize = 1_000_000;

/// A request, and what it must be answered with.
pub(super) struct Case {
    what: &'static str,
    ask: Ask,
    status: u16,
    body: Value,
}

impl Case {
    pub(super) fn coded(
        what: &'static str,
        ask: Ask,
        status: u16,
        code: &str,
        detail: &str,
    ) -> Self {
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
pub(super) async fn assert_refused(stage: &Stage, cases: &[Case]) {
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
                    "payloadRetentionPeriod": 0, "payload": 1,
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
async fn paths_and_methods_that_there_are_not_are_answered_in_json() {
    let stage = Stage::start(&[]).await;
    for surface in stage.surfaces {
        for target in ["/", "/api/v1/nowhere", "/api/v2/app", "//", "/%FF?a=b"] {
            for method in ["GET", "POST", "BREW"] {
                let ask = stage.message().method(method).target(target);
                let heard = surface.send(&ask).await;
                // The one page at the root, and only control has it.
                if target != "/" || heard.status == 404 {
                    assert_eq!(heard.expect(404)["code"], "not_found", "{target}");
                }
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
