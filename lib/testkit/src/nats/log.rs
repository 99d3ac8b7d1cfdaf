//! The server's log: its tail, for whoever must explain a failure, and the moment at which the
//! server is ready.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// How many lines are kept.
const KEPT: usize = 1_000;

/// The last lines of the log, shared with the thread that reads it.
#[derive(Clone, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Reads the log of one run of the server to its end. What is returned yields the client port
    /// once the server is ready, and an error if the log ends before that.
    ///
    /// A thread, not a task: a test that blocks its runtime must not block the server on a full
    /// pipe.
    pub(super) fn follow(&self, pipe: PipeReader) -> oneshot::Receiver<u16> {
        let (ready, is_ready) = oneshot::channel();
        let log = self.clone();
        thread::spawn(move || {
            let mut ready = Some(ready);
            let mut port = None;
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
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

    /// All lines that are kept.
    pub(super) fn text(&self) -> String {
        self.lock().iter().fold(String::new(), |text, line| text + line + "\n")
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client_port(line: &str) -> Option<u16> {
    let (_, address) = line.split_once("Listening for client connections on ")?;
    address.rsplit_once(':')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn is_ready_when_the_log_says_so() {
        let log = Log::default();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let ready = log.follow(reader);
        writeln!(writer, "[1] [INF] Listening for client connections on 127.0.0.1:40087").unwrap();
        writeln!(writer, "[1] [INF] Server is ready").unwrap();
        assert_eq!(ready.await, Ok(40087));
        assert!(log.text().ends_with("Server is ready\n"));
    }

    #[tokio::test]
    async fn is_not_ready_when_the_log_ends_first() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let ready = Log::default().follow(reader);
        writeln!(writer, "[1] [INF] Listening for client connections on 127.0.0.1:40087").unwrap();
        drop(writer);
        assert!(ready.await.is_err());
    }
}
