//! What is sent.

use std::collections::BTreeSet;

use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::merchant;
use crate::promises::{bed::World, sample::Sample};

const SAMPLES: &str = include_str!("../../../../lib/profile/samples/kloutit.json");

/// What a request carries beside its body, and nothing of it proves who sent it.
const HEADERS: [&str; 5] = ["accept", "content-length", "content-type", "host", "user-agent"];

#[derive(Deserialize)]
struct About {
    subject: String,
}

#[tokio::test]
async fn k21_the_documented_event_arrives_to_the_byte_and_unsigned() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    let samples: Vec<Sample> = serde_json::from_str(SAMPLES).unwrap();
    let about: Vec<About> = serde_json::from_str(SAMPLES).unwrap();
    assert_eq!(samples.len(), 1);
    for (sample, About { subject }) in samples.iter().zip(about) {
        let about = json!({ "subject": subject });
        merchant.publish(&sample.event_type, sample.payload(), about).await;
        let request = receiver.next().await;
        sample.assert_is(&request, None);
        let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        assert_eq!(names.collect::<BTreeSet<_>>(), HEADERS.map(str::to_owned).into());
    }
}

#[tokio::test]
async fn k03_k04_every_type_arrives_and_so_does_what_is_added_later() {
    let world = World::start().await;
    let import = json!({ "name": "kloutit" });
    let path = "/api/v1/event-type/import/catalogue";
    world.client.call(Method::POST, path, Some(&import)).await.expect(200);
    let listed = world.client.call(Method::GET, "/api/v1/event-type", None).await.expect(200);
    let mut known: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    known.sort_unstable();
    assert_eq!(known, ["CASE_CREATED", "CASE_DEFENSE_GENERATED", "CASE_WON"]);

    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    let expect = async |name: &str| {
        let message = super::publish_case(&merchant, name, "EXP-1").await;
        let expected = json!({
            "eventType": name, "expedientNumber": "EXP-1",
            "details": { "transactionId": "123456789" },
        });
        assert_eq!(receiver.next().await.json(), expected);
        assert_eq!(merchant.attempts(&message, 1).await[0]["status"], json!(0));
    };
    for name in &known {
        expect(name).await;
    }
    world.event_types(&["CASE_LOST"]).await;
    expect("CASE_LOST").await;
    // In no catalogue at all.
    expect("CASE_REOPENED_2").await;
}
