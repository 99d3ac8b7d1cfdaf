//! What is sent.

use posthaste_profile::Catalogue;
use posthaste_testkit::{Answer, Script};
use serde_json::json;

use super::{PAID, PROFILE};
use crate::promises::{bed::World, judge::assert_libraries_accept, sample::Sample};

#[tokio::test]
async fn y04_y15_every_documented_event_arrives_to_the_byte_and_signed() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (mut names, mut arrived) = (Vec::new(), Vec::new());
    for sample in Sample::all_of("yoco") {
        // Their documentation has one id for all, which a merchant's events cannot have.
        let merchant = world.merchant(&sample.event_type, PROFILE).await;
        let (_, secret) = merchant.endpoint_and_secret(&receiver.url()).await;
        sample.publish(&merchant).await;
        let request = receiver.next().await;
        sample.assert_is(&request, None);
        arrived.push((request, secret));
        names.push(sample.event_type);
    }
    let requests: Vec<_> = arrived.iter().map(|(request, secret)| (request, &**secret)).collect();
    assert_libraries_accept(&requests).await;
    let catalogue = &Catalogue::builtin("yoco").unwrap().event_types;
    let known: Vec<_> = catalogue.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(known, names);
}

#[tokio::test]
async fn y17_metadata_arrives_as_it_was_given() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    merchant.endpoint(&receiver.url()).await;
    // But for the order of keys that are whole numbers, of which JSON in JavaScript has its own.
    let metadata = concat!(
        r#"{"z":"last first","checkoutId":"ch_9LVKD8GnAj7f39DFbn4F16bE","a/b":"é – \"x\" \\ 漢","#,
        r#""null":null,"deep":[[{"more":[]},{}],true,17],"":"","url":"https://a/?b=<c>&d","#,
        r#""long":12345678901234567890,"price":0.1}"#
    );
    let payload = format!(r#"{{"id":"p_1","metadata":{metadata}}}"#);
    merchant.publish(PAID, &payload, json!({})).await;
    let request = receiver.next().await;
    let body = std::str::from_utf8(&request.body).unwrap();
    assert!(body.ends_with(&format!(r#""payload":{payload}}}"#)), "{body}");

    let numbered = json!({ "checkoutId": "ch_1", "2": "two", "1": ["one", null] });
    let payload = json!({ "id": "p_1", "metadata": numbered });
    merchant.publish(PAID, &payload.to_string(), json!({})).await;
    assert_eq!(receiver.next().await.json()["payload"], payload);
}
