//! The command line, as an operator types it.

use std::{path::PathBuf, time::Duration};

use posthaste_testkit::{Answer, NatsServer, Receiver, Role, Script};
use serde_json::{Value, json};

use crate::{
    bed::{Bed, until},
    client::Client,
    retry::dead_letters,
};

/// Runs `posthaste` to its end, and returns what it printed.
async fn posthaste(bed: &Bed, args: &[&str]) -> String {
    let mut cli = Role::spawn("posthaste", args, bed.environment());
    let status = cli.wait().await;
    assert!(status.success(), "posthaste {args:?}: {status}\n{}", cli.log());
    cli.log()
}

/// What a run of its own needs to find the broker's binary.
fn nats_server() -> [(&'static str, PathBuf); 1] {
    [("NATS_SERVER", NatsServer::binary())]
}

#[tokio::test]
async fn dead_letters_are_listed_shown_redriven_and_discarded() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "100")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Status(500))).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let first = client.message(&app, json!({ "n": 1 })).await;
    let second = client.message(&app, json!({ "n": 2 })).await;
    let bus = bed.bus().await;
    dead_letters(&bus, 2).await;

    let listed = posthaste(&bed, &["dead", "list", "--app", app.as_str()]).await;
    assert!(listed.contains(&first) && listed.contains(&second), "{listed}");
    assert!(listed.contains("exhausted"), "{listed}");
    let shown: Value =
        serde_json::from_str(&posthaste(&bed, &["dead", "show", "1", "--json"]).await).unwrap();
    let text = shown.to_string();
    assert!(text.contains("exhausted") && text.contains("500"), "{text}");

    receiver.set_script(Script::always(Answer::OK));
    posthaste(&bed, &["dead", "redrive", "1"]).await;
    receiver.wait_for(5).await;
    posthaste(&bed, &["dead", "discard", "2"]).await;
    until("no dead letters", || async {
        bus.dead_letters(None, None, 0, 10).await.unwrap().is_empty()
    })
    .await;
    assert_eq!(receiver.count(), 5, "what was discarded is not sent");
}

#[tokio::test]
async fn a_token_and_a_message_can_be_typed() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let token = posthaste(&bed, &["token", "org", crate::bed::org().as_str()]).await;
    let client = Client::new(control.role.address()).with_token(token.trim());
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;

    let payload = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(payload.path(), r#"{"typed":true}"#).unwrap();
    let url = format!("http://{}", control.role.address());
    let args = [
        "send",
        "--app",
        app.as_str(),
        "--type",
        "chargeback.created",
        "--token",
        token.trim(),
        "--url",
        &url,
        payload.path().to_str().unwrap(),
    ];
    let answer: Value = serde_json::from_str(&posthaste(&bed, &args).await).unwrap();
    let request = receiver.next().await;
    assert_eq!(request.json(), json!({ "typed": true }));
    assert_eq!(request.header("webhook-id"), answer["id"].as_str());
}

#[tokio::test]
async fn the_demo_delivers_a_chargeback_and_ends() {
    let mut dev = Role::spawn("posthaste", &["dev", "--once"], nats_server());
    let status = tokio::time::timeout(Duration::from_secs(90), dev.wait()).await.unwrap();
    let log = dev.log();
    assert!(status.success(), "{log}");
    assert!(log.contains("chargeback.created"), "{log}");
}

#[tokio::test]
async fn a_small_benchmark_loses_nothing() {
    let args = ["bench", "--messages", "500", "--concurrency", "8", "--json"];
    let mut bench = Role::spawn("posthaste", &args, nats_server());
    let status = tokio::time::timeout(Duration::from_secs(90), bench.wait()).await.unwrap();
    let log = bench.log();
    assert!(status.success(), "{log}");
    // Progress is told before it, on stderr.
    let report: Value = serde_json::from_str(&log[log.find('{').unwrap()..]).unwrap();
    assert_eq!((&report["delivered"], &report["lost"]), (&json!(500), &json!(0)), "{report}");
}
