//! What is sent, and that it is the same whenever it is sent.

use posthaste_profile::Catalogue;
use posthaste_testkit::{Answer, Received, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{CREATED, PROFILE};
use crate::promises::{
    bed::World,
    judge::assert_libraries_accept,
    sample::{Sample, assert_uuid},
};

fn webhook_id(request: &Received) -> String {
    let id = request.json()["webhookId"].as_str().unwrap().to_owned();
    assert_uuid(&id);
    id
}

/// Panics unless the body is the envelope, in its order, around data that meet the schema of the
/// type.
fn assert_envelope(request: &Received) {
    let body = request.json();
    let own = |key: &str| body[key].as_str().map(|text| format!("{key:?}:{text:?}")).unwrap();
    let head = format!("{{{},{},\"data\":{{", own("event"), own("timestamp"));
    let tail = format!("}},{},{}}}", own("webhookId"), own("merchantUuid"));
    let text = std::str::from_utf8(&request.body).unwrap();
    assert!(text.starts_with(&head) && text.ends_with(&tail), "{text}");
    let kind = body["event"].as_str().unwrap();
    let entry = Catalogue::builtin("justt").unwrap().get(&kind.parse().unwrap()).unwrap();
    let schema: Value = serde_json::from_str(entry.schema.get()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(&body["data"]).map(|f| f.to_string()).collect();
    assert_eq!(faults, [""; 0]);
    assert_eq!(body["timestamp"].as_str().unwrap().len(), "2024-06-10T14:30:45.123Z".len());
}

#[tokio::test]
async fn j14_j19_j22_the_documented_example_arrives_to_the_byte_and_meets_its_schema() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    for sample in Sample::all_of("justt") {
        let tenant = sample.tenant.clone().unwrap();
        let merchant = world.merchant(&tenant, PROFILE).await;
        merchant.endpoint(&receiver.url()).await;
        sample.publish(&merchant).await;
        let request = receiver.next().await;
        assert_envelope(&request);
        assert_eq!(request.json()["merchantUuid"], tenant);
        sample.assert_is(&request, Some(&webhook_id(&request)));

        // What is not known is left out, and what is not said of the event is known to us.
        let least = r#"{"id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","chargebackId":"CB_1"}"#;
        merchant.publish(super::UPDATED, least, json!({})).await;
        let request = receiver.next().await;
        assert_envelope(&request);
        assert!(String::from_utf8_lossy(&request.body).contains(&format!(r#""data":{least},"#)));
    }
}

#[tokio::test]
async fn j13_j15_j16_j20_the_same_comes_again_and_is_signed_anew() {
    let world = World::start().await;
    let fails_once = Script::sequence(vec![Answer::Reset], Answer::OK);
    let receiver = world.receiver(fails_once).await;
    let other = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let endpoint = merchant.endpoint(&receiver.url()).await;
    let others = merchant.endpoint(&other.url()).await;
    let payload = r#"{"id":"7","amount":299.99,"reason":"Goods/Services Not Provided – é"}"#;
    let message = merchant.publish(CREATED, payload, json!({})).await;
    receiver.wait_for(1).await;
    // Whatever changes at its source in the meantime.
    let path = format!("/api/v1/app/{}", merchant.app);
    let renamed = json!({ "uid": "renamed", "name": "renamed" });
    world.client.call(Method::PATCH, &path, Some(&renamed)).await.expect(200);
    receiver.wait_for(2).await;
    merchant.resend(&message, &endpoint).await;

    let requests = receiver.wait_for(3).await;
    let id = webhook_id(&requests[0]);
    for request in &requests {
        assert_eq!(request.body, requests[0].body);
        assert_eq!(webhook_id(request), id);
        assert_eq!(request.header("webhook-id"), Some(&*message));
    }
    let sent_at = |request: &Received| -> u64 {
        request.header("webhook-timestamp").unwrap().parse().unwrap()
    };
    assert!(sent_at(&requests[1]) >= sent_at(&requests[0]) + 5);

    let elsewhere = other.next().await;
    assert_ne!(webhook_id(&elsewhere), id);
    assert_eq!(elsewhere.header("webhook-id"), Some(&*message));
    let (own, theirs) = (merchant.secret(&endpoint).await, merchant.secret(&others).await);
    assert_ne!(own, theirs);
    let signed = requests.iter().map(|request| (request, &*own)).chain([(&elsewhere, &*theirs)]);
    assert_libraries_accept(&signed.collect::<Vec<_>>()).await;
}
