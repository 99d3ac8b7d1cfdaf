//! Where requests go, where they do not, and what they look like.

use std::time::Duration;

use posthaste_domain::AppId;
use posthaste_testkit::{Answer, Receiver, Script};
use posthaste_worker::Worker;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CREATED, PROFILE};
use crate::{
    bed::{Bed, until},
    client::{Answer as Told, Client},
    promises::{bed::World, judge::assert_plain_post},
};

const PRIVATE: [&str; 13] = [
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

#[tokio::test]
async fn j03_addresses_that_are_not_public_are_refused_on_creation_and_on_change() {
    let world = World::start_with(&[("POSTHASTE_OUTBOUND_ALLOW", "")]).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let endpoint = merchant.endpoint("https://example.com/hook").await;
    for host in PRIVATE {
        let body = json!({ "url": format!("https://{host}/hook") });
        for answer in [merchant.register(&body).await, merchant.change(&endpoint, &body).await] {
            assert_eq!(answer.status, 422, "{host}: {}", answer.body);
            assert_eq!(answer.body["detail"][0]["loc"], json!(["body", "url"]), "{}", answer.body);
        }
    }
}

/// Whoever makes endpoints was told that these may be called, and whoever calls them was not: as
/// good as a name that was public when its endpoint was made.
#[tokio::test]
async fn j03_addresses_that_are_not_public_are_never_connected_to() {
    let bed = Bed::start(&[("POSTHASTE_OUTBOUND_ALLOW", "0.0.0.0/0,::/0")]).await;
    let control = bed.control().await;
    let _worker = bed.role_with::<Worker>(&[("POSTHASTE_OUTBOUND_ALLOW", "")]).await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let port = receiver.url().rsplit(':').next().unwrap().to_owned();
    let app = client.application("acme").await;
    for host in PRIVATE {
        client.endpoint(&app, &format!("http://{host}:{port}/hook")).await;
    }
    let message = client.message(&app, json!({ "n": 1 })).await;
    let attempts = attempts(&client, &app, &message, PRIVATE.len()).await;
    for attempt in attempts {
        assert_eq!(attempt["failure"], "blocked_address", "{attempt}");
        assert_eq!(attempt["nextAttempt"], json!(null), "{attempt}");
    }
    assert_eq!(receiver.connections(), 0);
}

/// The attempts at a message once there are so many.
async fn attempts(client: &Client, app: &AppId, message: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/app/{app}/attempt/msg/{message}");
    let list = async || {
        let listed = client.call(Method::GET, &path, None).await.expect(200);
        listed["data"].as_array().unwrap().clone()
    };
    until("the attempts are recorded", || async { list().await.len() == count }).await;
    list().await
}

fn assert_refused(answer: &Told) {
    assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    assert!(answer.body.to_string().contains("https"), "{answer:?}");
}

#[tokio::test]
async fn j04_http_is_refused_on_creation_on_change_and_when_the_profile_comes_later() {
    let world = World::start().await;
    let plain = Receiver::start(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    assert_refused(&merchant.register(&json!({ "url": plain.url() })).await);
    let endpoint = merchant.endpoint("https://example.com/hook").await;
    assert_refused(&merchant.change(&endpoint, &json!({ "url": plain.url() })).await);

    let app = world.client.application("older").await;
    world.client.endpoint(&app, &plain.url()).await;
    let path = format!("/api/v1/app/{app}");
    let demand = json!({ "profile": PROFILE });
    assert_refused(&world.client.call(Method::PATCH, &path, Some(&demand)).await);
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn j04_http_is_refused_at_last_when_it_is_to_be_sent() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.role_with::<Worker>(&[("POSTHASTE_OUTBOUND_HTTPS_ONLY", "true")]).await;
    let client = Client::new(control.role.address());
    let plain = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &plain.url()).await;
    let message = client.message(&app, json!({ "n": 1 })).await;
    let attempt = attempts(&client, &app, &message, 1).await.remove(0);
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
