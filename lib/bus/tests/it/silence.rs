//! A question that is not answered is not answered with no.
//!
//! A user who may not ask is not told so but hears nothing, as from a server that is overloaded.

use std::time::Duration;

use posthaste_bus::{Authority, Bus, ReadError, TopologyError};
use posthaste_testkit::NatsSettings;

use super::{
    bed::{Bed, soon, until},
    sample::{delivery, now},
};

/// Who does not say who it is may do anything.
const OPEN: &str = r#"
authorization { users: [ { user: anyone, password: anyone, permissions { publish: ">" } } ] }
no_auth_user: anyone
"#;
/// Anything but ask these.
const RULES: &str = r#"publish { deny: ["$JS.API.CONSUMER.INFO.>", "$JS.API.STREAM.MSG.GET.>"] }"#;

/// Has the server leave some questions unanswered from now on.
async fn silence(bed: &Bed) {
    let path = bed.nats.store_dir().with_file_name("nats.conf");
    let config = std::fs::read_to_string(&path).unwrap();
    let silent = config.replace(r#"publish: ">""#, RULES);
    assert_ne!(silent, config);
    std::fs::write(path, silent).unwrap();
    bed.reload();
    until("the server obeys", || async { bed.nats.log().contains("Reloaded server config") }).await;
}

#[tokio::test]
async fn what_is_not_heard_of_is_neither_made_anew_nor_believed_to_be_gone() {
    let settings = NatsSettings { extra: OPEN.into(), ..NatsSettings::default() };
    let bed = Bed::start_with(settings).await;
    let bus = bed.bus().await;
    bus.schedule(now() + Duration::from_secs(3_600), &delivery()).await.unwrap();
    silence(&bed).await;

    let mut odd = bed.config();
    odd.ack_wait = Duration::from_secs(7);
    let guest = Bus::connect(odd).await.unwrap();
    let day = Duration::from_secs(86_400);
    let (made, fired) = tokio::join!(
        soon("a refusal", guest.ensure_topology(Authority::Guest)),
        soon("a refusal", guest.fire_overdue(now() + day, day)),
    );
    assert!(matches!(made, Err(TopologyError::Refused { .. })), "{made:?}");
    assert!(matches!(fired, Err(ReadError::Unavailable(_))), "{fired:?}");

    // The consumer is as its owner made it.
    let aside = bed.aside().await;
    let ours = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("fan-out".into()),
        filter_subject: "events.>".into(),
        ack_wait: Duration::from_secs(30),
        max_ack_pending: 1_000,
        max_deliver: -1,
        max_waiting: 4_096,
        ..Default::default()
    };
    aside.create_consumer_strict_on_stream(ours, "EVENTS").await.expect("it is this already");
}
