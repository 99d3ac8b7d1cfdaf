//! Who gets what.

use posthaste_profile::Catalogue;
use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{CREATED, PROFILE, UPDATED};
use crate::promises::bed::World;

#[tokio::test]
async fn j01_j10_what_was_not_subscribed_to_never_arrives() {
    let world = World::start().await;
    world.event_types(&[CREATED, UPDATED]).await;
    let one = world.receiver(Script::always(Answer::OK)).await;
    let all = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    merchant.endpoint_with(json!({ "url": one.url(), "filterTypes": [CREATED] })).await;
    let everything = merchant.endpoint(&all.url()).await;

    let updated = merchant.publish_plain(UPDATED).await;
    let created = merchant.publish_plain(CREATED).await;
    all.wait_for(2).await;
    merchant.attempts(&created, 2).await;
    assert_eq!(one.wait_for(1).await[0].header("webhook-id"), Some(&*created));
    let attempts = merchant.attempts(&updated, 1).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["endpointId"], everything.as_str());
    assert_eq!(one.count(), 1);
}

#[tokio::test]
async fn j09_no_filter_is_everything_and_what_is_added_later() {
    let world = World::start().await;
    world.event_types(&[CREATED]).await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let url = |path| format!("{}{path}", receiver.url());
    merchant.endpoint(&url("/absent")).await;
    merchant.endpoint_with(json!({ "url": url("/null"), "filterTypes": null })).await;
    merchant.endpoint_with(json!({ "url": url("/empty"), "filterTypes": [] })).await;
    merchant.publish_plain(CREATED).await;
    receiver.wait_for(3).await;

    let later = "pre_chargeback_alert.received";
    world.event_types(&[later]).await;
    merchant.publish_plain(later).await;
    let requests = receiver.wait_for(6).await;
    let mut paths: Vec<_> = requests[3..].iter().map(|request| &*request.path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/absent", "/empty", "/null"]);
    assert!(requests[3..].iter().all(|request| request.json()["event"] == later));
}

#[tokio::test]
async fn j11_the_catalogue_has_both_types_and_what_they_are() {
    let world = World::start().await;
    let path = "/api/v1/event-type";
    for entry in &Catalogue::builtin("justt").unwrap().event_types {
        let schema: Value = serde_json::from_str(entry.schema.get()).unwrap();
        let body = json!({
            "name": entry.name, "description": entry.description, "schemas": { "1": schema },
        });
        world.client.call(Method::POST, path, Some(&body)).await.expect(201);
    }
    let listed = world.client.call(Method::GET, path, None).await.expect(200);
    let listed = listed["data"].as_array().unwrap();
    let described = |name: &str| {
        let kind = listed.iter().find(|kind| kind["name"] == name).unwrap();
        kind["description"].as_str().unwrap().to_owned()
    };
    assert_eq!(listed.len(), 2);
    assert!(described(CREATED).starts_with("New chargeback notifications"));
    assert!(described(UPDATED).starts_with("Chargeback data updates"));
}
