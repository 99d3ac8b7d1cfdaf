//! Stores what each attempt came to, many to a message.
//!
//! The first account of a batch waits a few milliseconds for others, so a busy worker writes once
//! for dozens of deliveries. Whoever hands an account in learns when it is stored, and lets go of
//! the claim only then.

use std::time::Duration;

use posthaste_bus::{Bus, attempts::AttemptBatch};
use posthaste_domain::Attempt;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// How long the first account of a batch waits for others.
const LINGER: Duration = Duration::from_millis(2);
/// Accounts that may wait to be put into a batch; those who hand in more wait themselves.
const QUEUE: usize = 4_096;
/// Batches that may wait for their confirmation at once.
const IN_FLIGHT: usize = 16;

/// An account was not stored, because the worker had to end first.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attempt was not recorded")]
pub(crate) struct NotRecorded;

type Entry = (Attempt, oneshot::Sender<()>);

/// Hands accounts to the writing task. Once every clone is dropped, the task writes what is left
/// and ends.
#[derive(Clone)]
pub(crate) struct Recorder {
    entries: mpsc::Sender<Entry>,
}

impl Recorder {
    /// A recorder and the task behind it. When `give_up` is cancelled a batch that the broker does
    /// not take is dropped; until then it is tried for ever.
    pub(crate) fn new(
        bus: Bus,
        give_up: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (entries, queue) = mpsc::channel(QUEUE);
        (Self { entries }, write(bus, queue, give_up))
    }

    /// Returns once the account is stored.
    pub(crate) async fn record(&self, account: Attempt) -> Result<(), NotRecorded> {
        let (stored, told) = oneshot::channel();
        self.entries.send((account, stored)).await.map_err(|_| NotRecorded)?;
        told.await.map_err(|_| NotRecorded)
    }
}

async fn write(bus: Bus, mut queue: mpsc::Receiver<Entry>, give_up: CancellationToken) {
    let in_flight = std::sync::Arc::new(Semaphore::new(IN_FLIGHT));
    let storing = tokio_util::task::TaskTracker::new();
    while let Some(first) = queue.recv().await {
        let (batch, waiting) = gather(first, &mut queue).await;
        let permit = std::sync::Arc::clone(&in_flight).acquire_owned().await;
        let (bus, give_up) = (bus.clone(), give_up.clone());
        storing.spawn(async move {
            let _permit = permit;
            if store(&bus, &batch, &give_up).await {
                for told in waiting {
                    // Whoever waited may have been cut; the account is stored all the same.
                    let _ = told.send(());
                }
            }
        });
    }
    storing.close();
    storing.wait().await;
}

async fn gather(
    first: Entry,
    queue: &mut mpsc::Receiver<Entry>,
) -> (AttemptBatch, Vec<oneshot::Sender<()>>) {
    let mut batch = AttemptBatch::default();
    let mut waiting = Vec::new();
    add(&mut batch, &mut waiting, first);
    let until = Instant::now() + LINGER;
    while !batch.is_full() {
        match timeout_at(until, queue.recv()).await {
            Ok(Some(entry)) => add(&mut batch, &mut waiting, entry),
            Ok(None) | Err(_) => break,
        }
    }
    (batch, waiting)
}

fn add(batch: &mut AttemptBatch, waiting: &mut Vec<oneshot::Sender<()>>, entry: Entry) {
    let (account, told) = entry;
    match batch.push(&account) {
        Ok(()) => waiting.push(told),
        // Dropping `told` hands the claim back.
        Err(error) => error!(attempt = %account.id, %error, "an attempt cannot be written"),
    }
}

async fn store(bus: &Bus, batch: &AttemptBatch, give_up: &CancellationToken) -> bool {
    loop {
        match bus.record(batch).await {
            Ok(()) => return true,
            Err(error) if give_up.is_cancelled() => {
                error!(error = &error as &dyn std::error::Error, attempts = batch.len(), "lost");
                return false;
            }
            Err(error) => warn!(
                error = &error as &dyn std::error::Error,
                attempts = batch.len(),
                "attempts not recorded yet"
            ),
        }
    }
}
