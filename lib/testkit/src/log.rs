//! A server's log: its tail, for whoever must explain a failure, and the moment at which the server
//! is ready.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// How many lines are kept.
const KEPT: usize = 1_000;

/// The last 1,000 lines of the log, shared with the thread that reads it.
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Reads the log of one run of the server to its end, and drops `end` there.
    ///
    /// What it returns yields once a line ends with `ready_line`, and an error if the log ends
    /// before that.
    ///
    /// A thread, not a task: a test that blocks its runtime must not block the server on a full
    /// pipe.
    pub(crate) fn follow(
        &self,
        pipe: PipeReader,
        ready_line: &'static str,
        end: impl Send + 'static,
    ) -> oneshot::Receiver<()> {
        let (ready, is_ready) = oneshot::channel();
        let log = self.clone();
        thread::spawn(move || {
            let _ends_with_the_thread = end;
            let mut ready = Some(ready);
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let said_ready = line.ends_with(ready_line);
                log.push(line);
                if said_ready && let Some(ready) = ready.take() {
                    let _ = ready.send(());
                }
            }
        });
        is_ready
    }

    /// All lines that are kept.
    pub(crate) fn text(&self) -> String {
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
        let is_ready = log.follow(reader, "Server is ready", ());
        writeln!(writer, "[1] [INF] Listening for client connections on 127.0.0.1:40087").unwrap();
        writeln!(writer, "[1] [INF] Server is ready").unwrap();
        assert_eq!(is_ready.await, Ok(()));
        assert!(log.text().ends_with("Server is ready\n"));
    }

    #[tokio::test]
    async fn is_not_ready_when_the_log_ends_first() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let (end, has_ended) = oneshot::channel::<()>();
        let is_ready = Log::default().follow(reader, "Server is ready", end);
        writeln!(writer, "[1] [INF] Listening for client connections on 127.0.0.1:40087").unwrap();
        drop(writer);
        assert!(is_ready.await.is_err());
        assert!(has_ended.await.is_err());
    }
}
