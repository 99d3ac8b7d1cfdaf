//! The server's log: a file for later, its tail for whoever must explain a failure, and the moment
//! at which the server is ready.

use std::{
    collections::VecDeque,
    fs::File,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    sync::oneshot,
};

/// How many lines of the log a failure repeats.
const KEPT: usize = 12;

/// The last lines, shared with the task that reads them.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Copies `pipe` to `file` until it ends. What is returned yields the client port once the
    /// server is ready, and an error where the log ends before that.
    pub(super) fn follow(
        &self,
        pipe: impl AsyncRead + Send + Unpin + 'static,
        mut file: File,
    ) -> oneshot::Receiver<u16> {
        let (ready, is_ready) = oneshot::channel();
        let log = self.clone();
        tokio::spawn(async move {
            let mut ready = Some(ready);
            let mut port = None;
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // A full disk must not end the reading, without which the server would stall.
                let _ = writeln!(file, "{line}");
                port = port.or_else(|| client_port(&line));
                let said_ready = line.ends_with("Server is ready");
                log.push(line);
                if said_ready && let (Some(ready), Some(port)) = (ready.take(), port) {
                    let _ = ready.send(port);
                }
            }
        });
        is_ready
    }

    /// The last lines, each ended.
    pub(super) fn tail(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().fold(String::new(), |text, line| text + "  " + line + "\n")
    }

    fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

fn client_port(line: &str) -> Option<u16> {
    let (_, address) = line.split_once("Listening for client connections on ")?;
    address.rsplit_once(':')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        tempfile::tempfile().unwrap()
    }

    #[tokio::test]
    async fn is_ready_when_the_log_says_so() {
        let text: &[u8] = b"[1] [INF] Listening for client connections on 127.0.0.1:40087\n\
                            [1] [INF] Server is ready\n";
        assert_eq!(Log::default().follow(text, file()).await, Ok(40087));
    }

    #[tokio::test]
    async fn keeps_the_end_of_a_log_that_ends_too_soon() {
        let text = (1..=20).map(|n| format!("line {n}\n")).collect::<String>();
        let log = Log::default();
        assert!(log.follow(std::io::Cursor::new(text), file()).await.is_err());
        let tail = log.tail();
        assert_eq!(tail.lines().count(), KEPT);
        assert!(tail.ends_with("  line 20\n"), "{tail}");
    }
}
