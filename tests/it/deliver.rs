//! A message becomes a signed request.

use http::{HeaderName, HeaderValue};
use posthaste_domain::SigningSecret;
use posthaste_profile::{TOLERANCE, scheme::SchemeSpec};
use posthaste_testkit::{Answer, Received, Receiver, Script};
use serde_json::json;

use crate::{
    bed::{self, Bed},
    client::Client,
};

/// Panics unless the request carries a valid signature by `secret`.
pub(crate) fn assert_signed(request: &Received, secret: &str) {
    let secret = SigningSecret::parse(secret).unwrap();
    let header = |(name, value): &(String, String)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::try_from(value).unwrap())
    };
    let headers = request.headers.iter().map(header).collect();
    let scheme = SchemeSpec::builtin("standard-v1").unwrap().compile().unwrap();
    scheme
        .verify(&secret, &headers, &request.body, bed::now(), TOLERANCE)
        .unwrap_or_else(|error| panic!("{error}: {headers:?}"));
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte_and_signed() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/secret");
    let secret = client.call(reqwest::Method::GET, &path, None).await.expect(200);

    // Odd spacing, a number no float can hold, an escape that a writer would undo.
    let payload = r#"{ "amount" : 12345678901234567890.10,"a\u002fb":"\/" }"#;
    let body = format!(r#"{{"eventType":"chargeback.created","payload":{payload}}}"#);
    let path = format!("/api/v1/app/{app}/msg/");
    let answer = client.send(reqwest::Method::POST, &path, Some(body.into_bytes()), &[]).await;
    let message = answer.expect(202);

    let request = receiver.next().await;
    assert_eq!(request.body, payload.as_bytes());
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("webhook-id"), message["id"].as_str());
    assert_signed(&request, secret["key"].as_str().unwrap());
}

#[tokio::test]
async fn only_those_who_want_it_get_it() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    for name in ["chargeback.created", "chargeback.updated"] {
        let body = json!({ "name": name, "description": name });
        client.call(reqwest::Method::POST, "/api/v1/event-type", Some(&body)).await.expect(201);
    }
    let all = Receiver::start(Script::always(Answer::OK)).await;
    let updates = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &all.url()).await;
    let filter = json!({ "url": updates.url(), "eventTypes": ["chargeback.updated"] });
    client.endpoint_with(&app, filter).await;

    let created = client.message(&app, json!({ "n": 1 })).await;
    let body = json!({ "eventType": "chargeback.updated", "payload": { "n": 2 } });
    let path = format!("/api/v1/app/{app}/msg");
    client.call(reqwest::Method::POST, &path, Some(&body)).await.expect(202);

    let seen = all.wait_for(2).await;
    assert!(seen.iter().any(|request| request.header("webhook-id") == Some(&created)));
    let filtered = updates.wait_for(1).await;
    assert_eq!(filtered[0].json(), json!({ "n": 2 }));
}

#[tokio::test]
async fn an_event_with_many_endpoints_reaches_each_of_them_once() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    for n in 0..20 {
        client.endpoint(&app, &format!("{}/{n}", receiver.url())).await;
    }
    let message = client.message(&app, json!({})).await;
    let requests = receiver.wait_for(20).await;
    let mut paths: Vec<_> = requests.iter().map(|request| request.path.clone()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 20);
    assert!(requests.iter().all(|request| request.header("webhook-id") == Some(&message)));
}
