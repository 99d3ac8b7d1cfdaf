//! What a request is made of.

use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PAYOUT, SECRET, TYPES, assert_signed, merchant, world};
use crate::promises::judge::assert_plain_post;

#[tokio::test]
async fn w01_w08_a_request_is_a_plain_post_of_the_type_and_the_data() {
    let world = world().await;
    // What a browser would send back.
    let cookie = Answer::with_header(200, "Set-Cookie", "csrf=1; Path=/");
    let receiver = world.receiver(Script::always(cookie)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    let data = r#"{"id":"7","amount":"20.15","n":1600,"nothing":null}"#;
    for (fields, keys) in [
        (json!({}), &["event.type", "data"][..]),
        (json!({ "meta": ["a764dd44"] }), &["event.type", "meta", "data"]),
    ] {
        merchant.publish(PAYOUT, data, fields.clone()).await;
        let request = receiver.next().await;
        assert_plain_post(&request);
        let body = request.json();
        assert_eq!(body.as_object().unwrap().len(), keys.len(), "{body}");
        assert_eq!(body["event.type"], PAYOUT);
        assert_eq!(body["data"], serde_json::from_str::<Value>(data).unwrap());
        assert_eq!(body["meta"], fields["meta"]);
    }
    assert_eq!(receiver.received()[1].connection, 1, "nothing was forgotten in between");
}

#[tokio::test]
async fn w05_every_attempt_and_every_test_event_has_a_header_written_signature() {
    let world = world().await;
    let receiver = world.receiver(Script::sequence(vec![Answer::Status(500)], Answer::OK)).await;
    let (merchant, endpoint) = merchant(&world, "acme", &receiver.url()).await;
    let message = merchant.publish_plain(PAYOUT).await;
    receiver.wait_for(2).await;
    merchant.attempts(&message, 2).await;
    merchant.resend(&message, &endpoint).await;
    receiver.wait_for(3).await;
    let path = format!("/api/v1/app/{}/endpoint/{endpoint}/send-example", merchant.app);
    for (sent, name) in TYPES.into_iter().chain(["svix.ping"]).enumerate() {
        let example = json!({ "eventType": name });
        world.client.call(Method::POST, &path, Some(&example)).await.expect(200);
        receiver.wait_for(4 + sent).await;
    }
    let requests = receiver.received();
    assert_eq!(requests.len(), 3 + TYPES.len() + 1);
    for request in &requests {
        assert_signed(request, SECRET);
        for other in ["webhook-signature", "webhook-secret", "webhook-id"] {
            assert_eq!(request.header(other), None, "{other}");
        }
    }
    assert!(requests[..3].iter().all(|request| request.body == requests[0].body));
}
