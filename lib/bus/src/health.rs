//! Says how the connection is doing: to probes, and to scrapes.

use std::time::Duration;

use posthaste_service::Kit;
use prometheus::{IntCounter, IntGauge};

use crate::Bus;

/// How long the broker may be gone before a process says that it is not ready. Shorter losses are
/// everyday: a server restarts, a leader is elected.
const PATIENCE: Duration = Duration::from_secs(15);

impl Bus {
    /// Keeps the readiness gate `nats` and the connection's metrics current until the process
    /// stops.
    ///
    /// # Errors
    /// [`prometheus::Error`] where the registry has metrics of these names already.
    pub fn report_health(&self, kit: &Kit) -> Result<(), prometheus::Error> {
        let connected = IntGauge::new(
            "posthaste_nats_connected",
            "Whether there is a connection to the broker",
        )?;
        let reconnects = IntCounter::new(
            "posthaste_nats_reconnects_total",
            "How often the connection to the broker was made anew",
        )?;
        kit.registry.register(Box::new(connected.clone()))?;
        kit.registry.register(Box::new(reconnects.clone()))?;
        let gate = kit.readiness.gate("nats");
        let mut bus = self.clone();
        let stop = kit.stop.intake.clone();
        kit.spawn("broker health", async move {
            loop {
                let up = bus.is_connected();
                connected.set(i64::from(up));
                reconnects.inc_by(bus.reconnects() - reconnects.get());
                if up {
                    gate.open();
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = bus.link_changed() => {}
                    () = tokio::time::sleep(PATIENCE), if !up => {
                        gate.close("no connection to the broker");
                    }
                }
            }
        });
        Ok(())
    }
}
