//! Where events go, and what can be asked about them afterwards.

use std::time::Duration;

use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{CREATED, PROFILE, merchant, publish_case};
use crate::{
    bed::until,
    promises::{bed::World, judge::assert_plain_post},
};

/// What is at once on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn k01_k02_k06_one_https_endpoint_gets_a_post_of_json_at_once() {
    let world = World::start().await;
    let plain = Receiver::start(Script::always(Answer::OK)).await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let refused = merchant.register(&json!({ "url": plain.url() })).await;
    assert!(refused.body.to_string().contains("https"), "{refused:?}");
    assert_eq!(refused.status, 422);
    let url = format!("{}/webhooks/kloutit?shop=1", receiver.url());
    world.event_types(&[CREATED]).await;
    let filtered = merchant.register(&json!({ "url": url, "filterTypes": [CREATED] })).await;
    assert_eq!(filtered.status, 422, "{filtered:?}");
    let endpoint = merchant.endpoint(&url).await;
    let second = merchant.register(&json!({ "url": receiver.url() })).await;
    assert_eq!(second.status, 409, "{second:?}");
    let changed = merchant.change(&endpoint, &json!({ "url": plain.url() })).await;
    assert_eq!(changed.status, 422, "{changed:?}");

    let message = publish_case(&merchant, CREATED, "1").await;
    let requests = receiver.wait_for_within(1, AT_ONCE).await;
    assert_plain_post(&requests[0]);
    assert_eq!(requests[0].path, "/webhooks/kloutit?shop=1");
    let attempts = merchant.attempts(&message, 1).await;
    let first = (&attempts[0]["attemptNumber"], &attempts[0]["lane"], &attempts[0]["nextAttempt"]);
    assert_eq!(first, (&json!(1), &json!(null), &json!(null)), "it waited in no lane");
    assert_eq!((receiver.count(), plain.connections()), (1, 0));
}

/// Nothing in a request names the message, so who has a request asks whether it is ours, and is
/// told which it is.
#[tokio::test]
async fn k14_what_came_leads_to_the_message_and_to_all_that_was_said_of_it() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    let payload = r#"{"transactionId":"123","disputeAmount":{"currency":"EUR","value":100.50}}"#;
    let said = json!({ "subject": "EXP-1", "eventId": "case-1-created" });
    let message = merchant.publish(CREATED, payload, said).await;
    let request = receiver.next().await;

    let path = format!("/api/v1/app/{}/secret-key", merchant.app);
    let key = json!({ "name": "back office", "mode": "live" });
    let key = world.client.call(Method::POST, &path, Some(&key)).await.expect(201);
    let key = ("x-api-key", key["key"].as_str().unwrap());
    let body = request.body.to_vec();
    let keyless = world.client.with_token("");
    let told = keyless.send(Method::POST, "/case/verify-event", Some(body), &[key]).await;
    assert_eq!(told.expect(200)["messageId"], message);

    let told = async |path: String| -> Value {
        until("the message is recorded", || async {
            world.client.call(Method::GET, &path, None).await.status == 200
        })
        .await;
        world.client.call(Method::GET, &path, None).await.expect(200)
    };
    for id in [&*message, "case-1-created"] {
        let found = told(format!("/api/v1/app/{}/msg/{id}", merchant.app)).await;
        assert_eq!(found["id"], message);
        assert_eq!(found["eventType"], request.json()["eventType"]);
        assert_eq!(found["subject"], request.json()["expedientNumber"]);
        assert_eq!(found["payload"], request.json()["details"]);
        assert_eq!(found["payload"]["disputeAmount"]["value"], json!(100.5));
    }
    // Another merchant does not find it.
    let other = world.merchant("other", PROFILE).await;
    let path = format!("/api/v1/app/{}/msg/{message}", other.app);
    assert_eq!(world.client.call(Method::GET, &path, None).await.status, 404);
}
