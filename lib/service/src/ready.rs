//! Whether this process wants work, and if not, why not.
//!
//! Each part that must be up before work may come holds a [`Gate`]. The process is ready while
//! every gate is open and it is not draining.
//!
//! # Invariants
//! - A gate that is dropped is closed for good, so a part that panics takes readiness with it.
//! - Without any gate the process is not ready: a probe that comes before the parts are built must
//!   not read "nothing is missing" as "all is well".
//! - Draining is never taken back.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;
use tokio::sync::watch;

/// A process's readiness. Cheap to clone; every clone is the same readiness.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    state: Arc<watch::Sender<State>>,
}

/// One named condition for being ready. Dropping it closes it.
pub struct Gate {
    id: u64,
    state: Arc<watch::Sender<State>>,
}

/// Why a process is, or is not, ready. Its JSON is what `/readyz` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether work may come.
    pub ready: bool,
    /// Whether the process is stopping.
    pub draining: bool,
    /// The gates that are closed, in the order they were made.
    pub closed: Vec<ClosedGate>,
}

/// A condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClosedGate {
    /// Its name.
    pub gate: String,
    /// Why it is closed.
    pub reason: String,
}

#[derive(Debug, Default)]
struct State {
    draining: bool,
    next_id: u64,
    gates: BTreeMap<u64, GateState>,
}

#[derive(Debug)]
struct GateState {
    name: String,
    closed: Option<String>,
}

impl Readiness {
    /// A readiness without gates: not ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new gate, closed until it is opened. Several may share a name.
    #[must_use = "a gate that is dropped is closed for good"]
    pub fn gate(&self, name: impl Into<String>) -> Gate {
        let gate = GateState { name: name.into(), closed: Some("starting".to_owned()) };
        let mut id = 0;
        self.state.send_modify(|state| {
            id = state.next_id;
            state.next_id += 1;
            state.gates.insert(id, gate);
        });
        Gate { id, state: Arc::clone(&self.state) }
    }

    /// From now on the process is not ready, whatever its gates say.
    pub fn begin_draining(&self) {
        self.state.send_modify(|state| state.draining = true);
    }

    /// Whether every gate is open and the process is not draining.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state.borrow().is_ready()
    }

    /// Waits until the process is ready.
    pub async fn ready(&self) {
        // The sender is ours, so the channel cannot close while we wait.
        let _ = self.state.subscribe().wait_for(State::is_ready).await;
    }

    /// What `/readyz` answers.
    #[must_use]
    pub fn report(&self) -> Report {
        let state = self.state.borrow();
        let closed = |gate: &GateState| {
            let reason = gate.closed.clone()?;
            Some(ClosedGate { gate: gate.name.clone(), reason })
        };
        Report {
            ready: state.is_ready(),
            draining: state.draining,
            closed: state.gates.values().filter_map(closed).collect(),
        }
    }
}

impl State {
    fn is_ready(&self) -> bool {
        !self.draining
            && !self.gates.is_empty()
            && self.gates.values().all(|gate| gate.closed.is_none())
    }
}

impl Gate {
    /// The condition holds.
    pub fn open(&self) {
        self.set(None);
    }

    /// The condition does not hold, for a reason that an operator may read. It is shown to whoever
    /// may reach the admin port, so it names no secret.
    pub fn close(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, closed: Option<String>) {
        self.state.send_if_modified(|state| match state.gates.get_mut(&self.id) {
            Some(gate) if gate.closed != closed => {
                gate.closed = closed;
                true
            }
            _ => false,
        });
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.close("ended");
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.state.borrow().gates.get(&self.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    fn closed(readiness: &Readiness) -> Vec<(String, String)> {
        readiness.report().closed.into_iter().map(|gate| (gate.gate, gate.reason)).collect()
    }

    #[test]
    fn a_process_without_gates_is_not_ready() {
        assert!(!Readiness::new().is_ready());
    }

    #[test]
    fn every_gate_must_be_open() {
        let readiness = Readiness::new();
        let (registry, bus) = (readiness.gate("registry"), readiness.gate("bus"));
        registry.open();
        assert!(!readiness.is_ready());
        assert_eq!(closed(&readiness), [("bus".into(), "starting".into())]);
        bus.open();
        assert!(readiness.is_ready());
        registry.close("the watch is behind");
        assert!(!readiness.is_ready());
        assert_eq!(closed(&readiness), [("registry".into(), "the watch is behind".into())]);
        registry.open();
        assert!(readiness.is_ready());
    }

    #[test]
    fn a_dropped_gate_is_closed_even_if_another_has_its_name() {
        let readiness = Readiness::new();
        let (one, other) = (readiness.gate("bus"), readiness.gate("bus"));
        one.open();
        other.open();
        drop(one);
        other.open();
        assert!(!readiness.is_ready());
        assert_eq!(closed(&readiness), [("bus".into(), "ended".into())]);
    }

    #[test]
    fn draining_overrides_open_gates() {
        let readiness = Readiness::new();
        let gate = readiness.gate("bus");
        gate.open();
        readiness.clone().begin_draining();
        gate.open();
        let report = readiness.report();
        assert!(!report.ready && report.draining && report.closed.is_empty());
    }

    #[tokio::test]
    async fn waiting_ends_when_the_last_gate_opens() {
        let readiness = Readiness::new();
        let gate = readiness.gate("bus");
        let mut waiting = Box::pin(readiness.ready());
        assert!(poll!(waiting.as_mut()).is_pending());
        gate.open();
        waiting.await;
    }
}
