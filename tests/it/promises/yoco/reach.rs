//! Which endpoints get what.

use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use super::{PAID, PROFILE};
use crate::promises::{
    bed::World,
    judge::{assert_libraries_accept, assert_plain_post, refused_by_libraries},
};

const TYPES: [&str; 3] = [PAID, "refund.succeeded", "refund.failed"];

#[tokio::test]
async fn y01_y03_y16_one_url_gets_every_type_at_once_and_cannot_filter() {
    let world = World::start().await;
    world.event_types(&TYPES).await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let filtered = json!({ "url": receiver.url(), "filterTypes": [PAID] });
    let refused = merchant.register(&filtered).await;
    assert!(matches!(refused.status, 400 | 422), "{refused:?}");
    merchant.endpoint(&receiver.url()).await;
    for (sent, name) in TYPES.into_iter().enumerate() {
        let message = merchant.publish_plain(name).await;
        let requests = receiver.wait_for(sent + 1).await;
        assert_plain_post(&requests[sent]);
        assert_eq!(requests[sent].json()["type"], name);
        let attempts = merchant.attempts(&message, 1).await;
        assert_eq!(
            (&attempts[0]["attemptNumber"], &attempts[0]["lane"]),
            (&json!(1), &json!(null))
        );
    }
    assert_eq!(receiver.count(), TYPES.len());
}

#[tokio::test]
async fn y02_a_tunnel_is_called_by_its_name_and_by_no_browser() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let tunnel = "https://1a2b-203-0-113-7.ngrok-free.app/webhooks/yoco";
    let parked = json!({ "url": tunnel, "disabled": true });
    merchant.endpoint_with(parked).await;
    let named = receiver.url().replace("127.0.0.1", "localhost");
    merchant.endpoint(&named).await;
    merchant.publish_plain(PAID).await;
    let request = receiver.next().await;
    assert_eq!(request.header("host"), named.strip_prefix("https://"));
    let agent = request.header("user-agent").unwrap();
    let (product, version) = agent.split_once('/').unwrap();
    assert_eq!(product, "Posthaste");
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{agent}");
}

#[tokio::test]
async fn y06_one_endpoint_gets_both_modes_and_each_event_says_its_own() {
    let world = World::start().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    merchant.endpoint(&receiver.url()).await;
    for mode in ["live", "test"] {
        let payload = json!({ "id": "p_1", "mode": mode }).to_string();
        merchant.publish(PAID, &payload, json!({ "mode": mode })).await;
        let request = receiver.next().await;
        assert_eq!(request.json()["payload"]["mode"], mode);
        assert_eq!(request.path, "/");
    }
}

#[tokio::test]
async fn y09_http_is_refused() {
    let world = World::start().await;
    let plain = Receiver::start(Script::always(Answer::OK)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let created = merchant.register(&json!({ "url": plain.url() })).await;
    let endpoint = merchant.endpoint("https://example.com/hook").await;
    let changed = merchant.change(&endpoint, &json!({ "url": plain.url() })).await;
    for answer in [created, changed] {
        assert!(matches!(answer.status, 400 | 422), "{answer:?}");
        assert!(answer.body.to_string().contains("https"), "{answer:?}");
    }
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn y10_each_of_several_gets_every_event_under_its_own_secret_until_it_is_deleted() {
    let world = World::start().await;
    let merchant = world.merchant("acme", PROFILE).await;
    let (one, two) = (
        world.receiver(Script::always(Answer::OK)).await,
        world.receiver(Script::always(Answer::OK)).await,
    );
    let (first, ones) = merchant.endpoint_and_secret(&one.url()).await;
    let (_, twos) = merchant.endpoint_and_secret(&two.url()).await;
    assert_ne!(ones, twos);
    merchant.publish_plain(PAID).await;
    let (to_one, to_two) = (one.next().await, two.next().await);
    assert_libraries_accept(&[(&to_one, &ones), (&to_two, &twos)]).await;
    assert!(refused_by_libraries(&to_one, &twos).await);

    let path = format!("/api/v1/app/{}/endpoint/{first}", merchant.app);
    assert_eq!(world.client.call(Method::DELETE, &path, None).await.status, 204);
    let message = merchant.publish_plain(PAID).await;
    two.next().await;
    assert_eq!(merchant.attempts(&message, 1).await.len(), 1);
    assert_eq!(one.count(), 1);
}
