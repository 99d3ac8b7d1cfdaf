//! A process that does not outlive its owner.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::process::{Child, Command};

/// A child process in a process group of its own, so that a terminal's Ctrl-C reaches its owner
/// alone, who then stops it in good order. Dropping it kills it and waits until it is gone, so
/// that its files can be removed and its port taken again.
///
/// Only our own end by SIGKILL leaves it behind.
#[derive(Debug)]
pub(crate) struct OwnedChild {
    child: Child,
}

impl OwnedChild {
    /// Starts the command.
    ///
    /// # Errors
    /// What the operating system said, as when the binary is missing.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        Ok(Self { child })
    }

    /// As [`spawn`](Self::spawn), with nothing to read on its standard input.
    pub(crate) fn spawn_quiet(command: &mut Command) -> io::Result<Self> {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// The process id, or `None` once the process has been seen to end.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The pipe from its standard error, where it was given one; once.
    pub(crate) fn take_stderr(&mut self) -> Option<tokio::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// The pipe from its standard output, where it was given one; once.
    pub(crate) fn take_stdout(&mut self) -> Option<tokio::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits, without bound, for the process to end.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks the process to stop (SIGTERM) and waits for it; after `patience` it is killed. `None`
    /// where it had to be.
    pub(crate) async fn stop(mut self, patience: Duration) -> Option<ExitStatus> {
        if let Some(pid) = self.unreaped() {
            // One that ended a moment ago is still ours until it is waited for, so this cannot
            // hit another process.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        tokio::time::timeout(patience, self.child.wait()).await.ok()?.ok()
    }

    fn unreaped(&self) -> Option<Pid> {
        self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
    }
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        let Some(pid) = self.unreaped() else { return };
        let _ = self.child.start_kill();
        // Blocks for as long as the kernel takes to end it; tokio collects the exit status.
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = rustix::process::waitid(WaitId::Pid(pid), gone);
        let _ = self.child.try_wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use tokio::io::{AsyncBufReadExt as _, BufReader};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// A shell that has said that it is ready.
    async fn shell(script: &str) -> OwnedChild {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script).stdout(Stdio::piped());
        let mut child = OwnedChild::spawn_quiet(&mut command).unwrap();
        let mut lines = BufReader::new(child.take_stdout().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
        child
    }

    fn exists(pid: Pid) -> bool {
        rustix::process::test_kill_process(pid).is_ok()
    }

    #[tokio::test]
    async fn is_asked_before_it_is_killed() {
        let polite = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done").await;
        assert_eq!(polite.stop(LONG).await.unwrap().code(), Some(7));

        let deaf = shell("trap '' TERM; echo ready; while :; do sleep 0.02; done").await;
        let pid = deaf.unreaped().unwrap();
        assert_eq!(deaf.stop(Duration::from_millis(1)).await, None);
        assert!(!exists(pid));
    }

    #[tokio::test]
    async fn is_gone_once_dropped() {
        let child = shell("echo ready; exec sleep 600").await;
        let pid = child.unreaped().unwrap();
        assert!(exists(pid));
        let group = rustix::process::getpgid(Some(pid)).unwrap();
        assert_eq!(group, pid, "a group of its own");
        drop(child);
        assert!(!exists(pid));
    }

    #[tokio::test]
    async fn is_told_apart_how_it_ended() {
        let mut child = shell("echo ready; kill -9 $$").await;
        assert_eq!(child.ended().await.unwrap().signal(), Some(9));
    }
}
