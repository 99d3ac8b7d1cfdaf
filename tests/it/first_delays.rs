//! The first two waits of the published schedules, on the real clock. What follows takes hours, and
//! is tried on a clock that is set ahead.

use std::time::Duration;

use posthaste_testkit::{Answer, Authority, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use crate::{bed::Bed, client::Client};

/// How late a retry may be: the server's quarter of a second, and a busy machine.
const LATE: Duration = Duration::from_secs(3);
/// The waits, and a margin.
const PATIENCE: Duration = Duration::from_secs(400);

/// The presets whose second wait can be sat through, and the share by which a wait may be longer.
const PROFILES: [(&str, f64); 4] =
    [("yoco@1", 0.0), ("justt@1", 0.0), ("justwallet@1", 0.1), ("standard@1", 0.1)];

#[tokio::test]
async fn w18_y07_the_first_two_waits_hold_on_the_real_clock() {
    let authority = Authority::new();
    let ca_file = authority.pem_file().display().to_string();
    let bed = Bed::start(&[("POSTHASTE_OUTBOUND_CA_FILE", &ca_file)]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let declared = json!({ "name": "payout", "description": "A payout" });
    client.call(Method::POST, "/api/v1/event-type", Some(&declared)).await.expect(201);
    let mut receivers = Vec::new();
    for (profile, jitter) in PROFILES {
        let receiver = Receiver::start_https(&authority, Script::always(Answer::Status(503))).await;
        let body = json!({ "name": profile, "profile": profile });
        let app = client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
        let app = app["id"].as_str().unwrap().parse().unwrap();
        let mut body = json!({ "url": receiver.url() });
        if profile == "justwallet@1" {
            body["secret"] = "your-secret".into();
            body["filterTypes"] = json!(["payout"]);
        }
        client.endpoint_with(&app, body).await;
        let body = json!({ "eventType": "payout", "payload": { "n": 1 } });
        client.call(Method::POST, &format!("/api/v1/app/{app}/msg"), Some(&body)).await.expect(202);
        receivers.push((profile, jitter, receiver));
    }
    for (profile, jitter, receiver) in receivers {
        let requests = receiver.wait_for_within(3, PATIENCE).await;
        for (pair, wait) in requests.windows(2).zip([5, 300].map(Duration::from_secs)) {
            let waited = pair[1].at - pair[0].at;
            let most = wait.mul_f64(1.0 + jitter) + LATE;
            assert!(waited >= wait && waited < most, "{profile}: {waited:?}");
        }
    }
}

/// The longest first wait of all.
#[tokio::test]
#[ignore = "takes an hour"]
async fn k18_the_first_wait_of_an_hour_holds_on_the_real_clock() {
    const HOUR: Duration = Duration::from_secs(3_600);

    let authority = Authority::new();
    let ca_file = authority.pem_file().display().to_string();
    let bed = Bed::start(&[("POSTHASTE_OUTBOUND_CA_FILE", &ca_file)]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start_https(&authority, Script::always(Answer::Status(503))).await;
    let body = json!({ "name": "kloutit", "profile": "kloutit@1" });
    let app = client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
    let app = app["id"].as_str().unwrap().parse().unwrap();
    client.endpoint(&app, &receiver.url()).await;
    client.message(&app, json!({ "n": 1 })).await;
    let requests = receiver.wait_for_within(2, HOUR + HOUR / 6).await;
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= HOUR && waited < HOUR + LATE, "{waited:?}");
}
