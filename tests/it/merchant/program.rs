//! The program that Kloutit's own customers run: what its SDK sends, sent from JavaScript.

use std::process::Stdio;

use posthaste_testkit::{Answer, Script};
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::{Platform, Program, verification::case};
use crate::tool;

/// Whether the SDK's promise resolves for this event, and what status it saw.
async fn verify_event(program: &Program, event: &[u8]) -> (bool, u64) {
    let mut command = Command::new(tool::path("POSTHASTE_NODE", "node"));
    command.arg(tool::root().join("tests/javascript/kloutit_verify_event.mjs"));
    command.arg(&program.base).env("KLOUTIT_API_KEY", &program.key).env("NO_PROXY", "*");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(event).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    (said["resolved"].as_bool().unwrap(), said["status"].as_u64().unwrap())
}

#[tokio::test]
async fn k13_the_call_of_kloutits_sdk_resolves_for_what_was_sent_and_for_nothing_else() {
    let platform = Platform::start(&[]).await;
    let app = platform.merchant(Some("kloutit@1")).await;
    let program = platform.program(&app, "live").await;
    let stranger = platform.merchant(Some("kloutit@1")).await;
    let stranger = platform.program(&stranger, "live").await;
    let receiver = platform.receiver(Script::always(Answer::Held)).await;
    platform.client.endpoint(&app, &receiver.url()).await;
    let mut sent = case();
    // JavaScript writes this as 100, and these letters as they are.
    sent["payload"]["purchaseAmount"] = serde_json::from_str(r#"{"value": 100.0}"#).unwrap();
    platform.send(&app, &sent).await;
    let received = receiver.next().await;
    assert_eq!(verify_event(&program, &received.body).await, (true, 200));
    let altered = String::from_utf8(received.body.to_vec()).unwrap().replace("EXP-1", "EXP-2");
    assert_eq!(verify_event(&program, altered.as_bytes()).await, (false, 400));
    assert_eq!(verify_event(&stranger, &received.body).await, (false, 400));
    let nobody = Program { key: "sk_live_nobody".into(), ..program };
    assert_eq!(verify_event(&nobody, &received.body).await, (false, 401));
    receiver.release();
}
