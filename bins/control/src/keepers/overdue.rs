//! Finds schedules that the broker left behind, and fires them.
//!
//! A schedule that was due while the store was full stays unfired for as long as the stream's
//! leader stays up. Publishing it anew sets it free.

use std::time::Duration;

use posthaste_bus::Bus;
use posthaste_service::clock;
use prometheus::IntCounter;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the recent past is looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How much of it.
const RECENT: Duration = Duration::from_secs(2 * 3_600);
/// After how many looks at the recent past, the first included, a look reaches further back.
const FAR_LOOK_EACH: u32 = 60;
/// How far. What was due earlier would find its event gone, unless events are kept for longer.
const FAR: Duration = Duration::from_secs(8 * 86_400);

/// Fires overdue schedules until `stop`.
pub(crate) async fn fire_overdue(bus: Bus, fired: IntCounter, stop: CancellationToken) {
    let mut look = 0;
    loop {
        let reach = if look % FAR_LOOK_EACH == 0 { FAR } else { RECENT };
        let next = Instant::now() + EVERY;
        let looked = bus.fire_overdue(clock::now().into(), reach);
        match stop.run_until_cancelled(looked).await {
            None => return,
            Some(Ok(count)) => {
                fired.inc_by(count as u64);
                look += 1;
            }
            // The far look is owed still: `look` stays.
            Some(Err(error)) => {
                warn!(error = &error as &dyn std::error::Error, "cannot look for overdue retries");
            }
        }
        if stop.run_until_cancelled(sleep_until(next)).await.is_none() {
            return;
        }
    }
}
