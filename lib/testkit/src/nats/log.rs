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

/// What is to be known of one run's log.
pub(super) struct Followed {
    /// Yields once the server is ready, and an error if the log ends before that.
    pub(super) is_ready: oneshot::Receiver<()>,
    /// Yields, an error, once the log is read to its end.
    pub(super) has_ended: oneshot::Receiver<()>,
}

impl Log {
    /// Reads the log of one run of the server to its end.
    ///
    /// A thread, not a task: a test that blocks its runtime must not block the server on a full
    /// pipe.
    pub(super) fn follow(&self, pipe: PipeReader) -> Followed {
        let (ready, is_ready) = oneshot::channel();
        let (end, has_ended) = oneshot::channel::<()>();
        let log = self.clone();
        thread::spawn(move || {
            let _ends_with_the_thread = end;
            let mut ready = Some(ready);
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let said_ready = line.ends_with("Server is ready");
                log.push(line);
                if said_ready && let Some(ready) = ready.take() {
                    let _ = ready.send(());
                }
            }
        });
        Followed { is_ready, has_ended }
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn is_ready_when_the_log_says_so() {
        let log = Log::default();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let run = log.follow(reader);
        writeln!(writer, "[1] [INF] Listening for client connections on 127.0.0.1:40087").unwrap();
        writeln!(writer, "[1] [INF] Server is ready").unwrap();
        assert_eq!(run.is_ready.await, Ok(()));
        assert!(log.text().ends_with("Server is ready\n"));
    }

    #[tokio::test]
    async fn is_not_ready_when_the_log_ends_first() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let run = Log::default().follow(reader);
        writeln!(writer, "[1] [INF] Listening for client connections on 127.0.0.1:40087").unwrap();
        drop(writer);
        assert!(run.is_ready.await.is_err());
    }
}
