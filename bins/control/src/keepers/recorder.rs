//! Writes what the streams hold into history.
//!
//! One task reads and one writes, so that the next batch is gathered while the present one is
//! written: at most two are held. Several processes may record into one store; each batch goes to
//! one of them.
//!
//! # Invariants
//! - Nothing is acknowledged before it is stored. A store that does not answer is asked again for
//!   ever, with the batch kept; deliveries go on, for nothing on their way waits for this.
//! - A process that stops finishes the batch in hand where the store takes it, and hands back the
//!   rest.

mod metrics;

use std::time::Duration;

use posthaste_bus::{BatchBounds, Bus, ReadError, Receipts, Tail, TailBatch, TailError};
use posthaste_domain::Timestamp;
use posthaste_history::{Batch, History, HistoryError, RecordedEvent};
use posthaste_service::{Kit, clock, stop::Stop};
use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

pub(crate) use self::metrics::RecorderMetrics;
use crate::freshness::Freshness;

/// One transaction. The store's round trips and syncs are shared by some thousands of rows, and a
/// lone message waits no longer than anybody notices.
const BOUNDS: BatchBounds =
    BatchBounds { rows: 4_000, bytes: 8 << 20, linger: Duration::from_millis(10) };
/// How long one transaction may take. What is not stored by then is offered to others too.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// Between two tries at a store that failed, at first and at most.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often the lag is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(10);

/// Writes what was read.
pub(crate) struct Recorder {
    store: History,
    freshness: Freshness,
    metrics: RecorderMetrics,
    stop: Stop,
}

/// The process stops, and the store did not take the batch.
struct LetGo;

impl Recorder {
    /// Records until the kit stops, and tells `freshness` of it.
    ///
    /// # Errors
    /// [`TailError`] where the streams cannot be read.
    pub(crate) async fn start(
        bus: &Bus,
        store: History,
        freshness: Freshness,
        metrics: RecorderMetrics,
        kit: &Kit,
    ) -> Result<(), TailError> {
        let tail = Tail::open(bus).await?;
        let intake = &kit.stop.intake;
        let (hand_over, batches) = mpsc::channel(1);
        kit.spawn("history lag", measure_lag(bus.clone(), metrics.clone(), intake.clone()));
        kit.spawn("history reader", read(tail, hand_over, intake.clone()));
        let recorder = Self { store, freshness, metrics, stop: kit.stop.clone() };
        kit.spawn("history recorder", recorder.run(batches));
        Ok(())
    }

    async fn run(self, mut batches: mpsc::Receiver<TailBatch>) {
        let mut left = 0;
        while let Some(read) = batches.recv().await {
            let (batch, receipts) = self.take(read);
            match self.store(&batch).await {
                Ok(()) => {
                    receipts.acknowledge().await;
                    self.freshness.recorded();
                }
                Err(LetGo) => {
                    left += receipts.len();
                    receipts.hand_back().await;
                }
            }
        }
        if left > 0 {
            info!(messages = left, "handed back what the history store did not take");
        }
    }

    fn take(&self, read: TailBatch) -> (Batch, Receipts) {
        self.metrics.unreadable(&read.unreadable);
        // One that was put in again for one endpoint is known already, or an example that is not;
        // to write what is known changes nothing.
        let events = read.events.into_iter();
        let events = events
            .map(|stored| RecordedEvent { event: stored.event, payload: stored.payload })
            .collect();
        let (attempts, dead_letters) = (read.attempts, read.dead_letters);
        (Batch { events, attempts, dead_letters }, read.receipts)
    }

    /// Writes the batch, however often that must be tried.
    async fn store(&self, batch: &Batch) -> Result<(), LetGo> {
        if batch.is_empty() {
            return Ok(()); // nothing in it was readable, or all of it known already
        }
        let mut pause = TRY_AGAIN.0;
        loop {
            let began = Instant::now();
            let tried = self.stop.work.run_until_cancelled(self.try_once(batch)).await;
            match tried.ok_or(LetGo)? {
                Ok(()) => {
                    if self.metrics.stored(batch, began.elapsed()) {
                        info!("history is recorded again");
                    }
                    return Ok(());
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    if self.metrics.failed() {
                        error!(error, "history is not recorded; deliveries go on without it");
                    } else {
                        debug!(error, "history is still not recorded");
                    }
                }
            }
            // The next process finds it in the stream.
            let rested = self.stop.intake.run_until_cancelled(sleep(pause)).await;
            rested.ok_or(LetGo)?;
            pause = (pause * 2).min(TRY_AGAIN.1);
        }
    }

    async fn try_once(&self, batch: &Batch) -> Result<(), HistoryError> {
        let written = timeout(WRITE_WITHIN, self.store.record(batch)).await;
        written.unwrap_or_else(|late| Err(HistoryError::Unavailable(late.into())))
    }
}

async fn read(mut tail: Tail, hand_over: mpsc::Sender<TailBatch>, stop: CancellationToken) {
    // A batch is begun only once there is room for it.
    while let Ok(room) = hand_over.reserve().await {
        match tail.next_batch(&BOUNDS, &stop).await {
            Some(batch) => room.send(batch),
            None => break,
        }
    }
    // Whoever writes need not wait until the last request is answered.
    drop(hand_over);
    let returned = tail.close().await;
    debug!(returned, "the streams are read no more");
}

/// Keeps the lag's figures current until `stop`. Where the broker does not answer they stay as they
/// were.
async fn measure_lag(bus: Bus, metrics: RecorderMetrics, stop: CancellationToken) {
    loop {
        let measured = async {
            for progress in bus.feed_progress().await? {
                let oldest = match progress.pending() {
                    0 => None,
                    _ => bus.first_unrecorded(&progress).await?,
                };
                let since = oldest.map(|(_, stored_at)| stored_at);
                let age =
                    since.map_or(Duration::ZERO, |at| Timestamp::from(clock::now()).since(at));
                metrics.lag(progress.feed, progress.pending(), age);
            }
            Ok::<_, ReadError>(())
        };
        select! {
            () = stop.cancelled() => return,
            measured = measured => if let Err(error) = measured {
                warn!(error = &error as &dyn std::error::Error, "history's lag is not known");
            }
        }
        if stop.run_until_cancelled(sleep(MEASURE_EVERY)).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
