//! The receivers that merchants are shown, in the two languages in which Yoco shows them.

use std::{process::Stdio, time::Duration};

use bytes::Bytes;
use posthaste_testkit::{Answer, Received, Script};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use super::{PAID, PROFILE};
use crate::{client, promises::bed::World, tool};

/// How long a receiver may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn y08_the_documented_receivers_take_what_is_sent_and_their_answer_is_a_success() {
    // What Express answers to `res.send(200)`.
    let express = Answer::StatusWith {
        status: 200,
        headers: vec![("Content-Type".into(), "text/plain; charset=utf-8".into())],
        body: Bytes::from_static(b"OK"),
    };
    let world = World::start().await;
    let receiver = world.receiver(Script::always(express)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    let (_, secret) = merchant.endpoint_and_secret(&receiver.url()).await;
    let message = merchant.publish_plain(PAID).await;
    let request = receiver.next().await;
    assert_eq!(merchant.attempts(&message, 1).await[0]["status"], json!(0));

    for (variable, name, file) in [
        ("POSTHASTE_NODE", "node", "node/server.mjs"),
        ("POSTHASTE_PYTHON", "python", "python/server.py"),
    ] {
        let status = passed_on(&request, &secret, variable, name, file).await;
        assert!((200..300).contains(&status), "{name} answers {status}");
        let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(passed_on(&request, other, variable, name, file).await, 401, "{name}");
    }
}

/// What a sample receiver with this secret answers to the request.
async fn passed_on(
    request: &Received,
    secret: &str,
    variable: &str,
    name: &str,
    file: &str,
) -> u16 {
    let mut sample = Command::new(tool::path(variable, name))
        .arg(tool::root().join("deploy/receivers").join(file))
        .envs([("SCHEME", "standard-v1"), ("SECRET", secret), ("PYTHONDONTWRITEBYTECODE", "1")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(sample.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, said.next_line()).await.unwrap().unwrap().unwrap();
    let port = line.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap();
    let mut post = client::http().post(format!("http://127.0.0.1:{port}/webhook"));
    for (name, value) in request.headers.iter().filter(|(name, _)| name.starts_with("webhook-")) {
        post = post.header(name, value);
    }
    let post = post.header("content-type", "application/json").body(request.body.clone());
    post.send().await.unwrap().status().as_u16()
}
