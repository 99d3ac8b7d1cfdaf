//! Lets go what is parked for endpoints that are not paused any more, and keeps the events of the
//! rest.
//!
//! A resumption lets go what it can at once. What is left to this keeper: more than that, what a
//! worker parks that has not heard of the resumption yet, and what is parked for an endpoint that
//! was disabled or deleted meanwhile; workers make dead letters of the last, which say so.

use std::time::Duration;

use posthaste_bus::{Bus, ReleaseError};
use posthaste_domain::{AppId, EndpointId};
use posthaste_registry::Registry;
use posthaste_service::clock;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How long to wait after a look, at least.
const EVERY: Duration = Duration::from_secs(2);
/// How many times as long as a look took the wait after it is, so that many parked deliveries do
/// not keep the broker busy.
const REST: u32 = 10;
/// How many deliveries of one endpoint are let go, or put in again, in one look.
const AT_ONCE: usize = 5_000;
/// Events of parked deliveries are put in again at this share of the age at which they go: late
/// enough to be rare, and early enough for those that were parked at the end of their retries.
const RENEW_SHARE: u32 = 5;
/// How often it is looked for such.
const RENEW_EVERY: Duration = Duration::from_secs(600);

/// Lets go what need not be parked, until `stop`. Several may do this at once.
pub(crate) async fn release_parked(bus: Bus, registry: Registry, stop: CancellationToken) {
    let mut renew_at = Instant::now();
    loop {
        let began = Instant::now();
        let renew = began >= renew_at;
        match stop.run_until_cancelled(look(&bus, &registry, renew)).await {
            None => return,
            Some(Ok(())) if renew => renew_at = began + RENEW_EVERY,
            Some(Ok(())) => {}
            Some(Err(error)) => {
                warn!(error = &error as &dyn std::error::Error, "parked deliveries are left");
            }
        }
        let rest = EVERY.max(began.elapsed() * REST);
        if stop.run_until_cancelled(sleep(rest)).await.is_none() {
            return;
        }
    }
}

/// Goes through the endpoints once. One that fails does not keep the others.
async fn look(bus: &Bus, registry: &Registry, renew: bool) -> Result<(), ReleaseError> {
    let mut outcome = Ok(());
    for (app, endpoint) in bus.parked_endpoints().await? {
        let done = if is_paused(registry, &app, &endpoint) {
            if renew { keep_events(bus, &endpoint).await } else { Ok(()) }
        } else {
            let_go(bus, &endpoint).await
        };
        outcome = outcome.and(done);
    }
    outcome
}

/// A disabled endpoint is not paused, whatever it was before.
fn is_paused(registry: &Registry, app: &AppId, endpoint: &EndpointId) -> bool {
    registry.application_by_id(app).is_some()
        && registry
            .endpoint_by_id(app, endpoint)
            .is_some_and(|entry| entry.endpoint.paused_at.is_some() && !entry.endpoint.disabled)
}

async fn let_go(bus: &Bus, endpoint: &EndpointId) -> Result<(), ReleaseError> {
    let released = bus.release_parked(endpoint, AT_ONCE).await?;
    info!(%endpoint, released, "let parked deliveries go");
    Ok(())
}

async fn keep_events(bus: &Bus, endpoint: &EndpointId) -> Result<(), ReleaseError> {
    let age = bus.config().events.max_age / RENEW_SHARE;
    let before = posthaste_domain::Timestamp::from(clock::now()) - age;
    let renewed = bus.renew_parked(endpoint, before, AT_ONCE).await?;
    if renewed > 0 {
        info!(%endpoint, renewed, "put the events of parked deliveries in again");
    }
    Ok(())
}
