//! Certificates that must not be trusted, and what their owners are told of them.

use posthaste_testkit::{Answer, Receiver, Script};
use rcgen::date_time_ymd;
use serde_json::json;

use super::{
    PROFILE,
    tls::{Authority, Front, HOST, Identity, named},
};

const JUSTT: &str = "justt@1";

#[tokio::test]
async fn k05_j04_what_is_wrong_with_a_certificate_is_said_in_plain_words_and_nothing_is_sent() {
    let root = Authority::root("Root");
    let between = root.intermediate("Between");
    let mut expired = named("Receiver", &[HOST]);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let shown = [
        (
            "expired",
            root.vouch(&expired),
            "the endpoint's TLS certificate, or one that it depends on, has expired",
        ),
        (
            "self-signed",
            Identity::self_signed(&named("Receiver", &[HOST])),
            "the endpoint's TLS certificate is self-signed, and no known authority vouches for it",
        ),
        (
            "of-another",
            root.vouch(&named("Receiver", &["elsewhere.example"])),
            "the endpoint's TLS certificate is for another host name",
        ),
        (
            "incomplete",
            between.vouch_for_host(),
            "the endpoint did not send the intermediate certificate that its TLS certificate \
             needs, or an unknown authority issued it",
        ),
    ];
    let world = root.world().await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let to = receiver.url().rsplit(':').next().unwrap().parse().unwrap();
    for (what, identity, words) in &shown {
        let front = Front::start(identity, to).await;
        for profile in [PROFILE, JUSTT] {
            let name = format!("{what}-{}", &profile[..1]);
            let merchant = world.merchant(&name, profile).await;
            merchant.endpoint(&front.url()).await;
            let message = merchant.publish_plain(super::CREATED).await;
            let attempt = merchant.attempts(&message, 1).await.remove(0);
            assert_eq!(attempt["response"], *words, "{name}");
            assert_eq!(attempt["failure"], "tls", "{name}");
            assert_ne!(attempt["nextAttempt"], json!(null), "{name}: it may be mended");
        }
        assert_eq!(front.spoken(), [], "{what}");
    }
    assert_eq!(receiver.connections(), 0);

    // The same receiver, once it has a certificate of its own.
    let front = Front::start(&root.vouch_for_host(), to).await;
    let merchant = world.merchant("mended", PROFILE).await;
    merchant.endpoint(&front.url()).await;
    merchant.publish_plain(super::CREATED).await;
    receiver.next().await;
}
