//! A role as a process of its own.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use http::Method;
use tokio::{
    process::Command,
    select,
    time::{sleep, timeout},
};

use crate::{
    api_client::{ApiClient, ApiError},
    cmd::run::Role,
    failure::Failure,
    owned_child::OwnedChild,
};

/// How long a start may take.
const START_UP: Duration = Duration::from_secs(30);
/// Between two questions whether it is ready. A process has no other way to tell.
const ASK_AGAIN: Duration = Duration::from_millis(25);
/// How many lines of its log a failure repeats.
const LAST_WORDS: usize = 12;

/// A role that runs and is ready. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct RoleProcess {
    child: OwnedChild,
    port: u16,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot start {role}")]
    Spawn {
        role: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{role} ended instead of starting ({status}); its last words:\n{words}")]
    Ended { role: &'static str, status: ExitStatus, words: String },
    #[error("{role} was not ready within {START_UP:?}; its last words:\n{words}")]
    NotReady { role: &'static str, words: String },
}

impl RoleProcess {
    /// Starts `command`, which listens on `port`, with its probes on `admin` and its log in `home`,
    /// and returns once it is ready.
    ///
    /// # Errors
    /// Where it does not start, with the end of its log.
    pub(super) async fn start(
        role: Role,
        mut command: Command,
        home: &Path,
        port: u16,
        admin: u16,
    ) -> Result<Self, Failure> {
        let role = role.as_str();
        let spawn = |source| StartError::Spawn { role, source };
        let path = home.join(format!("{role}.log"));
        let log = File::create(&path).map_err(spawn)?;
        let log_too = log.try_clone().map_err(spawn)?;
        let address = format!("127.0.0.1:{admin}");
        command.env("POSTHASTE_ADMIN_LISTEN", &address).stdout(log).stderr(log_too);
        let mut child = OwnedChild::spawn_quiet(&mut command).map_err(spawn)?;
        let probe = ApiClient::try_new(&format!("http://{address}"), String::new())?;
        select! {
            ready = timeout(START_UP, until_ready(&probe)) => match ready {
                Ok(()) => Ok(Self { child, port }),
                Err(_) => Err(StartError::NotReady { role, words: last_words(&path) }.into()),
            },
            status = child.ended() => {
                let status = status.map_err(spawn)?;
                Err(StartError::Ended { role, status, words: last_words(&path) }.into())
            }
        }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.pid()
    }
}

async fn until_ready(probe: &ApiClient) {
    loop {
        let asked: Result<_, ApiError> = probe.call(Method::GET, "/readyz", None).await;
        if asked.is_ok() {
            return;
        }
        sleep(ASK_AGAIN).await;
    }
}

fn last_words(log: &PathBuf) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(LAST_WORDS)..];
    last.iter().fold(String::new(), |words, line| words + "  " + line + "\n")
}
