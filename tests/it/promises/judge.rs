//! Receivers' own libraries and rules, as judges of what arrived.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use posthaste_testkit::Received;
use serde_json::{Value, json};

use crate::tool;

/// Panics unless the libraries that receivers use, in Python, accept each request under its secret.
/// They refuse a timestamp of more than five minutes ago.
pub(super) async fn assert_libraries_accept(requests: &[(&Received, &str)]) {
    for verdict in verdicts(requests).await {
        assert_eq!(verdict, json!({ "standardwebhooks": true, "svix": true, "error": null }));
    }
}

/// Whether none of these libraries accepts the request under this secret.
pub(super) async fn refused_by_libraries(request: &Received, secret: &str) -> bool {
    let verdict = verdicts(&[(request, secret)]).await.remove(0);
    verdict["standardwebhooks"] == false && verdict["svix"] == false
}

async fn verdicts(requests: &[(&Received, &str)]) -> Vec<Value> {
    let capture = |(request, secret): &(&Received, &str)| {
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().into()));
        let headers = Value::Object(headers.collect());
        let body = STANDARD.encode(&request.body);
        json!({ "secret": secret, "headers": headers, "body_base64": body }).to_string() + "\n"
    };
    let captures: String = requests.iter().map(capture).collect();
    let judged = tokio::task::spawn_blocking(move || judged(&captures)).await.unwrap();
    let verdicts: Vec<_> = judged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), requests.len(), "{judged}");
    verdicts
}

fn judged(captures: &str) -> String {
    let mut python = Command::new(tool::path("POSTHASTE_PYTHON", "python"))
        .arg(tool::root().join("tests/python/verify.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(captures.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Panics if the request is anything but a machine's POST of JSON whose length is known: no second
/// framing, no compression, and nothing that a browser would add.
pub(super) fn assert_plain_post(request: &Received) {
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let length = request.body.len().to_string();
    assert_eq!(request.header("content-length"), Some(&*length));
    assert!(std::str::from_utf8(&request.body).is_ok());
    let unwanted = [
        "transfer-encoding",
        "content-encoding",
        "accept-encoding",
        "expect",
        "cookie",
        "origin",
        "referer",
    ];
    for name in unwanted {
        assert_eq!(request.header(name), None, "{name}");
    }
    let ours = request.header("user-agent").unwrap();
    assert!(!ours.starts_with("Mozilla"), "{ours}");
}
