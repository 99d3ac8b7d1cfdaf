//! A process that does not outlive its owner.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::process::{Child, Command};

/// A child process. Dropping it kills it and waits until it is gone, so that its files can be
/// removed and its port taken again.
pub(crate) struct OwnedChild {
    child: Child,
}

impl OwnedChild {
    /// Starts the command, with nothing to read on its stdin.
    ///
    /// # Errors
    /// What the operating system said, as when the binary is missing.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).kill_on_drop(true).spawn()?;
        Ok(Self { child })
    }

    /// The process id, or `None` once the process has been seen to end.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks the process to stop (SIGTERM). Nothing happens if it has ended.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends the process a signal. Nothing happens if it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.unreaped() {
            // A process that ended a moment ago is still ours until it is waited for, so this
            // cannot hit another.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Ends the process (SIGKILL), and returns once it is gone.
    pub(crate) fn kill(&mut self) {
        let Some(pid) = self.unreaped() else { return };
        let _ = self.child.start_kill();
        // Blocks for as long as the kernel takes to end it; leaves the exit status for tokio to
        // collect.
        let _ = rustix::process::waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        );
        let _ = self.child.try_wait();
    }

    /// Waits, without bound, for the process to end.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        self.child.wait().await.expect("a child that is ours can be waited for")
    }

    fn unreaped(&self) -> Option<Pid> {
        self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
    }
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.kill();
    }
}
