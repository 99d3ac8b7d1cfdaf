//! A nats-server of our own, for development and for measuring.
//!
//! # Invariants
//! - It listens on 127.0.0.1 only, and is ready once started: its streams are recovered and its
//!   port is open.
//! - It ends with its value: gracefully by [`NatsServer::stop`], else by SIGKILL.
//! - One store, one server: the folder's lock is held by the server too, as its standard input, so
//!   that one which outlived us keeps others off its store.

mod binary;
mod log;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

pub(crate) use binary::find;
use log::Log;
use tokio::{
    process::Command,
    time::{Instant, sleep, timeout},
};

use crate::owned_child::OwnedChild;

/// The file in which the server writes its process id.
const PID: &str = "nats.pid";
/// How long a start may take, recovery of the store included.
const START_UP: Duration = Duration::from_secs(30);
/// How long a graceful stop may take before it is cut short.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for a lock that may only be on its way back.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
/// How often it is tried meanwhile.
const LOCK_AGAIN: Duration = Duration::from_millis(10);

/// Why there is no nats-server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NatsServerError {
    /// It is nowhere.
    #[error(
        "there is no nats-server in the PATH: install 2.15 or newer, or name its binary with \
         --nats-server or NATS_SERVER (in a checkout, ./deploy/get-nats-server fetches one)"
    )]
    Missing,
    /// It is not where it was said to be.
    #[error("there is no nats-server at {0}")]
    NotThere(PathBuf),
    /// The folder for its files cannot be used.
    #[error("cannot use the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another server, or another process that is about to start one, has the folder.
    #[error("{path} is in use by another nats-server{process}; stop it, or use another folder")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Which one, where it is known: ` (process 42)`.
        process: String,
    },
    /// The binary does not start.
    #[error("cannot start {binary}")]
    Spawn {
        /// What was started.
        binary: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended instead of serving.
    #[error("nats-server ended instead of starting; its last words:\n{0}")]
    Ended(String),
    /// It never said that it is ready.
    #[error("nats-server was not ready within {START_UP:?}; its last words:\n{0}")]
    NotReady(String),
}

/// A running nats-server with JetStream and a file store.
#[derive(Debug)]
pub(crate) struct NatsServer {
    child: OwnedChild,
    port: u16,
    /// Released last, after the server has gone.
    _lock: File,
}

impl NatsServer {
    /// Starts `binary` on `port` of 127.0.0.1 (0 lets the server choose) with its store and its
    /// log in the existing folder `home`, and returns once it is ready.
    ///
    /// # Errors
    /// [`NatsServerError`]; nothing runs then.
    pub(crate) async fn start(
        binary: &Path,
        home: &Path,
        port: u16,
    ) -> Result<Self, NatsServerError> {
        let folder = |source| NatsServerError::Folder { path: home.to_owned(), source };
        let spawn = |source| NatsServerError::Spawn { binary: binary.to_owned(), source };
        let lock = lock(home).await?;
        let inherited = lock.try_clone().map_err(folder)?;
        let port = if port == 0 { "-1".to_owned() } else { port.to_string() };
        let mut command = Command::new(binary);
        command
            .args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir"])
            .arg(home.join("jetstream"))
            .arg("--pid")
            .arg(home.join(PID))
            .stdin(Stdio::from(inherited))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = OwnedChild::spawn(&mut command).map_err(spawn)?;
        let stderr = child.take_stderr().ok_or_else(|| spawn(io::ErrorKind::BrokenPipe.into()))?;
        let file = File::create(home.join("nats.log")).map_err(folder)?;
        let log = Log::default();
        match timeout(START_UP, log.follow(stderr, file)).await {
            Ok(Ok(port)) => Ok(Self { child, port, _lock: lock }),
            Ok(Err(_)) => Err(NatsServerError::Ended(log.tail())),
            Err(_) => Err(NatsServerError::NotReady(log.tail())),
        }
    }

    /// Where clients connect: `nats://127.0.0.1:port`.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The process id, or `None` once it has ended.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.pid()
    }

    /// Waits, without bound, for it to end by itself.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.ended().await
    }

    /// Stops it gracefully; after 10 s it is killed.
    pub(crate) async fn stop(self) {
        let Self { child, _lock, .. } = self;
        if child.stop(PATIENCE).await.is_none() {
            tracing::warn!("nats-server did not stop within {PATIENCE:?} and was killed");
        }
    }
}

/// Takes the folder's lock. A process that is being started elsewhere in ours holds a copy of it
/// until it runs its own program, so a lock that was just given up may still be held for a moment.
async fn lock(home: &Path) -> Result<File, NatsServerError> {
    let folder = |source| NatsServerError::Folder { path: home.to_owned(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(home.join("lock"));
    let file = file.map_err(folder)?;
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOCK_AGAIN).await,
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(source)) => return Err(folder(source)),
        }
    }
    let pid = std::fs::read_to_string(home.join(PID)).ok();
    let process = pid.map(|pid| format!(" (process {})", pid.trim())).unwrap_or_default();
    Err(NatsServerError::InUse { path: home.to_owned(), process })
}

#[cfg(test)]
mod tests;
