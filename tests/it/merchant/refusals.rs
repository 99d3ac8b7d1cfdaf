//! Who is not let in, and what is not taken.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{Platform, Program, secret_key};
use crate::bed;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn y11_without_a_key_of_an_account_nothing_is_registered_or_shown() {
    let platform = Platform::start(&[]).await;
    let app = platform.merchant(Some("yoco@1")).await;
    let program = platform.program(&app, "live").await;
    let registered = program.register("n", "https://shop.example/hook").await;
    let one = format!("/api/webhooks/{}", registered["id"].as_str().unwrap());

    let gone = platform.merchant(Some("yoco@1")).await;
    let of_the_gone = secret_key(&platform.client, &gone, "live").await;
    let path = format!("/api/v1/app/{gone}");
    assert_eq!(platform.client.call(Method::DELETE, &path, None).await.status, 204);
    let revoked = secret_key(&platform.client, &app, "test").await;
    let keys = format!("/api/v1/app/{app}/secret-key");
    let listed = platform.client.call(Method::GET, &keys, None).await.expect(200);
    let id = listed["data"].as_array().unwrap().iter().find(|key| key["mode"] == "test").unwrap();
    let path = format!("{keys}/{}", id["id"].as_str().unwrap());
    assert_eq!(platform.client.call(Method::DELETE, &path, None).await.status, 204);

    let portal = bed::signer().application_token(&bed::org(), &app, bed::now(), HOUR);
    let good = &program.key;
    let mut refused: Vec<_> = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer sk_live_",
        "Bearer sk_live_00000000000000000000000000000000",
        good,
        &format!("Basic {good}"),
        &format!("Bearer {}", &good[..good.len() - 1]),
        &format!("Bearer {good}x"),
        &format!("Bearer {}", good.replace("live", "test")),
        &format!("Bearer {}", "x".repeat(4_000)),
        &format!("Bearer {}", bed::token()),
        &format!("Bearer {portal}"),
        &format!("Bearer {revoked}"),
        &format!("Bearer {of_the_gone}"),
    ]
    .map(|authorization| vec![("authorization", authorization.to_owned())])
    .to_vec();
    refused.push(Vec::new());
    // It is for asking about events, and not for this.
    refused.push(vec![("x-api-key", good.clone())]);
    let body = json!({ "name": "n", "url": "https://shop.example/other" }).to_string().into_bytes();
    for headers in refused {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
        for (method, path) in [
            (Method::POST, "/api/webhooks"),
            (Method::GET, "/api/webhooks"),
            (Method::DELETE, &one),
        ] {
            let told = program.send(method, path, &headers, Some(body.clone())).await;
            told.complains(401, "authentication_failed");
            assert_eq!(told.headers["www-authenticate"], "Bearer");
            let text = String::from_utf8_lossy(&told.bytes);
            assert!(!text.contains("sk_") && !text.contains("ep_"), "{text}");
        }
    }
    assert_eq!(program.list().await.len(), 1);
    // And the other way round: a merchant's key is no token of the platform's.
    let told = program.call(Method::GET, &format!("/api/v1/app/{app}/endpoint"), None).await;
    assert_eq!((told.status, &told.json()["code"]), (401, &json!("authentication_failed")));
}

#[tokio::test]
async fn y13_a_registration_needs_a_name_and_a_url_and_says_what_is_wrong() {
    let platform = Platform::start(&[]).await;
    let app = platform.merchant(Some("yoco@1")).await;
    let program = platform.program(&app, "live").await;
    let url = "https://shop.example/hook";
    for (body, told) in [
        (json!({}), "name: is required; url: is required"),
        (json!({ "url": url }), "name: is required"),
        (json!({ "name": "n" }), "url: is required"),
        (json!({ "name": null, "url": url }), "name: is required"),
        (json!({ "name": "", "url": url }), "name: must not be blank"),
        (json!({ "name": " \t ", "url": " " }), "name: must not be blank; url: must not be blank"),
        (json!({ "name": 7, "url": [url] }), "name: must be a string; url: must be a string"),
        (json!({ "name": "x".repeat(1_025), "url": url }), "name: must be at most 1024 bytes"),
        (json!({ "name": "n", "url": url, "secret": 1 }), "secret: must be a string"),
        (
            json!({ "name": "n", "url": url, "eventTypes": 1 }),
            "eventTypes: must be a list of strings",
        ),
    ] {
        let answer = program.call(Method::POST, "/api/webhooks", Some(&body)).await;
        assert_eq!(answer.complains(400, "invalid_parameters"), told, "{body}");
    }
    for (url, told) in [
        ("shop.example", "url"),
        ("ftp://shop.example/", "url"),
        ("https://u:p@shop.example/", "url"),
        ("http://shop.example/hook", "https"),
    ] {
        let body = json!({ "name": "n", "url": url });
        let answer = program.call(Method::POST, "/api/webhooks", Some(&body)).await;
        let description = answer.complains(400, "invalid_parameters");
        assert!(description.contains(told), "{url}: {description}");
    }
    let bearer = format!("Bearer {}", program.key);
    let headers = [("authorization", &*bearer)];
    for body in ["", "null", "[]", "\"n\"", "{", "name=n&url=u", "{} {}", "\u{feff}{}"] {
        let body = Some(body.as_bytes().to_vec());
        let answer = program.send(Method::POST, "/api/webhooks", &headers, body).await;
        answer.complains(400, "invalid_json");
    }
    let large = Some(vec![b' '; 256 * 1024 + 1]);
    let answer = program.send(Method::POST, "/api/webhooks", &headers, large).await;
    answer.complains(413, "payload_too_large");
    assert!(program.list().await.is_empty());
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_there() {
    let platform = Platform::start(&[]).await;
    let own = platform.program(&platform.merchant(Some("yoco@1")).await, "live").await;
    let other = platform.program(&platform.merchant(Some("yoco@1")).await, "live").await;
    let registered = other.register("n", "https://shop.example/hook").await;
    let theirs = format!("/api/webhooks/{}", registered["id"].as_str().unwrap());
    for path in [&*theirs, "/api/webhooks/ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "/api/webhooks/x"] {
        own.call(Method::DELETE, path, None).await.complains(404, "not_found");
    }
    assert!(own.list().await.is_empty());
    assert_eq!(other.list().await.len(), 1);

    for (method, path, allowed) in [
        (Method::PUT, "/api/webhooks", "GET,HEAD,POST"),
        (Method::DELETE, "/api/webhooks", "GET,HEAD,POST"),
        (Method::GET, &theirs, "DELETE"),
        (Method::PATCH, &theirs, "DELETE"),
    ] {
        let told = own.call(method, path, None).await;
        told.complains(405, "method_not_allowed");
        assert_eq!(told.headers["allow"], allowed);
    }
    // What nobody has, and what is ours, is answered as ever.
    for (path, status) in
        [("/api/webhooks/a/b", 404), ("/nowhere", 404), ("/api/v1/webhooks", 404), ("/docs", 200)]
    {
        let told = Program { key: String::new(), ..own.clone() };
        let told = told.call(Method::GET, path, None).await;
        assert_eq!(told.status, status, "{path}");
        assert!(status == 200 || told.json()["code"] == "not_found");
    }
}
