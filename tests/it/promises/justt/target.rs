//! Where requests go, where they do not, and what they look like.

use std::time::Duration;

use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde_json::json;

use super::{CREATED, PROFILE};
use crate::{
    client::Answer as Told,
    promises::{bed::World, judge::assert_plain_post},
};

#[tokio::test]
async fn j03_addresses_that_are_not_public_are_never_connected_to() {
    let world = World::start_with(&[("POSTHASTE_OUTBOUND_ALLOW", "")]).await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let port = receiver.url().rsplit(':').next().unwrap().to_owned();
    let merchant = world.merchant("acme", PROFILE).await;
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
    ];
    for host in hosts {
        merchant.endpoint(&format!("https://{host}:{port}/hook")).await;
    }
    let message = merchant.publish_plain(CREATED).await;
    let attempts = merchant.attempts(&message, hosts.len()).await;
    assert_eq!(attempts.len(), hosts.len());
    for attempt in attempts {
        assert_eq!(attempt["failure"], "blocked_address", "{attempt}");
        assert_eq!(attempt["nextAttempt"], json!(null), "{attempt}");
    }
    assert_eq!(receiver.connections(), 0);
}

fn assert_refused(answer: &Told) {
    assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    assert!(answer.body.to_string().contains("https"), "{answer:?}");
}

/// The profile is the application's, so its endpoints may be older than the demand.
#[tokio::test]
async fn j04_http_is_refused_on_creation_on_change_and_at_last_when_it_is_to_be_sent() {
    let world = World::start().await;
    let plain = posthaste_testkit::Receiver::start(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    assert_refused(&merchant.register(&json!({ "url": plain.url() })).await);
    let endpoint = merchant.endpoint("https://example.com/hook").await;
    assert_refused(&merchant.change(&endpoint, &json!({ "url": plain.url() })).await);

    let app = world.client.application("older").await;
    world.client.endpoint(&app, &plain.url()).await;
    let path = format!("/api/v1/app/{app}");
    let demand = json!({ "profile": PROFILE });
    world.client.call(Method::PATCH, &path, Some(&demand)).await.expect(200);
    let older = world.merchant_of(app);
    let message = older.publish_plain(CREATED).await;
    let attempt = older.attempts(&message, 1).await.remove(0);
    assert_eq!(attempt["failure"], "invalid_url", "{attempt}");
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn j05_j07_j12_j18_j21_a_plain_post_goes_to_the_very_target_at_once() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let mut targets = [
        "/",
        "/webhooks/justt-chargebacks",
        "/hooks//v1/",
        "/hooks/%7Eshop/a%2Fb%20c/~d;e=1",
        "/?shop=acme&empty=&x=1+2&y=%C3%A9&z=a/b?c",
        "/hook?",
    ];
    for target in targets {
        merchant.endpoint(&format!("{}{target}", receiver.url())).await;
    }
    assert_eq!(receiver.connections(), 0, "nothing is asked of a receiver ahead");
    let message = merchant.publish_plain(CREATED).await;
    let requests = receiver.wait_for_within(targets.len(), Duration::from_secs(4)).await;
    let mut seen: Vec<_> = requests.iter().map(|request| &*request.path).collect();
    seen.sort_unstable();
    targets.sort_unstable();
    assert_eq!(seen, targets);
    let host = receiver.url().replace("https://", "");
    for request in &requests {
        assert_plain_post(request);
        assert_eq!(request.header("host"), Some(&*host));
    }
    for attempt in merchant.attempts(&message, targets.len()).await {
        assert_eq!((&attempt["attemptNumber"], &attempt["status"]), (&json!(1), &json!(0)));
    }
    assert_eq!(receiver.count(), targets.len());
}
