//! Registrations are made, listed, deleted, and get what they are for.

use posthaste_domain::AppId;
use posthaste_testkit::{Answer, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Platform, payment};
use crate::{bed::until, deliver::assert_signed};

fn text<'a>(body: &'a Value, key: &str) -> &'a str {
    body[key].as_str().unwrap_or_else(|| panic!("no {key} in {body}"))
}

/// Waits until nothing of the application is under way or waiting.
async fn all_attempted(platform: &Platform, app: &AppId, message: &str, attempts: usize) {
    let path = format!("/api/v1/app/{app}/attempt/msg/{message}");
    until("every attempt is recorded", || async {
        let listed = platform.client.call(Method::GET, &path, None).await.expect(200);
        listed["data"].as_array().unwrap().len() == attempts
    })
    .await;
}

#[tokio::test]
async fn y10_each_of_two_registrations_gets_every_event_signed_with_its_own_secret() {
    let platform = Platform::start(&[]).await;
    let app = platform.merchant(Some("yoco@1")).await;
    let program = platform.program(&app, "live").await;
    let first = platform.receiver(Script::always(Answer::OK)).await;
    let second = platform.receiver(Script::always(Answer::OK)).await;
    let [one, two] =
        [program.register("one", &first.url()).await, program.register("two", &second.url()).await];
    assert!(one.get("warning").is_none(), "one is what is meant: {one}");
    assert!(text(&two, "warning").contains("2 webhooks"), "{two}");
    let [one_secret, two_secret] = [text(&one, "secret"), text(&two, "secret")];
    assert_ne!(one_secret, two_secret);

    for mode in ["live", "test"] {
        let id = platform.send(&app, &payment(mode)).await;
        for (receiver, own) in [(&first, one_secret), (&second, two_secret)] {
            let request = receiver.next().await;
            assert_signed(&request, own);
            assert_eq!(request.json()["payload"]["mode"], mode);
        }
        all_attempted(&platform, &app, &id, 2).await;
    }
    let names: Vec<_> = program.list().await.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["two", "one"]);

    let path = format!("/api/webhooks/{}", text(&one, "id"));
    let deleted = program.call(Method::DELETE, &path, None).await;
    assert_eq!((deleted.status, &*deleted.bytes), (204, &b""[..]));
    program.call(Method::DELETE, &path, None).await.complains(404, "not_found");
    let names: Vec<_> = program.list().await.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["two"]);
    let id = platform.send(&app, &payment("live")).await;
    assert_signed(&second.next().await, two_secret);
    all_attempted(&platform, &app, &id, 1).await;
    assert_eq!((first.count(), second.count()), (2, 3));
}

#[tokio::test]
async fn y12_a_key_registers_in_its_own_mode() {
    let platform = Platform::start(&[]).await;
    let app = platform.merchant(Some("yoco@1")).await;
    let (live, test) = (platform.program(&app, "live").await, platform.program(&app, "test").await);
    assert!(live.key.starts_with("sk_live_") && test.key.starts_with("sk_test_"));
    let one = live.register("one", "https://shop.example/live").await;
    let two = test.register("two", "https://shop.example/test").await;
    for (told, name, mode) in [(&one, "one", "live"), (&two, "two", "test")] {
        assert_eq!((text(told, "name"), text(told, "mode")), (name, mode));
        assert_eq!(text(told, "url"), format!("https://shop.example/{mode}"));
        assert!(text(told, "id").starts_with("ep_") && text(told, "secret").starts_with("whsec_"));
    }
    // Yoco's webhooks are for both modes.
    assert_eq!(live.list().await, test.list().await);
    let listed = test.list().await;
    assert_eq!(
        listed[0],
        json!({ "id": two["id"], "name": "two", "url": two["url"], "mode": "test" })
    );
    assert_eq!(listed.len(), 2);
}

#[tokio::test]
async fn y12_where_modes_are_kept_apart_a_key_sees_its_own_and_gets_its_own() {
    let platform = Platform::start(&[]).await;
    let changes = json!({ "modes": { "endpoint_scope": "per_mode" } });
    let profile = platform.publish("yoco@1", "apart", &changes).await;
    let app = platform.merchant(Some(&profile)).await;
    let (live, test) = (platform.program(&app, "live").await, platform.program(&app, "test").await);
    let receivers = [
        platform.receiver(Script::always(Answer::OK)).await,
        platform.receiver(Script::always(Answer::OK)).await,
    ];
    let one = live.register("one", &receivers[0].url()).await;
    let two = test.register("two", &receivers[1].url()).await;
    assert!(two.get("warning").is_none(), "one of each mode is what is meant: {two}");
    for (program, own, other) in [(&live, &one, &two), (&test, &two, &one)] {
        let listed = program.list().await;
        assert_eq!((listed.len(), &listed[0]["id"]), (1, &own["id"]));
        let path = format!("/api/webhooks/{}", text(other, "id"));
        program.call(Method::DELETE, &path, None).await.complains(404, "not_found");
    }
    for (mode, receiver) in ["live", "test"].iter().zip(&receivers) {
        let id = platform.send(&app, &payment(mode)).await;
        assert_eq!(receiver.next().await.json()["payload"]["mode"], *mode);
        all_attempted(&platform, &app, &id, 1).await;
    }
    assert_eq!(receivers.each_ref().map(|receiver| receiver.count()), [1, 1]);
}

#[tokio::test]
async fn w03_a_secret_that_its_owner_chose_is_taken_and_not_repeated() {
    let platform = Platform::start(&[]).await;
    let declared = json!({ "name": "payout", "description": "d" });
    platform.client.call(Method::POST, "/api/v1/event-type", Some(&declared)).await.expect(201);
    let app = platform.merchant(Some("justwallet@1")).await;
    let program = platform.program(&app, "live").await;
    let receiver = platform.receiver(Script::always(Answer::OK)).await;
    let mut body = json!({ "name": "n", "url": receiver.url(), "eventTypes": ["payout"] });
    let missing = program.call(Method::POST, "/api/webhooks", Some(&body)).await;
    assert!(missing.complains(400, "invalid_parameters").contains("secret"));
    body["secret"] = "é$ \"x\" ".into();
    let told = program.call(Method::POST, "/api/webhooks", Some(&body)).await.expect(200);
    assert!(told.get("secret").is_none() && told["mode"] == "live", "{told}");
    let body = json!({ "eventType": "payout", "payload": { "amount": "20.15" } });
    platform.send(&app, &body).await;
    assert_eq!(receiver.next().await.header("signature").unwrap().len(), 64);
    let second = json!({ "name": "n", "url": receiver.url(), "secret": "s" });
    let second = program.call(Method::POST, "/api/webhooks", Some(&second)).await;
    assert_eq!(second.status, 409, "one is all there may be");
    assert!(second.json()["errorCode"].is_string() && second.json()["description"].is_string());
}

#[tokio::test]
async fn where_and_under_which_key_they_are_listed_is_for_the_profile_to_say() {
    let platform = Platform::start(&[]).await;
    let create = json!({ "method": "POST", "path": "/hooks/v2" });
    let list = json!({ "method": "GET", "path": "/hooks/v2", "response": { "hooks": ["id", "name", "url", "mode"] } });
    let delete = json!({ "method": "DELETE", "path": "/hooks/v2/{id}", "status": 204 });
    let changes =
        json!({ "registration_api": { "create": create, "list": list, "delete": delete } });
    let profile = platform.publish("yoco@1", "elsewhere", &changes).await;
    let own = platform.program(&platform.merchant(Some(&profile)).await, "live").await;
    let other = platform.program(&platform.merchant(None).await, "live").await;
    let body = json!({ "name": "n", "url": "https://shop.example/hook" });
    let told = own.call(Method::POST, "/hooks/v2/", Some(&body)).await.expect(200);
    let listed = own.call(Method::GET, "/hooks/v2", None).await.expect(200);
    assert_eq!(listed["hooks"][0]["id"], told["id"]);
    let nowhere = own.call(Method::GET, "/nowhere", None).await;
    for told in [
        own.call(Method::GET, "/api/webhooks", None).await,
        other.call(Method::GET, "/hooks/v2", None).await,
    ] {
        assert_eq!((told.status, told.bytes), (404, nowhere.bytes.clone()));
    }
    let path = format!("/hooks/v2/{}", text(&told, "id"));
    assert_eq!(other.call(Method::DELETE, &path, None).await.bytes, nowhere.bytes);
    assert_eq!(own.call(Method::DELETE, &path, None).await.status, 204);
    // Whose application has no profile registers too, where it is usual.
    let plain = other.register("n", "https://shop.example/hook").await;
    assert!(text(&plain, "secret").starts_with("whsec_"));
}
