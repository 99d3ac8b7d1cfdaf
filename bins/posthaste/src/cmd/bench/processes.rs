//! The processes of a measurement, and what each of them used.

mod cpu;
mod ports;
mod recording;
mod role_process;

use std::{io, path::Path, process::Stdio, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use posthaste_api::{Signer, TokenSecret};
use posthaste_domain::{OrgId, Timestamp};
use posthaste_service::clock;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

pub(super) use self::{cpu::Cpu, recording::Recording};
use self::{ports::Ports, role_process::RoleProcess};
use super::Args;
use crate::{
    api_client::{ApiClient, ApiError},
    cmd::{run::Role, token::DEFAULT_ORG},
    failure::Failure,
    nats_server::NatsServer,
    owned_child::OwnedChild,
};

/// How long the receiver may take to say where it is.
const START_UP: Duration = Duration::from_secs(30);
/// How long the token lives that everything is sent with.
const TOKEN_LIFETIME: Duration = Duration::from_secs(86_400);
/// The worker threads of each process: all of them share the machine.
const THREADS: &str = "2";
/// What of our environment a process needs to run at all.
const PASSED_ON: [&str; 3] = ["PATH", "TMPDIR", "RUST_BACKTRACE"];
/// What the event stream may hold at least, in bytes.
const EVENTS_MIN: u64 = 1 << 30;
/// What a stored event takes beside its payload, at most.
const EVENT_OVERHEAD: u64 = 2_048;

/// The receiver does not run.
#[derive(Debug, thiserror::Error)]
enum ReceiverError {
    #[error("cannot start the receiver")]
    Spawn(#[source] io::Error),
    #[error("the receiver did not say where it is")]
    Mute,
}

/// Everything a measurement needs running. Dropping it ends it all and removes its files.
pub(super) struct Fleet {
    // In the order in which they are dropped: who asks goes before who answers, and files last.
    worker: RoleProcess,
    ingress: RoleProcess,
    control: RoleProcess,
    receiver: OwnedChild,
    nats: NatsServer,
    _home: TempDir,
    receiver_url: String,
    token: String,
}

impl Fleet {
    /// Starts broker, receiver and roles, and returns once all are ready.
    ///
    /// # Errors
    /// Which of them does not start, and why; none runs then.
    pub(super) async fn start(nats_binary: &Path, args: &Args) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("posthaste-bench-").tempdir()?;
        let itself = std::env::current_exe()?;
        let nats = NatsServer::start(nats_binary, home.path(), 0).await?;
        let (receiver, receiver_url) = start_receiver(&itself, args).await?;
        let secret = random_key();
        let ports = Ports::free()?;
        let stored = u64::from(args.payload_bytes) + EVENT_OVERHEAD;
        let events = u64::from(args.messages) * stored;
        let environment = environment(&nats.url(), home.path(), &secret, &ports, events);
        let start = async |role: Role, port: u16, admin: u16| {
            let mut command = command(&itself);
            command.args(["run", role.as_str()]).envs(environment.clone());
            RoleProcess::start(role, command, home.path(), port, admin).await
        };
        // It makes the streams as large as they should be, before the others find them.
        let control = start(Role::Control, ports.control, ports.control_admin).await?;
        let (ingress, worker) = tokio::try_join!(
            start(Role::Ingress, ports.ingress, ports.ingress_admin),
            start(Role::Worker, 0, ports.worker_admin),
        )?;
        let org: OrgId = DEFAULT_ORG.parse()?;
        let now = Timestamp::from(clock::now());
        let signer = Signer::new(&TokenSecret::new(secret.as_str())?);
        let token = signer.organisation_token(&org, now, TOKEN_LIFETIME);
        Ok(Self { worker, ingress, control, receiver, nats, _home: home, receiver_url, token })
    }

    pub(super) fn token(&self) -> String {
        self.token.clone()
    }

    pub(super) fn ingress(&self) -> String {
        self.ingress.url()
    }

    pub(super) fn receiver_url(&self) -> &str {
        &self.receiver_url
    }

    pub(super) fn control_api(&self) -> Result<ApiClient, ApiError> {
        ApiClient::try_new(&self.control.url(), self.token())
    }

    pub(super) fn receiver_api(&self) -> Result<ApiClient, ApiError> {
        ApiClient::try_new(&self.receiver_url, String::new())
    }

    /// What each process has used so far.
    pub(super) fn cpu(&self) -> Cpu {
        Cpu::of([
            ("generator", Some(std::process::id())),
            ("ingress", self.ingress.pid()),
            ("worker", self.worker.pid()),
            ("nats-server", self.nats.pid()),
            ("receiver", self.receiver.pid()),
            ("control", self.control.pid()),
        ])
    }
}

/// This executable, with as little of our environment as it needs.
fn command(itself: &Path) -> Command {
    let mut command = Command::new(itself);
    let passed_on = PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(passed_on).env("TOKIO_WORKER_THREADS", THREADS);
    command
}

/// What all roles are told, with room for `event_bytes` of events: what suits a measurement, under what our environment says (so that
/// settings can be compared), under what the measurement needs.
fn environment(
    broker: &str,
    home: &Path,
    token_secret: &str,
    ports: &Ports,
    event_bytes: u64,
) -> Vec<(String, String)> {
    let events = event_bytes.max(EVENTS_MIN);
    let local = |port: u16| format!("127.0.0.1:{port}");
    let defaults = [
        ("POSTHASTE_LOG_FILTER", "warn".to_owned()),
        ("POSTHASTE_NATS_EVENTS_MAX_BYTES", events.to_string()),
        ("POSTHASTE_NATS_ATTEMPTS_MAX_BYTES", EVENTS_MIN.to_string()),
        ("POSTHASTE_NATS_DEAD_LETTERS_MAX_BYTES", EVENTS_MIN.to_string()),
        ("POSTHASTE_HISTORY_URL", format!("sqlite:{}", home.join("history.db").display())),
    ];
    let ours = std::env::vars().filter(|(name, _)| name.starts_with("POSTHASTE_"));
    let needed = [
        ("POSTHASTE_NATS_URLS", broker.to_owned()),
        ("POSTHASTE_AUTH_TOKEN_SECRET", token_secret.to_owned()),
        ("POSTHASTE_REGISTRY_SEAL_KEYS", random_key()),
        ("POSTHASTE_OUTBOUND_ALLOW", "127.0.0.0/8".to_owned()),
        ("POSTHASTE_CONTROL_LISTEN", local(ports.control)),
        ("POSTHASTE_INGRESS_LISTEN", local(ports.ingress)),
    ];
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    // Where a name comes twice, the later one counts.
    defaults.into_iter().map(named).chain(ours).chain(needed.into_iter().map(named)).collect()
}

/// 32 random bytes in base64.
fn random_key() -> String {
    STANDARD.encode(rand::random::<[u8; 32]>())
}

/// The receiver, and its URL without a slash at the end.
async fn start_receiver(itself: &Path, args: &Args) -> Result<(OwnedChild, String), ReceiverError> {
    let counts = [args.messages.to_string(), args.endpoints.to_string()];
    let mut command = command(itself);
    command
        .arg("bench-receiver")
        .args(["--messages", &counts[0], "--endpoints", &counts[1]])
        .stdout(Stdio::piped());
    let mut child = OwnedChild::spawn_quiet(&mut command).map_err(ReceiverError::Spawn)?;
    let stdout = child.take_stdout().ok_or(ReceiverError::Mute)?;
    let mut lines = BufReader::new(stdout).lines();
    match timeout(START_UP, lines.next_line()).await {
        Ok(Ok(Some(address))) => Ok((child, format!("http://{address}"))),
        Ok(Ok(None) | Err(_)) | Err(_) => Err(ReceiverError::Mute),
    }
}
