//! A real nats-server for one test.
//!
//! Readiness is an event: the server writes `Server is ready` to its log, which is a pipe to us,
//! once its streams are recovered and its client port is open. It keeps its port over restarts, so
//! that clients find it again.

mod binary;
mod settings;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};

pub use self::settings::{NatsSettings, SyncInterval};

use crate::child::OwnedChild;
use crate::log::Log;
use crate::port::{free_port, is_free};

/// How long a start may take, recovery of the store included.
const START_UP: Duration = Duration::from_secs(15);
/// How long a graceful stop may take.
const SHUT_DOWN: Duration = Duration::from_secs(15);
/// Before another try at the port of old, should somebody hold it.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// The server's first line to a client is far shorter than this.
const MAX_INFO: u64 = 64 << 10;
/// What the streams rely on.
const OLDEST: (u64, u64) = (2, 15);

/// A nats-server with JetStream, on its own port of 127.0.0.1 and with its own file store.
///
/// The binary is `$NATS_SERVER`, else `target/tools/nats-server`, else the one in the `PATH`.
/// Dropping the value kills the server and removes the store.
pub struct NatsServer {
    // Before `home`, because fields drop in this order and the server must be gone before its files
    // are.
    run: Run,
    home: TempDir,
    settings: NatsSettings,
    port: u16,
    log: Log,
}

/// The server from one start to its end.
struct Run {
    child: OwnedChild,
    /// Yields, an error, once the log is read to its end.
    log_ended: oneshot::Receiver<()>,
}

impl NatsServer {
    /// Starts a server with the default settings, and returns once JetStream is ready.
    ///
    /// # Panics
    /// If there is no nats-server, it is older than 2.15, or it is not ready within 15 s.
    pub async fn start() -> Self {
        Self::start_with(NatsSettings::default()).await
    }

    /// The binary that would be started, for tests of what starts a broker by itself.
    ///
    /// # Panics
    /// If there is no nats-server.
    #[must_use]
    pub fn binary() -> PathBuf {
        binary::find()
    }

    /// As [`start`](Self::start), with other settings.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with(settings: NatsSettings) -> Self {
        let home = tempfile::Builder::new()
            .prefix("posthaste-nats-")
            .tempdir()
            .expect("the temporary directory is writable");
        let log = Log::default();
        let deadline = Instant::now() + START_UP;
        loop {
            let port = free_port();
            if let Some(run) = boot(&home, &settings, port, &log, deadline).await {
                return Self { run, home, settings, port, log };
            }
        }
    }

    /// Where clients connect: `nats://127.0.0.1:port`. It stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The folder of the file store. It outlives `kill` and `stop`, and goes with this value.
    #[must_use]
    pub fn store_dir(&self) -> PathBuf {
        store_dir(&self.home)
    }

    /// The process id, or `None` while the server is down.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.run.child.pid()
    }

    /// The last 1,000 lines of the server's log, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Ends the server as a crash would (SIGKILL), and returns once it is gone.
    pub fn kill(&mut self) {
        self.run.child.kill();
    }

    /// Stops the server as an operator would (SIGTERM), and returns once it is gone.
    ///
    /// # Panics
    /// If it takes longer than 15 s.
    pub async fn stop(&mut self) {
        self.run.child.terminate();
        let gone = async {
            self.run.child.wait().await;
            let _ = (&mut self.run.log_ended).await;
        };
        if timeout(SHUT_DOWN, gone).await.is_err() {
            panic!("nats-server did not stop within {SHUT_DOWN:?}:\n{}", self.log());
        }
    }

    /// Starts the server again, with the same store and on the same port, after
    /// [`kill`](Self::kill) or [`stop`](Self::stop); a server that still runs is killed first.
    /// Returns once JetStream is ready.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + START_UP;
        loop {
            let run = boot(&self.home, &self.settings, self.port, &self.log, deadline).await;
            if let Some(run) = run {
                self.run = run;
                return;
            }
            assert!(Instant::now() < deadline, "port {} was taken meanwhile", self.port);
            sleep(ASK_AGAIN).await;
        }
    }
}

fn store_dir(home: &TempDir) -> PathBuf {
    home.path().join("store")
}

/// Starts the server, or returns `None` where somebody else holds its port.
async fn boot(
    home: &TempDir,
    settings: &NatsSettings,
    port: u16,
    log: &Log,
    deadline: Instant,
) -> Option<Run> {
    let config = home.path().join("nats.conf");
    std::fs::write(&config, settings.config(port, &store_dir(home)))
        .expect("the server's folder is writable");
    let binary = binary::find();
    let (reader, writer) = std::io::pipe().expect("a process may open a pipe");
    let (end, log_ended) = oneshot::channel();
    let is_ready = log.follow(reader, "Server is ready", end);
    let mut command = Command::new(&binary);
    command.arg("--config").arg(&config).stdout(Stdio::null()).stderr(writer);
    let child = OwnedChild::spawn(&mut command)
        .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
    // It holds the pipe's other end, without which the log ends when the server does.
    drop(command);

    match timeout_at(deadline, is_ready).await {
        Ok(Ok(())) => {
            check(port).await;
            Some(Run { child, log_ended })
        }
        Ok(Err(_)) if !is_free(port) => None,
        Ok(Err(_)) => panic!("nats-server ended instead of starting:\n{}", log.text()),
        Err(_) => panic!("nats-server was not ready within {START_UP:?}:\n{}", log.text()),
    }
}

/// Reads what the server tells each client first, and checks that it is what the tests are about.
async fn check(port: u16) {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("a ready nats-server accepts connections");
    let mut line = String::new();
    BufReader::new(stream.take(MAX_INFO))
        .read_line(&mut line)
        .await
        .expect("a nats-server greets its clients");
    let info: Value = line
        .strip_prefix("INFO ")
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_else(|| panic!("nats-server greeted with {line:?}"));
    assert_eq!(info["jetstream"], true, "nats-server runs without JetStream: {line}");
    let version = info["version"].as_str().unwrap_or_default();
    let mut parts = version.split('.').map_while(|part| part.parse::<u64>().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    assert!(
        found >= OLDEST,
        "nats-server is {version}, and 2.15 or newer is needed: run ./tests/run once, or set \
         NATS_SERVER"
    );
}

#[cfg(test)]
mod tests;
