//! The page for merchants' developers: its requests are made as they stand, and its answers hold.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use posthaste_testkit::{Answer, Script};
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::{Platform, verification::case};
use crate::tool;

pub(super) const PAGE: &str = "deploy/merchant-api.md";

/// An example of the page: what is typed under a heading, and what the page says is answered.
#[derive(Debug)]
pub(super) struct Example {
    heading: String,
    pub(super) command: String,
    answer: Option<Value>,
}

/// The examples of the page that are typed, in their order.
pub(super) fn examples() -> Vec<Example> {
    let page = std::fs::read_to_string(tool::root().join(PAGE)).unwrap();
    let mut found: Vec<Example> = Vec::new();
    let (mut heading, mut lines) = (String::new(), page.lines());
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut heading);
        }
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        let block = block.join("\n");
        match (kind, found.last_mut()) {
            ("sh", _) => {
                found.push(Example { heading: heading.clone(), command: block, answer: None });
            }
            ("json", Some(last)) if last.heading == heading => {
                last.answer = Some(serde_json::from_str(&block).unwrap());
            }
            _ => {}
        }
    }
    found
}

/// Types a command in a folder, and returns the status that `curl` was answered with and the body.
pub(super) async fn typed(
    command: &str,
    folder: &Path,
    variables: &BTreeMap<&str, String>,
) -> (u16, Vec<u8>) {
    // The status goes where the body does not.
    let curl = format!(
        "curl() {{ command curl -sS -w '%{{stderr}}%{{http_code}}' \"$@\"; }}\n{command}\n"
    );
    let mut shell = Command::new("sh");
    shell.current_dir(folder).envs(variables).env("NO_PROXY", "*");
    shell.arg("-eu").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.kill_on_drop(true).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(curl.as_bytes()).await.unwrap();
    let output = shell.wait_with_output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command}\n{told}");
    let status = told.trim().parse().unwrap_or_else(|_| panic!("{command}\n{told}"));
    (status, output.stdout)
}

/// The names and kinds of everything in it: what an example promises of an answer.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), shape(value)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(text) => {
            let kind = ["ep_", "msg_", "whsec_"].into_iter().find(|kind| text.starts_with(kind));
            kind.unwrap_or("text").into()
        }
        Value::Bool(_) => value.clone(),
        other => panic!("the page has no such thing: {other}"),
    }
}

#[tokio::test]
async fn y14b_every_example_of_the_page_does_what_the_page_says() {
    let platform = Platform::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    // Who signs nothing shows no secret, so the one who verifies is another.
    let yoco = platform.merchant(Some("yoco@1")).await;
    let kloutit = platform.merchant(Some("kloutit@1")).await;
    let receiver = platform.receiver(Script::always(Answer::OK)).await;
    platform.client.endpoint(&kloutit, &receiver.url()).await;
    platform.send(&kloutit, &case()).await;
    std::fs::write(folder.path().join("event.json"), receiver.next().await.body).unwrap();
    let program = platform.program(&yoco, "test").await;
    let mut variables =
        BTreeMap::from([("API", program.base.clone()), ("SECRET_KEY", program.key.clone())]);

    let examples = examples();
    let headings: Vec<_> = examples.iter().map(|example| &*example.heading).collect();
    assert_eq!(
        headings,
        ["Register a webhook", "List them", "Delete one", "Ask whether an event is ours"]
    );
    for Example { heading, command, answer } in &examples {
        if heading.starts_with("Ask") {
            let key = platform.program(&kloutit, "live").await.key;
            variables.insert("SECRET_KEY", key);
        }
        let (status, body) = typed(command, folder.path(), &variables).await;
        let Some(answer) = answer else {
            assert_eq!((status, &*body), (204, &b""[..]), "{heading}");
            continue;
        };
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, shape(&body)), (200, shape(answer)), "{heading}");
        if heading.starts_with("Register") {
            for told in ["name", "url", "mode"] {
                assert_eq!(body[told], answer[told]);
            }
            variables.insert("ID", body["id"].as_str().unwrap().to_owned());
        }
    }
    assert!(program.list().await.is_empty());
}
