//! Waits until what the caller may have heard of is in history.
//!
//! A message is in its stream before it is answered 202, and an attempt before its delivery is
//! settled; history follows a moment later. A question that waits here first finds whatever was
//! confirmed before it was asked, whichever process recorded it.
//!
//! # Invariants
//! - A wait ends on facts that were gathered after it began, never on older ones.
//! - However many wait, the broker is asked one thing at a time.
//! - A wait is bounded, and says whether it was long enough.
//!
//! One task asks for all. It learns the streams' last sequences for those who have come since it
//! asked before, and how far recording is for everybody; it asks again when this process has
//! recorded something, and every few milliseconds besides, since another process may have.

use std::{sync::Arc, time::Duration};

use posthaste_bus::{Bus, Feed, FeedProgress, LastSequences, ReadError};
use prometheus::{IntCounterVec, Opts, Registry};
use tokio::{
    select,
    sync::{Notify, mpsc, oneshot},
    time::{sleep, timeout},
    try_join,
};
use tracing::debug;

/// How many may wait at once; more are told that history is behind.
const WAITERS_MAX: usize = 4_096;
/// Between two questions while somebody waits, at first and at most.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));
/// Between two questions to a broker that does not answer.
const ASK_LATER: Duration = Duration::from_millis(100);

/// Whether history holds everything that was confirmed before it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// It does.
    UpToDate,
    /// It may not: something was not recorded within the bound, or the broker did not say.
    Behind,
}

/// Where to wait for history. Cheap to clone.
#[derive(Clone)]
pub struct Freshness {
    wait: mpsc::Sender<Waiter>,
    recorded: Arc<Notify>,
    within: Duration,
    waits: IntCounterVec,
}

/// Who wants to hear that history is up to date; gone where nobody waits any more.
type Waiter = oneshot::Sender<()>;

impl Freshness {
    /// Waits that last `within` at most. Their task ends with the last clone.
    ///
    /// # Errors
    /// [`prometheus::Error`] where the registry has metrics of these names already.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(
        bus: Bus,
        within: Duration,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let waits = IntCounterVec::new(
            Opts::new(
                "posthaste_history_waits_total",
                "Questions that waited for history, by whether it was up to date in time",
            ),
            &["result"],
        )?;
        registry.register(Box::new(waits.clone()))?;
        for result in [Fresh::UpToDate, Fresh::Behind] {
            waits.with_label_values(&[result.as_str()]);
        }
        let (wait, waiters) = mpsc::channel(WAITERS_MAX);
        let recorded = Arc::new(Notify::new());
        tokio::spawn(Watch::new(bus, within).run(waiters, Arc::clone(&recorded)));
        Ok(Self { wait, recorded, within, waits })
    }

    /// Waits until everything that the broker confirmed before this was called is in history.
    pub async fn wait(&self) -> Fresh {
        let (tell, told) = oneshot::channel();
        let told = async {
            self.wait.try_send(tell).ok()?;
            timeout(self.within, told).await.ok()?.ok()
        };
        let fresh = if told.await.is_some() { Fresh::UpToDate } else { Fresh::Behind };
        self.waits.with_label_values(&[fresh.as_str()]).inc();
        fresh
    }

    /// This process has recorded something.
    pub(crate) fn recorded(&self) {
        self.recorded.notify_one();
    }
}

impl Fresh {
    const fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "up_to_date",
            Self::Behind => "behind",
        }
    }
}

/// Those who wait, and what for.
struct Watch {
    bus: Bus,
    /// A question that takes longer comes too late for whoever waits.
    within: Duration,
    /// Those for whom no last sequences have been gathered.
    new: Vec<Waiter>,
    /// The others, with what must be recorded.
    waiting: Vec<(LastSequences, Waiter)>,
}

impl Watch {
    const fn new(bus: Bus, within: Duration) -> Self {
        Self { bus, within, new: Vec::new(), waiting: Vec::new() }
    }

    async fn run(mut self, mut waiters: mpsc::Receiver<Waiter>, recorded: Arc<Notify>) {
        let mut pause = ASK_AGAIN.0;
        loop {
            let idle = self.new.is_empty() && self.waiting.is_empty();
            select! {
                waiter = waiters.recv() => match waiter {
                    Some(waiter) => {
                        self.new.push(waiter);
                        pause = ASK_AGAIN.0;
                    }
                    None => return,
                },
                () = recorded.notified(), if !idle => {}
                () = sleep(pause), if !idle => pause = (pause * 3 / 2).min(ASK_AGAIN.1),
            }
            while let Ok(waiter) = waiters.try_recv() {
                self.new.push(waiter);
            }
            match timeout(self.within, self.look()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    debug!(error, "recording cannot be followed");
                    pause = ASK_LATER;
                }
                Err(_) => debug!("recording cannot be followed: the broker does not answer"),
            }
            self.new.retain(|waiter| !waiter.is_closed());
            self.waiting.retain(|(_, waiter)| !waiter.is_closed());
        }
    }

    /// Gathers facts, and tells those for whom they suffice.
    async fn look(&mut self) -> Result<(), ReadError> {
        let progress = if self.new.is_empty() {
            self.bus.feed_progress().await?
        } else {
            let (last, progress) = try_join!(self.bus.last_sequences(), self.bus.feed_progress())?;
            self.waiting.extend(self.new.drain(..).map(|waiter| (last, waiter)));
            progress
        };
        let mut recorded = [0; 3];
        for progress in progress {
            let at = progress.feed.index();
            let wanted = self.waiting.iter().map(|(until, _)| until[at]).max().unwrap_or(0);
            recorded[at] = self.recorded_up_to(&progress, wanted).await?;
        }
        let met = |until: &LastSequences| {
            Feed::ALL.iter().all(|feed| recorded[feed.index()] >= until[feed.index()])
        };
        for (_, waiter) in self.waiting.extract_if(.., |(until, _)| met(until)) {
            let _ = waiter.send(());
        }
        Ok(())
    }

    /// The sequence up to which everything is recorded; no higher than `wanted` needs to be known.
    async fn recorded_up_to(&self, progress: &FeedProgress, wanted: u64) -> Result<u64, ReadError> {
        if progress.floor >= wanted || progress.pending() > 0 {
            return Ok(progress.floor);
        }
        // The last messages may have been deleted, or have expired, before anybody read them, and
        // then nothing moves the floor past them. The count alone may lag behind the stream.
        match self.bus.first_unrecorded(progress).await? {
            Some((seq, _)) => Ok(seq - 1),
            None => Ok(wanted),
        }
    }
}
