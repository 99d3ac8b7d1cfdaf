//! A client, and what it was used for.

use std::{collections::BTreeSet, time::Duration};

use svix::{
    Error, Svix,
    api::SvixOptions,
    models::{BackgroundTaskOut, BackgroundTaskStatus, BackgroundTaskType},
};

/// Drives operations, and remembers which.
pub(crate) struct Session {
    pub(crate) svix: Svix,
    pub(crate) driven: BTreeSet<&'static str>,
}

impl Session {
    /// A session in which nothing is retried: a fault must not hide behind a retry.
    pub(crate) fn new(server_url: String, token: String) -> Self {
        let options = SvixOptions {
            server_url: Some(server_url),
            num_retries: Some(0),
            ..SvixOptions::default()
        };
        Self { svix: Svix::new(token, Some(options)), driven: BTreeSet::new() }
    }

    /// Asks for an operation, which must be answered.
    pub(crate) async fn drive<T>(
        &mut self,
        operation: &'static str,
        asked: impl Future<Output = svix::Result<T>>,
    ) -> T {
        let reply = asked.await.unwrap_or_else(|error| panic!("{operation}: {error:?}"));
        self.driven.insert(operation);
        reply
    }

    /// Waits for the end of a background task.
    pub(crate) async fn finished(
        &mut self,
        id: String,
        task: BackgroundTaskType,
    ) -> BackgroundTaskOut {
        let svix = self.svix.clone();
        let ended = until("the end of a task", async || {
            let now = svix.background_task().get(id.clone()).await.unwrap();
            assert_eq!((&now.id, now.task), (&id, task));
            (now.status != BackgroundTaskStatus::Running).then_some(now)
        })
        .await;
        assert_eq!(ended.status, BackgroundTaskStatus::Finished, "{:?}", ended.data);
        self.driven.insert("background-task.get");
        ended
    }
}

/// Waits until there is an answer, asking again and again; for what no event tells.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let bound = Duration::from_secs(60);
    tokio::time::timeout(bound, asked)
        .await
        .unwrap_or_else(|_| panic!("not within {bound:?}: {what}"))
}

/// The status and code of a refusal, which must be of the SDK's own kind.
pub(crate) fn refusal<T>(answer: svix::Result<T>) -> (u16, String) {
    match answer {
        Err(Error::Http(refusal)) => {
            let payload = refusal.payload.expect("a refusal parses");
            assert!(!payload.detail.is_empty());
            (refusal.status.as_u16(), payload.code)
        }
        Err(other) => panic!("not a refusal: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

/// Where what was sent is wrong, of an answer that must say so.
pub(crate) fn fault<T>(answer: svix::Result<T>) -> Vec<String> {
    match answer {
        Err(Error::Validation(refusal)) => {
            assert_eq!(refusal.status.as_u16(), 422);
            let mut faults = refusal.payload.expect("a refusal parses").detail;
            assert!(faults.iter().all(|fault| !fault.msg.is_empty() && !fault.r#type.is_empty()));
            faults.remove(0).loc
        }
        Err(other) => panic!("not refused for what was sent: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}
