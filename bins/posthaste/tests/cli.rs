//! The built binary, run as people run it, against a real broker.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failure here is the failure of the test, and must be loud"
)]

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// When something that should happen has not happened.
const LATE: Duration = Duration::from_secs(90);
const ANY_PORT: &str = "127.0.0.1:0";

/// `posthaste` with these arguments, in `folder`, with nothing of the developer's settings.
fn posthaste(folder: &Path, arguments: &[&str]) -> Command {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/nats-server");
    let named = std::env::var_os("NATS_SERVER").map(PathBuf::from);
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command.env_clear().env("TMPDIR", folder).env("PATH", std::env::var_os("PATH").unwrap());
    if let Some(binary) = named.or_else(|| fetched.is_file().then_some(fetched)) {
        command.env("NATS_SERVER", binary);
    }
    command
}

async fn output(command: &mut Command) -> Output {
    timeout(LATE, command.output()).await.expect("it ends by itself").unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A process that speaks until it is told to stop.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What follows `said` on the first line that has it.
    async fn says(&mut self, said: &str) -> String {
        let found = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once(said) {
                    return rest.trim().to_owned();
                }
            }
            panic!("it ended without saying {said:?}")
        };
        timeout(LATE, found).await.unwrap_or_else(|_| panic!("it never said {said:?}"))
    }

    /// Presses Ctrl-C, and tells the exit code.
    async fn interrupt(mut self) -> Option<i32> {
        let pid = Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        timeout(LATE, self.child.wait()).await.expect("it stops").unwrap().code()
    }
}

fn is_empty(folder: &TempDir) -> bool {
    std::fs::read_dir(folder.path()).unwrap().next().is_none()
}

#[tokio::test]
async fn the_demo_is_delivered_verified_and_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let done = output(&mut posthaste(folder.path(), &["dev", "--once"])).await;
    let (told, complained) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{told}\n{complained}");
    assert!(told.contains("signature valid, the same bytes"), "{told}");
    assert!(is_empty(&folder), "a temporary folder is left");
}

#[tokio::test]
async fn a_session_serves_other_commands_until_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["dev", "--nats-port", "0", "--listen", ANY_PORT];
    arguments.extend(["--ingress-listen", ANY_PORT, "--admin-listen", ANY_PORT]);
    let mut session = Running::start(&mut posthaste(folder.path(), &arguments));
    let api = session.says("API      ").await;
    let broker = session.says("broker   ").await;
    let app = session.says("application ").await;
    let token = session.says("POSTHASTE_TOKEN=").await;
    session.says("Ctrl-C").await;

    let url = api.trim_end_matches("/api/v1");
    let send = ["send", "--app", &app, "--type", "chargeback.created", "--url", url];
    let mut command = posthaste(folder.path(), &send);
    command.env("POSTHASTE_TOKEN", &token).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut sending = command.spawn().unwrap();
    sending.stdin.take().unwrap().write_all(b"{\"amount\": 1.50}").await.unwrap();
    let sent = timeout(LATE, sending.wait_with_output()).await.unwrap().unwrap();
    let answer: Value = serde_json::from_slice(&sent.stdout).unwrap();
    let received = session.says("received ").await;
    assert_eq!(received, format!("{}, 16 bytes, signature valid", answer["id"].as_str().unwrap()));

    let file = folder.path().join("payload.json");
    std::fs::write(&file, "[]").unwrap();
    let mut refused = posthaste(folder.path(), &send);
    let refused = output(refused.arg(&file).env("POSTHASTE_TOKEN", &token)).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).starts_with("{\"detail\":"), "{}", text(&refused.stderr));

    let mut list = posthaste(folder.path(), &["dead", "list", "--json"]);
    let list = output(list.env("POSTHASTE_NATS_URLS", &broker)).await;
    assert!(list.status.success() && list.stdout.is_empty(), "{}", text(&list.stderr));
    let mut show = posthaste(folder.path(), &["dead", "show", "1"]);
    let show = output(show.env("POSTHASTE_NATS_URLS", &broker)).await;
    assert_eq!(text(&show.stderr), "posthaste: there is no dead letter 1\n");

    assert_eq!(session.interrupt().await, Some(0));
    let broker = broker.strip_prefix("nats://").unwrap();
    assert!(TcpStream::connect(broker).await.is_err(), "the broker is left running");
}

#[tokio::test]
async fn a_measurement_counts_every_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["bench", "--messages", "300", "--endpoints", "2", "--json"];
    let done = output(&mut posthaste(folder.path(), &arguments)).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&report["accepted"], &report["delivered"]), (&300.into(), &600.into()));
    assert_eq!((&report["lost"], &report["strange"]), (&0.into(), &0.into()));
    assert!(is_empty(&folder), "a temporary folder is left");
}

/// `posthaste listen --json` and what it says of one request with these header lines.
async fn received(arguments: &[&str], headers: &str, body: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = posthaste(folder.path(), &["listen", "--json"]);
    let mut listening = Running::start(command.args(arguments).stderr(Stdio::piped()));
    let mut complaints = BufReader::new(listening.child.stderr.take().unwrap()).lines();
    let said = timeout(LATE, complaints.next_line()).await.unwrap().unwrap().unwrap();
    let address = said.strip_prefix("listening on http://").unwrap().trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST /hook HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let line = timeout(LATE, listening.lines.next_line()).await.unwrap().unwrap().unwrap();
    assert_eq!(listening.interrupt().await, Some(0));
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn a_receiver_tells_machines_what_it_was_sent() {
    let arguments = ["--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    let told = received(&arguments, "", "{}").await;
    assert_eq!((&told["target"], &told["signature"]), (&"/hook".into(), &"invalid".into()));
}

#[tokio::test]
async fn a_receiver_verifies_by_the_scheme_that_it_is_told() {
    let arguments = ["--scheme", "stripe", "--secret", "whsec_test_a", "--tolerance"];
    let header = "stripe-signature: t=1614265330,\
        v1=a12222d34441826eac5b21dbe5e434467b448e27aec4acd58db70b52cc530009\r\n";
    let body = r#"{"test": 2432232314}"#;
    let told = received(&[&arguments[..], &["9999999999"]].concat(), header, body).await;
    assert_eq!(told["signature"], "valid", "{told}");
    let told = received(&[&arguments[..], &["300"]].concat(), header, body).await;
    assert_eq!(told["signatureFault"], "the timestamp is too old");
}

#[tokio::test]
async fn a_receiver_refuses_what_it_could_not_verify_with() {
    for (arguments, reason) in [
        (&["--scheme", "strip", "--secret", "x"][..], "standard, standard-v1, standard-v1a, svix,"),
        (&["--scheme", "stripe"], "--secret <SECRET>"),
        (&["--secret", "x"], "Secret must be prefixed with whsec_ or whsk_"),
        (&["--scheme", "svix", "--secret", "x"], "the secret makes no key for svix"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let refused = output(posthaste(folder.path(), &["listen"]).args(arguments)).await;
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains(reason), "{told}");
    }
}

#[tokio::test]
async fn faults_of_the_environment_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut role = posthaste(folder.path(), &["run", "worker"]);
    let role =
        output(role.env("POSTHASTE_NATS_URL", "x").env("POSTHASTE_NATS_REPLICAS", "2")).await;
    assert_eq!(role.status.code(), Some(64));
    let told = text(&role.stderr);
    for name in ["POSTHASTE_NATS_URL:", "POSTHASTE_NATS_REPLICAS:", "POSTHASTE_REGISTRY_SEAL_KEYS:"]
    {
        assert!(told.contains(name), "{name} {told}");
    }
    let token = output(&mut posthaste(folder.path(), &["token", "org"])).await;
    assert_eq!(token.status.code(), Some(64), "{}", text(&token.stderr));
    let mut token = posthaste(folder.path(), &["token", "org"]);
    let token = output(token.env("POSTHASTE_AUTH_TOKEN_SECRET", "x".repeat(32))).await;
    assert_eq!(text(&token.stdout).trim().split('.').count(), 3);
}
