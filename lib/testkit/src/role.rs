//! The workspace's own binaries, run as an operator would run them.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::child::OwnedChild;
use crate::http;

/// What of the test's environment a role may see: what a process needs to run at all. Everything
/// else is given by the test, so that no variable of the developer's decides its outcome.
const PASSED_ON: [&str; 4] = ["PATH", "TMPDIR", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// How long a process that was asked to stop may take to do so.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running process of this workspace. Dropping it kills the process.
pub struct Role {
    name: String,
    child: OwnedChild,
    home: TempDir,
}

/// Starts a built binary, such as `posthaste-ingress`, with these environment variables and hardly
/// any others.
///
/// The binary is the one beside the test's own, in `target/<profile>`. `cargo test -p` does not
/// build it anew: `./tests/run` does.
///
/// # Panics
/// If the binary is not built, or outside a tokio runtime.
pub fn spawn_role<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    bin: &str,
    envs: impl IntoIterator<Item = (K, V)>,
) -> Role {
    Role::spawn(bin, &[], envs)
}

impl Role {
    /// As [`spawn_role`], with command-line arguments.
    ///
    /// # Panics
    /// As [`spawn_role`].
    pub fn spawn<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        bin: &str,
        args: &[&str],
        envs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let path = built(bin);
        assert!(
            path.is_file(),
            "{} is not built: run ./tests/run, or cargo build --workspace",
            path.display()
        );
        Self::start(&path, bin, args, envs)
    }

    fn start<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        path: &Path,
        name: &str,
        args: &[&str],
        envs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let home = tempfile::Builder::new()
            .prefix("posthaste-role-")
            .tempdir()
            .expect("the temporary directory is writable");
        let log = File::create(log_path(&home)).expect("the role's folder is writable");
        let log_too = log.try_clone().expect("a file can be opened twice");
        let mut command = Command::new(path);
        command.args(args).env_clear();
        command.envs(PASSED_ON.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.envs(envs).current_dir(home.path()).stdout(log).stderr(log_too);
        let child = OwnedChild::spawn(&mut command)
            .unwrap_or_else(|error| panic!("{} does not start: {error}", path.display()));
        Self { name: name.to_owned(), child, home }
    }

    /// The process id, or `None` once the process was killed or waited for.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.pid()
    }

    /// What it has written to stdout and stderr so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(log_path(&self.home)).expect("the log lives as long as the role");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until `GET {admin_url}/readyz` answers 200.
    ///
    /// # Panics
    /// After 30 s, or as soon as the process ends; the latter with its log.
    pub async fn wait_ready(&mut self, admin_url: &str) {
        let status = tokio::select! {
            () = http::wait_ready(admin_url) => return,
            status = self.child.wait() => status,
        };
        panic!("{} ended before it was ready ({status}):\n{}", self.name, self.log());
    }

    /// Ends the process as a crash would (SIGKILL), and returns once it is gone.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Asks the process to stop (SIGTERM), and returns at once: [`wait`](Self::wait) tells when it
    /// has.
    pub fn terminate(&mut self) {
        self.child.terminate();
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// After two minutes, which no drain may take; with its log.
    pub async fn wait(&mut self) -> ExitStatus {
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => panic!("{} did not end within {PATIENCE:?}:\n{}", self.name, self.log()),
        }
    }
}

fn log_path(home: &TempDir) -> PathBuf {
    home.path().join("log")
}

/// Tests run from `target/<profile>/deps`, one folder below the binaries.
fn built(bin: &str) -> PathBuf {
    let test = env::current_exe().expect("a running test knows its own path");
    let profile = test.parent().and_then(Path::parent).expect("cargo puts tests two folders deep");
    profile.join(format!("{bin}{}", env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::{Answer, Receiver, Script};

    fn shell(script: &str, envs: &[(&str, &str)]) -> Role {
        Role::start(Path::new("/bin/sh"), "sh", &["-c", script], envs.iter().copied())
    }

    #[tokio::test]
    async fn sees_what_it_is_given_and_nothing_of_the_developers() {
        let mut role =
            shell("echo $GIVEN; echo ${CARGO_PKG_NAME:-hidden} >&2; exit 3", &[("GIVEN", "seen")]);
        assert_eq!(role.wait().await.code(), Some(3));
        assert_eq!(role.log(), "seen\nhidden\n");
    }

    #[tokio::test]
    async fn is_told_apart_how_it_ended() {
        let mut role = shell("exec sleep 600", &[]);
        assert!(role.pid().is_some());
        role.terminate();
        assert_eq!(role.wait().await.signal(), Some(15));

        let mut role = shell("exec sleep 600", &[]);
        role.kill();
        assert_eq!(role.pid(), None);
        assert_eq!(role.wait().await.signal(), Some(9));
    }

    #[tokio::test]
    async fn is_ready_when_its_admin_port_says_so() {
        let receiver =
            Receiver::start(Script::sequence(vec![Answer::Status(503)], Answer::OK)).await;
        let mut role = shell("exec sleep 600", &[]);
        role.wait_ready(&receiver.url()).await;
        let paths: Vec<_> = receiver.received().into_iter().map(|asked| asked.path).collect();
        assert_eq!(paths, ["/readyz", "/readyz"]);
    }

    #[tokio::test]
    #[should_panic(expected = "sh ended before it was ready (exit status: 64):\nno such setting")]
    async fn says_why_it_was_never_ready() {
        let url = format!("http://127.0.0.1:{}", crate::free_port());
        shell("echo no such setting; exit 64", &[]).wait_ready(&url).await;
    }

    #[tokio::test]
    #[should_panic(expected = "is not built")]
    async fn says_that_it_is_not_built() {
        spawn_role("posthaste-nobody", [("A", "b")]);
    }
}
