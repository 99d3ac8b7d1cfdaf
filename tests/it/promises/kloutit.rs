//! What Kloutit promised, but for the schedule and for its API of verification.

mod answers;
mod body;
mod certificates;
mod reach;
pub(super) mod tls;
mod trouble;
mod versions;

use posthaste_domain::{EndpointId, Timestamp};
use posthaste_profile::Preset;
use reqwest::Method;
use serde_json::{Value, json};

use super::bed::{Merchant, World};

const PROFILE: &str = "kloutit@1";
const CREATED: &str = "CASE_CREATED";

/// A merchant of this name, whose only endpoint has this URL.
async fn merchant<'w>(world: &'w World, name: &str, url: &str) -> (Merchant<'w>, EndpointId) {
    let merchant = world.merchant(name, PROFILE).await;
    let endpoint = merchant.endpoint(url).await;
    (merchant, endpoint)
}

/// Publishes an event of this type about a case of this number, and returns the message's id.
async fn publish_case(merchant: &Merchant<'_>, event_type: &str, number: &str) -> String {
    let subject = json!({ "subject": number });
    merchant.publish(event_type, r#"{"transactionId":"123456789"}"#, subject).await
}

/// Publishes a profile that is a preset but for these parts, and its name, and returns what it is
/// referred to by.
pub(super) async fn made_up(world: &World, preset: &str, name: &str, changes: &Value) -> String {
    let preset = Preset::named(&preset.parse().unwrap()).unwrap();
    let mut profile: Value = serde_json::from_str(preset.document).unwrap();
    profile["profile"] = name.into();
    for (section, change) in changes.as_object().unwrap() {
        let change = change.as_object().unwrap().clone();
        profile[section].as_object_mut().unwrap().extend(change);
    }
    let published = world.client.call(Method::POST, "/api/v1/profile", Some(&profile)).await;
    published.expect(201)["reference"].as_str().unwrap().to_owned()
}

/// A moment as the API writes it.
pub(super) fn moment(value: &Value) -> Timestamp {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| panic!("{value} is no moment"))
}
