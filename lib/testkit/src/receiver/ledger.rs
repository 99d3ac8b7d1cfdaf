//! What a receiver remembers, shared by its connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Received, Script};

/// Of what went wrong in the receiver itself, as many notes as explain a failed test.
const KEPT_NOTES: usize = 10;

/// What came, what is under way, and how to answer. Never locked across a wait, nor while a script
/// runs.
pub(super) struct Ledger {
    script: Mutex<Script>,
    memory: Mutex<Memory>,
    notes: Mutex<Vec<String>>,
    connections: AtomicU64,
    count: watch::Sender<usize>,
    in_flight: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

enum Memory {
    /// Everything, and how much of it `next` has returned.
    Kept { received: Vec<Received>, returned: usize },
    /// Only how often each value of this header came.
    Counted { header: String, requests: usize, tally: Tally },
}

/// How often each value of a header came.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) by_id: HashMap<String, u32>,
    /// How many requests had the header at all.
    pub(super) identified: usize,
}

/// A request that is read and not yet answered. Dropping it says that it is.
pub(super) struct InFlight<'a>(&'a watch::Sender<usize>);

impl Ledger {
    pub(super) fn keeping(script: Script) -> Self {
        Self::new(script, Memory::Kept { received: Vec::new(), returned: 0 })
    }

    pub(super) fn counting(header: &str, script: Script) -> Self {
        Self::new(
            script,
            Memory::Counted { header: header.to_owned(), requests: 0, tally: Tally::default() },
        )
    }

    fn new(script: Script, memory: Memory) -> Self {
        Self {
            script: Mutex::new(script),
            memory: Mutex::new(memory),
            notes: Mutex::default(),
            connections: AtomicU64::new(0),
            count: watch::Sender::new(0),
            in_flight: watch::Sender::new(0),
            released: watch::Sender::new(false),
        }
    }

    /// Enters a request, and gives it its ordinal. It is in flight before it is counted, so whoever
    /// has waited for the count finds it in the gauge as well.
    pub(super) fn enter(&self, received: &mut Received) -> InFlight<'_> {
        self.in_flight.send_modify(|now| *now += 1);
        received.ordinal = lock(&self.memory).enter(received);
        self.count.send_modify(|count| *count += 1);
        InFlight(&self.in_flight)
    }

    /// Counts a connection, and gives it its number, from 1.
    pub(super) fn connected(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn script(&self) -> Script {
        lock(&self.script).clone()
    }

    pub(super) fn set_script(&self, script: Script) {
        *lock(&self.script) = script;
    }

    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    pub(super) fn in_flight(&self) -> watch::Receiver<usize> {
        self.in_flight.subscribe()
    }

    pub(super) fn released(&self) -> watch::Receiver<bool> {
        self.released.subscribe()
    }

    pub(super) fn set_released(&self, released: bool) {
        self.released.send_replace(released);
    }

    /// The first request that was not returned before.
    pub(super) fn next(&self) -> Option<Received> {
        let mut memory = lock(&self.memory);
        let Memory::Kept { received, returned } = &mut *memory else {
            panic!("this receiver counts requests and does not keep them");
        };
        let next = received.get(*returned).cloned()?;
        *returned += 1;
        Some(next)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        match &*lock(&self.memory) {
            Memory::Kept { received, .. } => received.clone(),
            Memory::Counted { .. } => Vec::new(),
        }
    }

    /// # Panics
    /// If the receiver keeps requests instead of counting them.
    pub(super) fn tally<T>(&self, ask: impl FnOnce(&Tally) -> T) -> T {
        match &*lock(&self.memory) {
            Memory::Counted { tally, .. } => ask(tally),
            Memory::Kept { .. } => {
                panic!("this receiver keeps requests: start it with Receiver::counting")
            }
        }
    }

    /// Remembers trouble of the receiver's own, for the message of the test that fails by it.
    pub(super) fn note(&self, trouble: String) {
        let mut notes = lock(&self.notes);
        if notes.len() < KEPT_NOTES {
            notes.push(trouble);
        }
    }

    pub(super) fn trouble(&self) -> String {
        lock(&self.notes).iter().fold(String::new(), |text, note| text + "; " + note)
    }
}

impl Memory {
    /// Remembers a request and returns its ordinal.
    fn enter(&mut self, request: &Received) -> usize {
        match self {
            Self::Kept { received, .. } => {
                let ordinal = received.len() + 1;
                received.push(Received { ordinal, ..request.clone() });
                ordinal
            }
            Self::Counted { header, requests, tally } => {
                if let Some(id) = request.header(header) {
                    tally.identified += 1;
                    // Not `entry`, which would copy the id of each repetition.
                    match tally.by_id.get_mut(id) {
                        Some(times) => *times += 1,
                        None => drop(tally.by_id.insert(id.to_owned(), 1)),
                    }
                }
                *requests += 1;
                *requests
            }
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|now| *now -= 1);
    }
}

/// A test that panics poisons nothing: what the ledger holds is true after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
