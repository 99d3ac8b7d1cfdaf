//! A real Postgres server for one test.
//!
//! Readiness is an event: the server writes `database system is ready to accept connections` to its
//! log, which is a pipe to us, once it has recovered. It keeps its port over restarts, so that
//! clients find it again. It syncs what it commits, as one in production does, and is otherwise as
//! small as it gets.

mod account;
mod binaries;
mod cluster;
mod wire;

use std::path::PathBuf;
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use self::account::Account;
use crate::child::OwnedChild;
use crate::log::Log;
use crate::port::{free_port, is_free};

/// Who the tests are to the server; trusted without a password.
const USER: &str = "postgres";
/// How long a start may take, recovery included.
const START_UP: Duration = Duration::from_secs(30);
/// How long all its processes may take to end.
const SHUT_DOWN: Duration = Duration::from_secs(15);
/// How long the creation of a database may take.
const CREATE: Duration = Duration::from_secs(30);
/// Before another try at the port of old, should somebody hold it.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// What makes a server small, and keeps it to its own folder; the rest is as Postgres has it, so it
/// syncs before it confirms.
const SETTINGS: [&str; 14] = [
    "listen_addresses=127.0.0.1",
    "max_connections=100",
    "shared_buffers=16MB",
    "wal_buffers=1MB",
    "min_wal_size=2MB",
    "max_wal_size=64MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_logical_replication_workers=0",
    "jit=off",
    // Files of its own, where others would be left behind by a crash.
    "dynamic_shared_memory_type=mmap",
    "huge_pages=off",
    "log_timezone=GMT",
    "timezone=GMT",
];

/// A Postgres server on its own port of 127.0.0.1 and with its own files.
///
/// Its programs are those of `$POSTGRES_BIN`, else of `target/tools/postgres/bin`, else of the
/// newest `/usr/lib/postgresql/*/bin`. Where the tests are run by root, they run as `postgres`, or
/// else as `nobody`. Dropping the value ends the server and removes its files.
pub struct Postgres {
    // Before `home`, because fields drop in this order and the server must be gone before its files
    // are.
    run: Run,
    home: TempDir,
    account: Option<Account>,
    port: u16,
    databases: AtomicU32,
    log: Log,
}

/// The server from one start to its end.
struct Run {
    child: OwnedChild,
    /// Yields, an error, once the last of its processes is gone. Locked only to be shared.
    gone: Mutex<mpsc::Receiver<()>>,
    data: PathBuf,
}

impl Postgres {
    /// Starts a server with nothing in it, and returns once it accepts connections.
    ///
    /// # Panics
    /// If there is no Postgres, or it is not ready within 30 s.
    pub async fn start() -> Self {
        let home = tempfile::Builder::new()
            .prefix("posthaste-postgres-")
            .tempdir()
            .expect("the temporary directory is writable");
        let account = Account::needed();
        if let Some(account) = account {
            account.own(home.path());
        }
        cluster::create(&home.path().join("data"), account).await;
        let log = Log::default();
        let deadline = Instant::now() + START_UP;
        loop {
            let port = free_port();
            if let Some(run) = boot(&home, account, port, &log, deadline).await {
                return Self { run, home, account, port, databases: AtomicU32::new(0), log };
            }
        }
    }

    /// The database that a new server has: `postgres://postgres@127.0.0.1:port/postgres`. It stays
    /// the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Creates an empty database of this name, and returns its URL.
    ///
    /// # Panics
    /// If the server is down, has such a database already, or takes longer than 30 s.
    pub async fn database(&self, name: &str) -> String {
        let sql = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        match timeout(CREATE, wire::execute(self.port, &sql)).await {
            Ok(Ok(())) => self.url_of(name),
            Ok(Err(error)) => panic!("no database {name}: {error}\n{}", self.log()),
            Err(_) => panic!("no database {name} within {CREATE:?}:\n{}", self.log()),
        }
    }

    /// Creates an empty database, and returns its URL.
    ///
    /// # Panics
    /// As [`database`](Self::database).
    pub async fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed) + 1;
        self.database(&format!("fresh_{number}")).await
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

    /// Ends the server as a crash would (SIGKILL), and returns once it and all sessions are gone.
    ///
    /// # Panics
    /// If a session outlives it by 15 s.
    pub fn kill(&mut self) {
        self.run.child.kill();
        assert!(self.run.wait(), "Postgres was killed, and a session of it goes on");
        self.run.release();
    }

    /// Starts the server again, with the same files and on the same port; a server that still runs
    /// is killed first. Returns once it accepts connections.
    ///
    /// # Panics
    /// As [`start`](Self::start) and [`kill`](Self::kill).
    pub async fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + START_UP;
        loop {
            let run = boot(&self.home, self.account, self.port, &self.log, deadline).await;
            if let Some(run) = run {
                self.run = run;
                return;
            }
            assert!(Instant::now() < deadline, "port {} was taken meanwhile", self.port);
            sleep(ASK_AGAIN).await;
        }
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Run {
    /// Waits until all processes are gone, for as long as they may take, and says whether they are.
    fn wait(&mut self) -> bool {
        let gone = self.gone.get_mut().unwrap_or_else(PoisonError::into_inner);
        gone.recv_timeout(SHUT_DOWN) != Err(mpsc::RecvTimeoutError::Timeout)
    }

    /// Gives back the piece of shared memory by which servers of the same files know of each other,
    /// and which outlives a crash.
    fn release(&self) {
        let Ok(pid_file) = std::fs::read_to_string(self.data.join("postmaster.pid")) else {
            return;
        };
        let segment = pid_file.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
        if let Some(segment) = segment {
            let mut remove = process::Command::new("ipcrm");
            remove.args(["--shmem-id", segment]).stdout(Stdio::null()).stderr(Stdio::null());
            // Without it the next start removes the segment.
            let _ = remove.status();
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Ends every session and gives back everything, but writes nothing more.
        self.child.signal(Signal::QUIT);
        self.wait();
    }
}

/// Starts the server, or returns `None` where somebody else holds its port.
async fn boot(
    home: &TempDir,
    account: Option<Account>,
    port: u16,
    log: &Log,
    deadline: Instant,
) -> Option<Run> {
    let program = binaries::find().join("postgres");
    let data = home.path().join("data");
    let (reader, writer) = std::io::pipe().expect("a process may open a pipe");
    let (end, gone) = mpsc::channel::<()>();
    let is_ready = log.follow(reader, "database system is ready to accept connections", end);
    let mut command = Command::new(&program);
    command.arg("-D").arg(&data).arg("-p").arg(port.to_string()).arg("-k").arg(home.path());
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
    command.current_dir("/").stdout(Stdio::null()).stderr(writer);
    if let Some(account) = account {
        account.run(&mut command);
    }
    let child = OwnedChild::spawn(&mut command)
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    // It holds the pipe's other end, without which the log ends when the server does.
    drop(command);

    let run = Run { child, gone: Mutex::new(gone), data };
    match timeout_at(deadline, is_ready).await {
        Ok(Ok(())) => Some(run),
        Ok(Err(_)) if !is_free(port) => None,
        Ok(Err(_)) => panic!("Postgres ended instead of starting:\n{}", log.text()),
        Err(_) => panic!("Postgres was not ready within {START_UP:?}:\n{}", log.text()),
    }
}

#[cfg(test)]
mod tests;
