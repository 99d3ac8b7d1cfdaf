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
use tracing::error;

use crate::store::{NotStored, until_stored};

/// How long the first account of a batch waits for others.
const LINGER: Duration = Duration::from_millis(2);
/// Accounts that may wait to be put into a batch; those who hand in more wait themselves.
const QUEUE: usize = 4_096;
/// Batches that may wait for their confirmation at once.
const IN_FLIGHT: usize = 16;

type Told = oneshot::Sender<Result<(), NotStored>>;
type Entry = (Attempt, Told);

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
    pub(crate) async fn record(&self, account: Attempt) -> Result<(), NotStored> {
        let (tell, told) = oneshot::channel();
        self.entries.send((account, tell)).await.map_err(|_| NotStored::Ended)?;
        told.await.unwrap_or(Err(NotStored::Ended))
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
            let stored = until_stored(&give_up, "attempts", || bus.record(&batch)).await;
            for tell in waiting {
                // Whoever waited may have been cut; the account is stored all the same.
                let _ = tell.send(stored);
            }
        });
    }
    storing.close();
    storing.wait().await;
}

async fn gather(first: Entry, queue: &mut mpsc::Receiver<Entry>) -> (AttemptBatch, Vec<Told>) {
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

fn add(batch: &mut AttemptBatch, waiting: &mut Vec<Told>, entry: Entry) {
    let (account, tell) = entry;
    match batch.push(&account) {
        Ok(()) => waiting.push(tell),
        Err(error) => {
            error!(attempt = %account.id, %error, "an attempt cannot be written");
            let _ = tell.send(Err(NotStored::Never));
        }
    }
}
