//! The customers' side, with what customers use: the published SDK calls the API, and the published
//! libraries judge what arrives.

use std::{net::SocketAddr, process::Stdio};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use posthaste_testkit::{Answer, Received, Receiver, Script};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    bed::{self, Bed},
    tool,
};

/// A run of `svix_sdk.py`, a step at a time.
struct Walk {
    // Killed when it is dropped.
    _child: Child,
    go: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    begun: bool,
}

fn python(script: &str) -> Command {
    let mut command = Command::new(tool::path("POSTHASTE_PYTHON", "python"));
    command.arg(tool::root().join("tests/python").join(script));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

impl Walk {
    fn begin(api: SocketAddr, receiver: &Receiver, grace: &str) -> Self {
        let mut command = python("svix_sdk.py");
        command.arg(format!("http://{api}")).arg(receiver.url()).args(["--grace", grace]);
        let mut child = command.env("SVIX_TOKEN", bed::token()).spawn().unwrap();
        let go = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _child: child, go, said, begun: false }
    }

    /// Takes the next step, which must be this one and succeed.
    async fn step(&mut self, name: &str) -> Value {
        if self.begun {
            self.go.write_all(b"\n").await.unwrap();
        }
        self.begun = true;
        let line = self.said.next_line().await.unwrap().expect("it says how each step went");
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["step"], name);
        assert_eq!(said["error"], Value::Null, "{said:#}");
        said
    }

    async fn key(&mut self, step: &str) -> String {
        self.step(step).await["key"].as_str().unwrap().to_owned()
    }
}

/// A request as `verify.py` is asked about it.
fn capture(request: &Received, body: &[u8], secret: &str) -> Value {
    let signed = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = signed.map(|name| (name.to_owned(), Value::from(request.header(name))));
    json!({
        "secret": secret,
        "headers": Value::Object(headers.into_iter().collect()),
        "body_base64": BASE64_STANDARD.encode(body),
    })
}

/// Whether both libraries accept each capture, or both refuse it.
async fn verdicts(captures: &[Value]) -> Vec<bool> {
    let mut child = python("verify.py").spawn().unwrap();
    let lines: String = captures.iter().map(|capture| format!("{capture}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success());
    let answers = str::from_utf8(&output.stdout).unwrap().lines();
    answers
        .map(|answer| {
            let answer: Value = serde_json::from_str(answer).unwrap();
            assert_eq!(answer["standardwebhooks"], answer["svix"], "{answer}");
            answer["svix"].as_bool().unwrap()
        })
        .collect()
}

fn tampered(request: &Received) -> Vec<u8> {
    let mut body = request.body.to_vec();
    *body.last_mut().unwrap() ^= 1;
    body
}

/// What a walk to its end has shown: a request before the rotation and one after it, and the
/// secrets of then.
struct Walked {
    before: Received,
    after: Received,
    old: String,
    new: String,
}

async fn walk(grace: &str) -> Walked {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let mut walk = Walk::begin(control.role.address(), &receiver, grace);
    for step in ["application", "event_type", "endpoint"] {
        walk.step(step).await;
    }
    let first = walk.step("message").await;
    let before = receiver.next().await;
    assert_eq!(before.header("webhook-id"), first["id"].as_str());
    assert_eq!(before.json(), json!({ "invoice": 1 }));
    let old = walk.key("secret").await;
    walk.step("rotate").await;
    let new = walk.key("rotated_secret").await;
    assert_ne!(old, new);
    let second = walk.step("second_message").await;
    let after = receiver.next().await;
    assert_eq!(after.header("webhook-id"), second["id"].as_str());
    assert_eq!(after.json(), json!({ "invoice": 2 }));
    assert_eq!(receiver.count(), 2);
    Walked { before, after, old, new }
}

#[tokio::test]
async fn the_sdk_walks_through_and_both_libraries_accept_what_arrives() {
    let Walked { before, after, old, new } = walk("3600").await;
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let accepted = [
        capture(&before, &before.body, &old),
        // While the secrets overlap, each receiver may take its time to change its own.
        capture(&after, &after.body, &old),
        capture(&after, &after.body, &new),
    ];
    assert_eq!(verdicts(&accepted).await, [true; 3]);
    let refused = [
        capture(&before, &before.body, &new),
        capture(&before, &before.body, other),
        capture(&before, &tampered(&before), &old),
        capture(&after, &tampered(&after), &old),
        capture(&after, &tampered(&after), &new),
        capture(&after, &before.body, &new),
    ];
    assert_eq!(verdicts(&refused).await, [false; 6]);
}

#[tokio::test]
async fn a_secret_rotated_without_grace_is_worth_nothing_afterwards() {
    let Walked { after, old, new, .. } = walk("0").await;
    let captures = [capture(&after, &after.body, &old), capture(&after, &after.body, &new)];
    assert_eq!(verdicts(&captures).await, [false, true]);
}
