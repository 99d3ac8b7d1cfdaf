//! Whom a token speaks for, and what it opens.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::bed::{Bed, MESSAGE_LIMIT, ORG};

const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

/// Every operation, with what an application's token gets: its own (2xx or a fault of the body),
/// or 403.
const OPERATIONS: [(&str, &str, bool); 20] = [
    ("GET", "/app", false),
    ("POST", "/app", false),
    ("GET", "/app/shop", true),
    ("PUT", "/app/shop", false),
    ("PATCH", "/app/shop", false),
    ("DELETE", "/app/shop", false),
    ("GET", "/app/shop/endpoint", true),
    ("POST", "/app/shop/endpoint", true),
    ("GET", "/app/shop/endpoint/hook", true),
    ("PUT", "/app/shop/endpoint/hook", true),
    ("PATCH", "/app/shop/endpoint/hook", true),
    ("GET", "/app/shop/endpoint/hook/secret", true),
    ("POST", "/app/shop/endpoint/hook/secret/rotate", true),
    ("GET", "/event-type", true),
    ("POST", "/event-type", false),
    ("GET", "/event-type/a", true),
    ("PUT", "/event-type/a", false),
    ("PATCH", "/event-type/a", false),
    ("DELETE", "/event-type/a", false),
    ("DELETE", "/app/shop/endpoint/hook", true),
];

async fn furnished() -> (Bed, String) {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    platform.post("/app/shop/endpoint", json!({"url": "http://x/", "uid": "hook"}), 201).await;
    platform.post("/event-type", json!({"name": "a", "description": ""}), 201).await;
    (bed, app)
}

#[tokio::test]
async fn without_a_token_nothing_is_answered() {
    let (bed, _) = furnished().await;
    let forged = format!("eyJhbGciOiJub25lIn0.{}.", "eyJzdWIiOiJvcmdfIn0");
    for token in [None, Some(String::new()), Some(forged)] {
        let stranger = bed.caller(token);
        for (method, path, _) in OPERATIONS {
            let method: Method = method.parse().unwrap();
            // The token comes before the body: a stranger learns nothing of either.
            let refused = stranger.send(method, path, Body::from("nonsense"), 401).await;
            let expected = json!({"code": "authentication_failed", "detail": "Invalid token"});
            assert_eq!(refused, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn an_application_does_what_is_its_own() {
    let (bed, app) = furnished().await;
    let merchant = bed.merchant(&app, &[]);
    for (method, path, own) in OPERATIONS {
        let method: Method = method.parse().unwrap();
        let (status, body) = merchant.send_any(method.clone(), path, Body::from("{}")).await;
        if own {
            assert!(matches!(status, 200..=299 | 422), "{method} {path}: {status} {body}");
        } else {
            assert_eq!(status, 403, "{method} {path}");
            let detail = "Insufficient access for the given operation.";
            assert_eq!(body, json!({"code": "insufficient access", "detail": detail}));
        }
    }
}

#[tokio::test]
async fn nobody_finds_what_is_anothers() {
    let (bed, _) = furnished().await;
    let neighbour = bed.platform().application("neighbour").await;
    let merchant = bed.merchant(&neighbour, &[]);
    let stranger = bed.organisation(OTHER_ORG);
    for (method, path, own) in OPERATIONS {
        if !path.starts_with("/app/") {
            continue;
        }
        let method: Method = method.parse().unwrap();
        let valid = || Body::from(r#"{"url":"http://x/","name":"n"}"#);
        if own {
            merchant.send(method.clone(), path, valid(), 404).await;
        }
        // A PUT of another organisation makes one of its own.
        if !(method == Method::PUT && path == "/app/shop") {
            stranger.send(method, path, valid(), 404).await;
        }
    }
    let mine = bed.platform().get("/app/shop", 200).await;
    let theirs = stranger.put("/app/shop", json!({"name": "n"}), 201).await;
    assert_ne!(mine["id"], theirs["id"]);
    assert_ne!(ORG, OTHER_ORG);
}

#[tokio::test]
async fn health_needs_no_token_and_unknown_paths_say_so() {
    let bed = Bed::start().await;
    let stranger = bed.caller(None);
    for path in ["/health", "/health/", "/health/ping"] {
        stranger.get(path, 204).await;
        stranger.send(Method::HEAD, path, Body::empty(), 204).await;
    }
    assert_eq!(stranger.get("/nowhere", 404).await["code"], "not_found");
    assert_eq!(stranger.delete("/health", 405).await["code"], "method_not_allowed");
    // The routes of accepting messages are answered here too, with a limit of their own.
    for (size, status) in [(MESSAGE_LIMIT, 202), (MESSAGE_LIMIT + 1, 413)] {
        let body = Body::from("x".repeat(size));
        stranger.send(Method::POST, "/app/shop/msg/", body, status).await;
    }
}
