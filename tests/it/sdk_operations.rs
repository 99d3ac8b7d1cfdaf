//! Every operation that Posthaste has, asked for with the published SDKs of both major versions.
//!
//! The programs in `tests/python`, `tests/javascript` and `tests/rust` assert that each reply parses
//! into the SDK's own model, and each refusal into its own exception. What they drove is compared
//! with the list here, so that none can drop out.

use std::{
    net::SocketAddr,
    process::{Output, Stdio},
    time::Duration,
};

use posthaste_control::Control;
use posthaste_testkit::{Answer, Postgres, Receiver, Script};
use posthaste_worker::Worker;
use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::{
    bed::{self, Bed, Running},
    tool,
};

/// What every SDK can ask for, and is answered, in order.
const OPERATIONS: [&str; 59] = [
    "application.create",
    "application.delete",
    "application.get",
    "application.get-or-create",
    "application.list",
    "application.patch",
    "application.upsert",
    "authentication.app-portal-access",
    "authentication.expire-all",
    "background-task.get",
    "background-task.list",
    "endpoint.bulk-replay",
    "endpoint.create",
    "endpoint.delete",
    "endpoint.get",
    "endpoint.get-headers",
    "endpoint.get-secret",
    "endpoint.get-stats",
    "endpoint.list",
    "endpoint.patch",
    "endpoint.patch-headers",
    "endpoint.recover",
    "endpoint.replay-missing",
    "endpoint.rotate-secret",
    "endpoint.send-example",
    "endpoint.set-headers",
    "endpoint.upsert",
    "event-type.create",
    "event-type.delete",
    "event-type.get",
    "event-type.import-openapi",
    "event-type.list",
    "event-type.patch",
    "event-type.upsert",
    "health.get",
    "message-attempt.expunge-content",
    "message-attempt.get",
    "message-attempt.list-attempted-destinations",
    "message-attempt.list-attempted-messages",
    "message-attempt.list-by-endpoint",
    "message-attempt.list-by-msg",
    "message-attempt.resend",
    "message.create",
    "message.expunge-all-contents",
    "message.expunge-content",
    "message.get",
    "message.list",
    "message.precheck",
    "operational-webhook.endpoint.create",
    "operational-webhook.endpoint.delete",
    "operational-webhook.endpoint.get",
    "operational-webhook.endpoint.get-headers",
    "operational-webhook.endpoint.get-secret",
    "operational-webhook.endpoint.list",
    "operational-webhook.endpoint.rotate-secret",
    "operational-webhook.endpoint.set-headers",
    "operational-webhook.endpoint.upsert",
    "statistics.aggregate-app-stats",
    "statistics.aggregate-event-types",
];
/// What version 1 of the SDKs does not know yet.
const SINCE_VERSION_2: [&str; 1] = ["message.bulk-expunge-content"];

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// A deployment of the test's own, with a receiver that takes everything and one that fails.
struct Stage {
    good: Receiver,
    bad: Receiver,
    control: Running<Control>,
    _worker: Running<Worker>,
    _bed: Bed,
    _postgres: Option<Postgres>,
}

impl Stage {
    async fn set(history: History) -> Self {
        let postgres = match history {
            History::InFile => None,
            History::InPostgres => Some(Postgres::start().await),
        };
        let url = postgres.as_ref().map(Postgres::url);
        let mut settings = vec![("POSTHASTE_WORKER_RETRY_WAITS_MS", "50,50")];
        settings.extend(url.as_deref().map(|url| ("POSTHASTE_HISTORY_URL", url)));
        let bed = Bed::start(&settings).await;
        Self {
            good: Receiver::start(Script::always(Answer::OK)).await,
            bad: Receiver::start(Script::always(Answer::Status(500))).await,
            control: bed.control().await,
            _worker: bed.worker().await,
            _bed: bed,
            _postgres: postgres,
        }
    }

    fn api(&self) -> SocketAddr {
        self.control.role.address()
    }
}

/// Where history is kept meanwhile.
enum History {
    InFile,
    InPostgres,
}

/// Which major version of the SDK a program has.
enum Version {
    One,
    Two,
}

fn script(variable: &str, interpreter: &str, script: &str) -> Command {
    let mut command = Command::new(tool::path(variable, interpreter));
    command.arg(tool::root().join("tests").join(script));
    command
}

async fn drives_everything(
    mut command: Command,
    more: &[&str],
    version: Version,
    history: History,
) {
    let stage = Stage::set(history).await;
    command.arg(format!("http://{}", stage.api())).arg(stage.good.url()).arg(stage.bad.url());
    command.args(more).stdin(Stdio::null()).kill_on_drop(true);
    command.env("SVIX_TOKEN", bed::token()).env("NO_PROXY", "*");
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, command.output()).await.expect("the program ends").unwrap();
    let told = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{told}");
    let said: Value = str::from_utf8(&stdout)
        .unwrap()
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_else(|| panic!("the program says what it drove: {told}"));
    let (major, since): (_, &[&str]) = match version {
        Version::One => ("1.", &[]),
        Version::Two => ("2.", &SINCE_VERSION_2),
    };
    assert!(said["sdk"].as_str().unwrap().starts_with(major), "{said}");
    let mut expected = [&OPERATIONS, since].concat();
    expected.sort_unstable();
    let driven: Vec<_> = said["operations"].as_array().unwrap().iter().collect();
    assert_eq!(driven, expected);
}

#[tokio::test]
async fn python_drives_everything() {
    let command = script("POSTHASTE_PYTHON", "python", "python/sdk_operations.py");
    drives_everything(command, &[], Version::One, History::InFile).await;
}

#[tokio::test]
async fn python_drives_everything_asynchronously() {
    let command = script("POSTHASTE_PYTHON", "python", "python/sdk_operations.py");
    drives_everything(command, &["--async"], Version::One, History::InPostgres).await;
}

#[tokio::test]
async fn python_drives_everything_with_version_2() {
    let command = script("POSTHASTE_PYTHON_SVIX2", "python-svix2", "python/sdk_operations.py");
    drives_everything(command, &[], Version::Two, History::InFile).await;
}

#[tokio::test]
async fn python_drives_everything_asynchronously_with_version_2() {
    let command = script("POSTHASTE_PYTHON_SVIX2", "python-svix2", "python/sdk_operations.py");
    drives_everything(command, &["--async"], Version::Two, History::InPostgres).await;
}

/// Runs the script with the SDK that has this name in `tests/javascript/package.json`.
async fn javascript_drives_everything(package: &str, version: Version) {
    let mut command = script("POSTHASTE_NODE", "node", "javascript/sdk_operations.mjs");
    command.arg(tool::path("POSTHASTE_JAVASCRIPT", "javascript/package.json")).arg(package);
    drives_everything(command, &[], version, History::InFile).await;
}

#[tokio::test]
async fn javascript_drives_everything_with_version_1() {
    javascript_drives_everything("svix1", Version::One).await;
}

#[tokio::test]
async fn javascript_drives_everything_with_version_2() {
    javascript_drives_everything("svix2", Version::Two).await;
}

#[tokio::test]
async fn rust_drives_everything() {
    let program = tool::path("POSTHASTE_RUST_SDK", "rust/debug/sdk-operations");
    drives_everything(Command::new(program), &[], Version::Two, History::InFile).await;
}
