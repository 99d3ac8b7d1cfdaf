//! A real nats-server for one test.
//!
//! Readiness is an event: the server writes `Server is ready` to its log, which is a pipe to us,
//! once its streams are recovered and its client port is open. The server chooses its port at the
//! first start and is pinned to it from then on, so that clients find it again after a restart.

mod binary;
mod log;
mod settings;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

pub use self::settings::{NatsSettings, SyncInterval};

use self::log::Log;
use crate::child::OwnedChild;

/// How long a start may take, recovery of the store included.
const START_UP: Duration = Duration::from_secs(15);
/// How long a graceful stop may take.
const SHUT_DOWN: Duration = Duration::from_secs(15);
/// Before another try at the pinned port, should some connection of this machine be borrowing it.
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
    child: OwnedChild,
    home: TempDir,
    settings: NatsSettings,
    port: u16,
    log: Log,
}

impl NatsServer {
    /// Starts a server with the default settings, and returns once JetStream is ready.
    ///
    /// # Panics
    /// If there is no nats-server, it is older than 2.15, or it is not ready within 15 s.
    pub async fn start() -> Self {
        Self::start_with(NatsSettings::default()).await
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
        let (child, port) = boot(&home, &settings, None, &log).await;
        Self { child, home, settings, port, log }
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
        self.child.pid()
    }

    /// The last 1,000 lines of the server's log, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Ends the server as a crash would (SIGKILL), and returns once it is gone.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Stops the server as an operator would (SIGTERM), and returns once it is gone.
    ///
    /// # Panics
    /// If it takes longer than 15 s.
    pub async fn stop(&mut self) {
        self.child.terminate();
        if timeout(SHUT_DOWN, self.child.wait()).await.is_err() {
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
        let (child, _) = boot(&self.home, &self.settings, Some(self.port), &self.log).await;
        self.child = child;
    }
}

fn store_dir(home: &TempDir) -> PathBuf {
    home.path().join("store")
}

async fn boot(
    home: &TempDir,
    settings: &NatsSettings,
    pinned: Option<u16>,
    log: &Log,
) -> (OwnedChild, u16) {
    let config = home.path().join("nats.conf");
    std::fs::write(&config, settings.config(pinned, &store_dir(home)))
        .expect("the server's folder is writable");
    let binary = binary::find();
    let deadline = Instant::now() + START_UP;
    loop {
        let (reader, writer) = std::io::pipe().expect("a process may open a pipe");
        let ready = log.follow(reader);
        let mut command = Command::new(&binary);
        command.arg("--config").arg(&config).stdout(Stdio::null()).stderr(writer);
        let child = OwnedChild::spawn(&mut command);
        drop(command); // Holds the pipe's other end: while it lives, the server's exit is not seen as an end of the log.
        let child =
            child.unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));

        match tokio::time::timeout_at(deadline, ready).await {
            Ok(Ok(port)) => {
                check(port).await;
                return (child, port);
            }
            // It ended before it was ready. With a pinned port that may be because the port is
            // borrowed.
            Ok(Err(_)) if pinned.is_some() && Instant::now() < deadline => sleep(ASK_AGAIN).await,
            Ok(Err(_)) => panic!("nats-server ended instead of starting:\n{}", log.text()),
            Err(_) => panic!("nats-server was not ready within {START_UP:?}:\n{}", log.text()),
        }
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
        "nats-server is {version}, and 2.15 or newer is needed: run ./tests/run once, or set NATS_SERVER"
    );
}

#[cfg(test)]
mod tests;
