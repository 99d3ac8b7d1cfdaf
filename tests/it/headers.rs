//! An endpoint's own headers go out with every request, and never in place of ours.

use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use crate::{bed::Bed, client::Client, deliver::assert_signed};

#[tokio::test]
async fn they_go_out_with_retries_too_as_soon_as_they_are_set_and_until_they_are_taken_away() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "300")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let script = Script::sequence(vec![Answer::Status(500)], Answer::OK);
    let receiver = Receiver::start(script).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    let secret = client.call(Method::GET, &format!("{path}/secret"), None).await.expect(200);
    let headers = format!("{path}/headers");
    let own = json!({ "headers": { "X-Api-Key": "sesame", "x-shop": "7" } });
    client.call(Method::PUT, &headers, Some(&own)).await.expect(204);
    client.message(&app, json!({ "n": 1 })).await;
    for request in receiver.wait_for(2).await {
        assert_eq!(request.header("x-api-key"), Some("sesame"));
        assert_eq!(request.header("x-shop"), Some("7"));
        assert_signed(&request, secret["key"].as_str().unwrap());
    }
    let fewer = json!({ "headers": { "x-shop": null } });
    client.call(Method::PATCH, &headers, Some(&fewer)).await.expect(204);
    client.message(&app, json!({ "n": 2 })).await;
    let request = receiver.wait_for(3).await.remove(2);
    assert_eq!((request.header("x-api-key"), request.header("x-shop")), (Some("sesame"), None));
}

#[tokio::test]
async fn what_is_ours_is_refused_by_name() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, "https://example.com/").await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/headers");
    for name in [
        "Host",
        "content-length",
        "Content-Type",
        "webhook-id",
        "Svix-Signature",
        "user-agent",
        "transfer-encoding",
        "connection",
        "expect",
        "bad name",
        "",
    ] {
        let body = json!({ "headers": { name: "x" } });
        let put = client.call(Method::PUT, &path, Some(&body)).await;
        let patched = client.call(Method::PATCH, &path, Some(&body)).await;
        assert_eq!((put.status, patched.status), (422, 422), "{name}");
    }
    let body = json!({ "headers": { "x-ok": "a\nb" } });
    assert_eq!(client.call(Method::PUT, &path, Some(&body)).await.status, 422);
}
