//! Where a program finds what: by all profiles that its organisation has, and by no other's.

use std::time::Duration;

use posthaste_profile::canonical_digest;
use reqwest::Method;
use serde_json::json;

use super::{
    Platform, Program, like, merchant, secret_key,
    verification::{Asked, WINDOW},
};
use crate::{bed, client::Client};

#[tokio::test]
async fn k13_what_was_sent_can_be_asked_about_whatever_is_called_like_it_now() {
    let asked = Asked::begin(&[]).await;
    let Asked { platform, app, program, message, received, .. } = &asked;
    asked.receiver.release();
    let known =
        async || program.asks(received.body.to_vec()).await.expect(200)["messageId"].clone();
    // The application moves on, and its endpoint goes: what was sent was sent.
    let path = format!("/api/v1/app/{app}");
    let body = json!({ "profile": "yoco@1" });
    platform.client.call(Method::PATCH, &path, Some(&body)).await.expect(200);
    assert_eq!(known().await, json!(message));
    let all = format!("{path}/endpoint");
    let listed = platform.client.call(Method::GET, &all, None).await.expect(200);
    let one = format!("{all}/{}", listed["data"][0]["id"].as_str().unwrap());
    assert_eq!(platform.client.call(Method::DELETE, &one, None).await.status, 204);
    assert_eq!(known().await, json!(message));
    // And so with a profile of the organisation's own, which remembers longest of those there.
    let callback = json!({ "window_s": 1_209_600, "ok_status": 202 });
    let changes = json!({ "verify_callback": callback });
    platform.publish("kloutit@1", "longer", &changes).await;
    let log = platform.bed.bus().await.sent_log().await.unwrap();
    let old = br#"{"n":"old"}"#;
    let digest = canonical_digest(old).unwrap();
    let at = bed::now() - WINDOW - Duration::from_secs(60);
    log.note(app, &digest, &message.parse().unwrap(), at).await.unwrap();
    assert_eq!(program.asks(old).await.expect(202)["verified"], true);
}

#[tokio::test]
async fn a_path_of_another_organisation_is_an_unknown_path() {
    let platform = Platform::start(&[]).await;
    let other = Client::new(platform.address()).with_token(bed::signer().organisation_token(
        &"org_33rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
        bed::now(),
        Duration::from_secs(3_600),
    ));
    let program = platform.program(&platform.merchant(Some("kloutit@1")).await, "live").await;
    let asks = async |path: &str| {
        let told = program.call(Method::POST, path, Some(&json!({}))).await;
        let mut headers = told.headers.clone();
        headers.remove("date");
        (told.status, headers, told.bytes)
    };
    let unknown = asks("/nowhere").await;
    assert_eq!(unknown.0, 404);
    let path = "/theirs/check";
    assert_eq!(asks(path).await, unknown);
    let callback = json!({ "path": path });
    let profile =
        like(&other, "kloutit@1", "theirs", &json!({ "verify_callback": callback })).await;
    assert_eq!(asks(path).await, unknown);
    // It is there, though: who shows no key is asked for one.
    let nobody = Program { key: String::new(), ..program.clone() };
    nobody.call(Method::POST, path, Some(&json!({}))).await.complains(401, "authentication_failed");
    let app = merchant(&other, Some(&profile)).await;
    let theirs = Program::new(platform.address(), secret_key(&other, &app, "live").await);
    let told = theirs.call(Method::POST, path, Some(&json!({}))).await;
    assert_eq!(told.expect(400)["verified"], false);
}
