//! What is a success, and what is tried again.

use std::time::Duration;

use posthaste_profile::Preset;
use posthaste_testkit::{Answer, Received, Script};
use serde_json::json;

use super::{PAID, PROFILE};
use crate::promises::bed::World;

const TAKEN: [u16; 7] = [200, 201, 202, 203, 204, 206, 299];
const FAILED: [u16; 17] =
    [300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 408, 410, 418, 429, 500, 503, 599];

/// That what took longer has failed is Justt's J06, which has the same bound.
#[test]
fn y05_the_bound_on_an_answer_is_fifteen_seconds() {
    let profile = &Preset::named(&PROFILE.parse().unwrap()).unwrap().profile;
    assert_eq!(profile.total_timeout, Duration::from_secs(15));
}

#[tokio::test]
async fn y05_any_2xx_is_a_success_and_all_else_is_tried_again() {
    let world = World::start().await;
    let elsewhere = world.receiver(Script::always(Answer::OK)).await;
    let to = elsewhere.url();
    // The path is the status that is answered first.
    let by_path = move |request: &Received| {
        let (status, again) = request.path[1..].split_once('/').unwrap();
        assert_eq!(again, "");
        Answer::with_header(status.parse().unwrap(), "Location", &to)
    };
    let receiver = world.receiver(Script::new(by_path)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let all = [&TAKEN[..], &FAILED[..]].concat();
    let mut endpoints = Vec::new();
    for status in &all {
        let url = format!("{}/{status}/", receiver.url());
        endpoints.push((*status, merchant.endpoint(&url).await));
    }
    let message = merchant.publish_plain(PAID).await;
    receiver.wait_for(all.len()).await;
    receiver.set_script(Script::always(Answer::OK));
    receiver.wait_for(all.len() + FAILED.len()).await;

    let attempts = merchant.attempts(&message, all.len() + FAILED.len()).await;
    assert_eq!(attempts.len(), all.len() + FAILED.len());
    for (status, endpoint) in &endpoints {
        let own = attempts.iter().filter(|attempt| attempt["endpointId"] == endpoint.as_str());
        let told: Vec<_> = own
            .map(|attempt| (attempt["responseStatusCode"].clone(), attempt["status"].clone()))
            .collect();
        if TAKEN.contains(status) {
            assert_eq!(told, [(json!(status), json!(0))]);
        } else {
            assert_eq!(told, [(json!(status), json!(2)), (json!(200), json!(0))]);
        }
    }
    assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
}
