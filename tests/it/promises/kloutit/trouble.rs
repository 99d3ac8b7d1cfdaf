//! Receivers that are in trouble, and who hears of it.

use std::time::Duration;

use posthaste_testkit::{Answer, Received, Script, free_port};
use reqwest::Method;
use serde_json::json;

use super::{
    CREATED, PROFILE, made_up, merchant, moment, publish_case,
    tls::{Authority, Front},
};
use crate::promises::bed::World;

const HOUR: Duration = Duration::from_secs(3_600);
/// What is at once on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn k15_events_that_fail_do_not_hold_up_what_follows() {
    const FAILING: usize = 20;
    let world = World::start().await;
    let by_case = |request: &Received| match request.json()["expedientNumber"].as_str() {
        Some("good") => Answer::OK,
        Some("stuck") => Answer::Hang,
        _ => Answer::Status(500),
    };
    let receiver = world.receiver(Script::new(by_case)).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    publish_case(&merchant, CREATED, "bad").await;
    publish_case(&merchant, CREATED, "stuck").await;
    for _ in 1..FAILING {
        publish_case(&merchant, CREATED, "bad").await;
    }
    receiver.wait_for(FAILING + 1).await;
    let message = publish_case(&merchant, "CASE_WON", "good").await;
    let requests = receiver.wait_for_within(FAILING + 2, AT_ONCE).await;
    assert_eq!(requests[FAILING + 1].json()["expedientNumber"], "good");
    assert_eq!(merchant.attempts(&message, 1).await[0]["status"], 0);
}

/// What can be wrong with a network, and what it is called in the record. That nothing comes at all
/// is K12's.
const FAULTS: [&str; 4] = ["connect", "dns", "reset", "tls"];

#[tokio::test]
async fn k17_whatever_is_wrong_with_the_network_is_tried_again() {
    let world = World::start().await;
    let soon = json!({ "retry": { "delays_s": [0, 0] } });
    let hasty = made_up(&world, PROFILE, "hasty", &soon).await;
    let resetting = world.receiver(Script::always(Answer::Reset)).await;
    let untrusted = Authority::root("Unknown").vouch_for_host();
    let untrusted = Front::start(&untrusted, free_port()).await;
    let faulty = |fault: &str| match fault {
        "connect" => format!("https://127.0.0.1:{}", free_port()),
        // The domain that never has an address (RFC 6761).
        "dns" => "https://no-such-host.invalid".to_owned(),
        "reset" => resetting.url(),
        "tls" => untrusted.url(),
        other => panic!("{other}"),
    };
    let mut sent = Vec::new();
    for fault in FAULTS {
        for profile in [PROFILE, &hasty] {
            let name = format!("{fault}-{}", &profile[..1]);
            let merchant = world.merchant(&name, profile).await;
            merchant.endpoint(&faulty(fault)).await;
            let message = publish_case(&merchant, CREATED, "1").await;
            sent.push((fault, profile == PROFILE, merchant, message));
        }
    }
    for (fault, promised, merchant, message) in &sent {
        let made = if *promised { 1 } else { 3 };
        let attempts = merchant.attempts(message, made).await;
        assert_eq!(attempts.len(), made, "{fault}");
        for attempt in &attempts {
            let told = (&attempt["failure"], &attempt["status"], &attempt["responseStatusCode"]);
            assert_eq!(told, (&json!(fault), &json!(2), &json!(0)), "{attempt}");
        }
        if *promised {
            let wait = moment(&attempts[0]["nextAttempt"]).since(moment(&attempts[0]["timestamp"]));
            assert_eq!(wait, HOUR, "{fault}");
        } else {
            assert_eq!(attempts[2]["nextAttempt"], json!(null), "{fault}: it was the last");
        }
    }
}

#[tokio::test]
async fn k20_who_runs_a_receiver_that_is_down_is_told() {
    let world = World::start().await;
    let soon = json!({ "retry": { "delays_s": [0, 0, 0] } });
    let hasty = made_up(&world, PROFILE, "hasty", &soon).await;
    let platform = world.receiver(Script::always(Answer::OK)).await;
    let told = json!({ "url": platform.url() });
    let path = "/api/v1/operational-webhook/endpoint";
    world.client.call(Method::POST, path, Some(&told)).await.expect(201);
    let receiver = world.receiver(Script::always(Answer::Status(503))).await;
    let merchant = world.merchant("shop-7", &hasty).await;
    let endpoint = merchant.endpoint(&receiver.url()).await;
    let created = platform.next().await.json();
    assert_eq!(created["type"], "endpoint.created");

    let message = publish_case(&merchant, CREATED, "1").await;
    receiver.wait_for(4).await;
    let news = platform.next().await.json();
    assert_eq!(news["type"], "message.attempt.exhausted", "{news}");
    let data = &news["data"];
    assert_eq!((&data["appUid"], &data["msgId"]), (&json!("shop-7"), &json!(message)));
    assert_eq!(data["endpointId"], json!(endpoint));
    assert_eq!(data["lastAttempt"]["responseStatusCode"], 503);
    assert_eq!(receiver.count(), 4);
}
