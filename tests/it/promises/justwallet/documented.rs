//! The receivers that merchants are shown, in the three languages in which Just Wallet shows them.
//! Two of them write the body anew before they verify it.

use serde_json::{Value, json};

use super::{
    PAYOUT, PROFILE, SECRET,
    catalogue::Documented,
    declare, merchant,
    program::{
        Language::{self, JavaScript, Php, Ruby},
        Program,
    },
    settings,
};
use crate::promises::{bed::Merchant, kloutit::tls::Authority};

const PHP_PROFILE: &str = "justwallet-php@1";

/// What PHP writes as `\/`, and what as `\u00e9`.
const SLASH: &str = r#"{"id":"7","url":"https://example.com/a"}"#;
const NOT_ASCII: &str = r#"{"id":"7","name":"José 🎉"}"#;

/// The status that a message was answered with at first, and all that is recorded of that.
async fn answered(merchant: &Merchant<'_>, message: &str) -> (u64, Value) {
    let attempt = merchant.attempts(message, 1).await.remove(0);
    assert_eq!(attempt["attemptNumber"], 1);
    (attempt["responseStatusCode"].as_u64().unwrap(), attempt)
}

/// Sends the six documented events to the receiver of a language, and panics unless it takes each;
/// and unless it refuses what has another secret, for one that takes everything would be of no use.
async fn takes_what_is_documented(language: Language) {
    let authority = Authority::root("Authority of a test");
    let world = authority.world().await;
    declare(&world).await;
    let receiver = Program::start(language, &authority).await;
    let (merchant, _) = merchant(&world, "acme", &receiver.url()).await;
    for one in Documented::all() {
        let message = one.publish(&merchant).await;
        let (status, attempt) = answered(&merchant, &message).await;
        assert_eq!(status, 200, "{language:?}: {attempt}");
        assert_eq!((&attempt["status"], attempt.get("warning")), (&json!(0), None), "{attempt}");
    }
    let other = world.merchant("other", PROFILE).await;
    other.endpoint_with(settings(&receiver.url(), "Your-secret")).await;
    let message = other.publish_plain(PAYOUT).await;
    assert_eq!(answered(&other, &message).await.0, 401, "{language:?}");
}

#[tokio::test]
async fn w09_the_documented_receiver_in_php_takes_every_documented_event() {
    takes_what_is_documented(Php).await;
}

#[tokio::test]
async fn w10_our_receiver_in_ruby_takes_every_documented_event() {
    takes_what_is_documented(Ruby).await;
}

#[tokio::test]
async fn w11_the_documented_receiver_in_javascript_takes_every_documented_event() {
    takes_what_is_documented(JavaScript).await;
}

#[tokio::test]
async fn w09_w11_what_php_and_javascript_write_differently_needs_its_profile_and_is_warned_of() {
    let authority = Authority::root("Authority of a test");
    let world = authority.world().await;
    declare(&world).await;
    for (language, own) in [(JavaScript, PROFILE), (Php, PHP_PROFILE)] {
        let receiver = Program::start(language, &authority).await;
        for profile in [PROFILE, PHP_PROFILE] {
            let name = format!("{language:?}-{}", profile.trim_end_matches("@1"));
            let merchant = world.merchant(&name, profile).await;
            merchant.endpoint_with(settings(&receiver.url(), SECRET)).await;
            for payload in [SLASH, NOT_ASCII] {
                let message = merchant.publish(PAYOUT, payload, json!({})).await;
                let (status, attempt) = answered(&merchant, &message).await;
                let expected = if profile == own { 200 } else { 401 };
                assert_eq!(status, expected, "{name}: {attempt}");
                let words = if profile == PROFILE { "JavaScript" } else { "PHP" };
                let warning = attempt["warning"].as_str().unwrap();
                assert!(warning.contains("verifies only in receivers"), "{warning}");
                assert!(warning.ends_with(&format!("as {words} does")), "{warning}");
            }
        }
    }
}

/// Ours verify what came, and so need no profile of their own.
#[tokio::test]
async fn w10_our_receiver_in_ruby_takes_what_others_write_differently() {
    let authority = Authority::root("Authority of a test");
    let world = authority.world().await;
    declare(&world).await;
    let receiver = Program::start(Ruby, &authority).await;
    for profile in [PROFILE, PHP_PROFILE] {
        let merchant = world.merchant(profile.trim_end_matches("@1"), profile).await;
        merchant.endpoint_with(settings(&receiver.url(), SECRET)).await;
        for payload in [SLASH, NOT_ASCII, r#"{"n":1.0,"10":1,"9":2}"#] {
            let message = merchant.publish(PAYOUT, payload, json!({})).await;
            assert_eq!(answered(&merchant, &message).await.0, 200, "{profile}: {payload}");
        }
    }
}

#[tokio::test]
async fn w12_a_signature_that_is_refused_is_called_so_and_tried_again() {
    let authority = Authority::root("Authority of a test");
    let world = authority.world().await;
    declare(&world).await;
    let receiver = Program::start(JavaScript, &authority).await;
    let merchant = world.merchant("acme", PROFILE).await;
    merchant.endpoint_with(settings(&receiver.url(), "another")).await;
    let message = merchant.publish_plain(PAYOUT).await;
    let attempts = merchant.attempts(&message, 2).await;
    for attempt in &attempts {
        let told = (&attempt["responseStatusCode"], &attempt["status"], &attempt["failure"]);
        assert_eq!(told, (&json!(401), &json!(2), &json!("status")), "{attempt}");
        assert_eq!(attempt["response"], "Unauthorized");
        let reason = attempt["failureReason"].as_str().unwrap();
        assert!(reason.contains("401") && reason.contains("secret"), "{reason}");
        assert_ne!(attempt["nextAttempt"], Value::Null);
    }
}
