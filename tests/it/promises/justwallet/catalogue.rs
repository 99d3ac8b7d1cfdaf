//! What there is to be told of, what it is called, and who is told.

use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{PAYOUT, PROFILE, SECRET, TYPES, merchant, world};
use crate::promises::{bed::Merchant, sample::Sample};

const SAMPLES: &str = include_str!("../../../../lib/profile/samples/justwallet.json");

/// A documented event, and what is documented of it beside its payload.
pub(super) struct Documented {
    pub(super) sample: Sample,
    /// What is said beside the payload.
    fields: Value,
    signature: String,
}

impl Documented {
    /// All six.
    pub(super) fn all() -> Vec<Self> {
        let samples: Vec<Sample> = serde_json::from_str(SAMPLES).unwrap();
        let others: Vec<Value> = serde_json::from_str(SAMPLES).unwrap();
        let both = samples.into_iter().zip(others).map(|(sample, other)| {
            // A `null` that was written is not the same as nothing.
            let meta = other.get("meta").map(|meta| json!({ "meta": meta }));
            let signature = String::deserialize(&other["signature"]).unwrap();
            Self { sample, fields: meta.unwrap_or_else(|| json!({})), signature }
        });
        both.collect()
    }

    /// Publishes it, and returns the message's id.
    pub(super) async fn publish(&self, merchant: &Merchant<'_>) -> String {
        let Self { sample, fields, .. } = self;
        merchant.publish(&sample.event_type, sample.payload(), fields.clone()).await
    }
}

/// What receivers know an event type as.
pub(super) fn wire_name(event_type: &str) -> &str {
    if event_type == "collection" { "funding" } else { event_type }
}

#[tokio::test]
async fn w15_w16_the_six_documented_events_arrive_to_the_byte_and_signed() {
    let world = world().await;
    let listed = world.client.call(Method::GET, "/api/v1/event-type", None).await.expect(200);
    let names = listed["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let mut expected = TYPES;
    expected.sort_unstable();
    assert_eq!(names, expected);

    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    let all = Documented::all();
    let documented: Vec<_> = all.iter().map(|one| &*one.sample.event_type).collect();
    assert_eq!(documented, TYPES);
    for one in &all {
        one.publish(&merchant).await;
        let request = receiver.next().await;
        one.sample.assert_is(&request, None);
        assert_eq!(request.header("signature"), Some(&*one.signature));
        assert_eq!(request.json()["event.type"], wire_name(&one.sample.event_type));
    }
}

#[tokio::test]
async fn w02_w15_w16_what_is_checked_arrives_and_a_collection_is_called_funding() {
    let world = world().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let settings =
        |types: Value| json!({ "url": receiver.url(), "secret": SECRET, "filterTypes": types });
    let unknown = merchant.register(&settings(json!(["funding"]))).await;
    assert_eq!(unknown.status, 422, "{unknown:?}");
    // No box at all.
    let endpoint = merchant.endpoint_with(settings(json!(null))).await;
    let all = Documented::all();
    for one in &all {
        one.publish(&merchant).await;
    }
    for checked in [json!(["collection"]), json!([PAYOUT, "quote_funding.failed"])] {
        let checked_only = json!({ "filterTypes": checked });
        merchant.change(&endpoint, &checked_only).await.expect(200);
        for one in &all {
            let message = one.publish(&merchant).await;
            let own = json!(one.sample.event_type);
            if checked.as_array().unwrap().contains(&own) {
                let request = receiver.next().await;
                assert_eq!(request.json()["event.type"], wire_name(own.as_str().unwrap()));
                merchant.attempts(&message, 1).await;
            }
        }
    }
    assert_eq!(receiver.count(), 3);
}
