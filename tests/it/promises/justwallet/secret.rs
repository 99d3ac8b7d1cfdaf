//! The secret, which the merchant chooses and keeps as an environment variable.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use posthaste_testkit::{Answer, Received, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PAYOUT, PROFILE, TYPES, assert_signed, settings, world};
use crate::tool;

const VARIABLE: &str = "JUST_WALLET_SECRET";

/// What merchants compute, in the languages in which a `.env` file is read most.
const IN_JAVASCRIPT: &str = r#"
    const made = require("crypto").createHmac("sha256", process.env.JUST_WALLET_SECRET);
    process.stdout.write(made.update(require("fs").readFileSync(0)).digest("hex"));
"#;
const IN_PYTHON: &str = r#"
import hmac, os, sys
key = os.environb[b"JUST_WALLET_SECRET"]
sys.stdout.write(hmac.new(key, sys.stdin.buffer.read(), "sha256").hexdigest())
"#;
/// How a shell reads such a file before it starts a program.
const WITH_SHELL: &str = r#"set -a; . "$1"; shift; exec "$@""#;

#[tokio::test]
async fn w03_without_a_secret_nothing_is_saved() {
    let world = world().await;
    let merchant = world.merchant("acme", PROFILE).await;
    let too_long = "é".repeat(129);
    let url = "https://example.com/webhook";
    for secret in [json!(null), json!(""), json!(too_long)] {
        let mut settings = settings(url, "");
        settings["secret"] = secret;
        let refused = merchant.register(&settings).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.to_string().contains("secret"), "{refused:?}");
    }
    let secretless = json!({ "url": url, "filterTypes": TYPES });
    assert_eq!(merchant.register(&secretless).await.status, 422);
    let path = format!("/api/v1/app/{}/endpoint/by-uid", merchant.app);
    let put = world.client.call(Method::PUT, &path, Some(&secretless)).await;
    assert_eq!(put.status, 422, "{put:?}");
    let path = format!("/api/v1/app/{}/endpoint", merchant.app);
    let listed = world.client.call(Method::GET, &path, None).await.expect(200);
    assert_eq!(listed["data"], json!([]));

    // Nor is one ever made in place of another.
    let endpoint = merchant.endpoint_with(settings(url, "your-secret")).await;
    let path = format!("{path}/{endpoint}/secret");
    let rotate = format!("{path}/rotate");
    assert_eq!(world.client.call(Method::POST, &rotate, Some(&json!({}))).await.status, 422);
    assert_eq!(world.client.call(Method::GET, &path, None).await.status, 403);
}

#[tokio::test]
async fn w03_w04_every_byte_of_a_secret_is_the_key_and_survives_a_file_of_variables() {
    let longest = "é".repeat(128);
    let secrets = [
        "your-secret",
        r#"é$ "x""#,
        &longest,
        " before",
        "after ",
        "\t both \t",
        " ",
        // Looks like what others have, which is base64.
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        r"back\slash\n #no comment ${HOME} `id` = 漢字 🔑",
    ];
    let world = world().await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let files = tempfile::tempdir().unwrap();
    let merchant = world.merchant("acme", PROFILE).await;
    let endpoint = merchant.endpoint_with(settings(&receiver.url(), "first")).await;
    let path = format!("/api/v1/app/{}/endpoint/{endpoint}/secret/rotate", merchant.app);
    for (number, secret) in secrets.into_iter().enumerate() {
        // Half of them from the start, half by being changed.
        if number % 2 == 0 {
            let merchant = world.merchant(&format!("shop-{number}"), PROFILE).await;
            merchant.endpoint_with(settings(&receiver.url(), secret)).await;
            merchant.publish_plain(PAYOUT).await;
        } else {
            let key = json!({ "key": secret });
            let rotated = world.client.call(Method::POST, &path, Some(&key)).await;
            assert_eq!((rotated.status, rotated.body), (204, Value::Null));
            merchant.publish_plain(PAYOUT).await;
        }
        let request = receiver.next().await;
        assert_signed(&request, secret);
        let file = files.path().join(format!("{number}.env"));
        fs::write(&file, format!("{VARIABLE}='{secret}'\n")).unwrap();
        for made in made_by_merchants(&file, &request).await {
            assert_eq!(request.header("signature"), Some(&*made), "{secret:?}");
        }
    }
}

/// The signature over a request by programs that read the secret from this file.
async fn made_by_merchants(file: &Path, request: &Received) -> [String; 2] {
    let (file, body) = (file.to_owned(), request.body.clone());
    let made = tokio::task::spawn_blocking(move || {
        let mut node = Command::new(tool::path("POSTHASTE_NODE", "node"));
        node.arg(format!("--env-file={}", file.display())).args(["--eval", IN_JAVASCRIPT]);
        let mut python = Command::new("sh");
        python.args(["-c", WITH_SHELL, "sh"]).arg(file);
        python.arg(tool::path("POSTHASTE_PYTHON", "python")).args(["-c", IN_PYTHON]);
        [said(node, &body), said(python, &body)]
    });
    made.await.unwrap()
}

fn said(mut command: Command, input: &[u8]) -> String {
    command.env_remove(VARIABLE).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
