//! Turns one accepted event into one delivery for each interested endpoint.
//!
//! # Invariants
//! - The event is acknowledged only after every delivery is attempted and settled, or confirmed
//!   stored in its lane.
//! - A delivery's message id is made of its subject and the event, so a crash after some are in
//!   their lane repeats work inside the dedup window and changes nothing.

use std::pin::pin;

use futures_util::future::join_all;
use posthaste_bus::{Claim, StoredEvent};
use posthaste_domain::{Delivery, EndpointId, Lane, ProfileRef, Timestamp};
use tracing::{debug, error};

use crate::{
    claimed::{Done, UNREADABLE_PAUSE},
    plan::{Interested, Plan, plan},
    settle::Settled,
    stage::Stage,
};

pub(crate) async fn handle(stage: &Stage, claim: Claim) {
    let stored = match claim.event() {
        Ok(stored) => stored,
        Err(error) => {
            error!(seq = claim.seq(), %error, "an event cannot be read");
            return Done::Rest(UNREADABLE_PAUSE).settle(claim).await;
        }
    };
    let again = claim.is_redelivered();
    let work = pin!(fan_out(stage, &stored, again));
    let done = claim.keep_while(work).await;
    done.settle(claim).await;
}

/// An event whose time has come.
pub(crate) async fn handle_due(stage: &Stage, claim: Claim, seq: u64) {
    let again = claim.is_redelivered();
    let work = pin!(async {
        match stage.bus.event_at(seq).await {
            Ok(Some(stored)) => fan_out_now(stage, &stored, again).await,
            Ok(None) => {
                error!(seq, "an event is gone whose time has come");
                Done::Stored
            }
            Err(error) => Done::after_failed_read(&error, "event"),
        }
    });
    let done = claim.keep_while(work).await;
    done.settle(claim).await;
}

/// What is not to be sent yet waits in the broker, not here, and is fanned out to the endpoints of
/// that time.
async fn fan_out(stage: &Stage, stored: &StoredEvent, again: bool) -> Done {
    let due = stored.event.deliver_at;
    let is_single = stored.resume.as_ref().is_some_and(|resume| resume.single);
    if again && (due.is_some() || is_single) {
        match Box::pin(stage.bus.is_waiting(stored)).await {
            Ok(false) => {}
            Ok(true) => return Done::Stored,
            Err(error) => return Done::after_failed_read(&error, "waiting deliveries"),
        }
    }
    match due.filter(|due| *due > Stage::now()) {
        Some(due) => Box::pin(keep_until(stage, stored, due)).await,
        None => fan_out_now(stage, stored, again).await,
    }
}

async fn keep_until(stage: &Stage, stored: &StoredEvent, due: Timestamp) -> Done {
    match stage.bus.schedule_fan_out(due, &stored.event.id, stored.seq).await {
        Ok(()) => Done::Stored,
        Err(error) => Done::after_failed_write(&error, "event"),
    }
}

async fn fan_out_now(stage: &Stage, stored: &StoredEvent, again: bool) -> Done {
    let waiting = if again { Box::pin(waiting_for(stage, stored)).await } else { Ok(Vec::new()) };
    let waiting = match waiting {
        Ok(waiting) => waiting,
        Err(done) => return done,
    };
    let app = &stored.event.app;
    let Some(application) = stage.registry.application_by_id(app) else {
        if Stage::may_overtake_news(&stored.event) {
            return Done::await_news();
        }
        debug!(message = %stored.event.id, %app, "the application is gone");
        return Done::Stored;
    };
    let endpoints = stage.registry.endpoints(app);
    let interested =
        Interested { application: &application, endpoints: &endpoints, waiting: &waiting };
    let profile = |reference: &ProfileRef| stage.profile(&stored.event.org, Some(reference));
    match plan(stored, &interested, stage.policy.attempt_at_once, profile) {
        Plan::Nothing => Done::Stored,
        Plan::Attempt(deliveries) => {
            stage.metrics.deliveries_created(deliveries.len());
            let alone = deliveries.len() == 1;
            let settled = deliveries.into_iter().map(|(delivery, entry)| async move {
                let settled = stage.attempt_and_settle(delivery, stored, &entry, None).await;
                finish(stage, settled, alone).await
            });
            join_all(settled).await.into_iter().fold(Done::Stored, Done::and)
        }
        Plan::Enqueue(lane, deliveries) => {
            stage.metrics.deliveries_created(deliveries.len());
            Box::pin(enqueue(stage, lane, deliveries)).await
        }
    }
}

/// What was cut short goes back with the event if it is the only delivery; otherwise it waits in
/// the fresh lane, so that the others are not sent twice.
async fn finish(stage: &Stage, settled: Settled, alone: bool) -> Done {
    match settled {
        Settled::Done(done) => done,
        Settled::HandedBack(_) if alone => Done::HandBack,
        Settled::HandedBack(delivery) => Box::pin(stage.hand_over(&delivery)).await,
    }
}

async fn enqueue(stage: &Stage, lane: Lane, deliveries: Vec<Delivery>) -> Done {
    match stage.bus.enqueue_all(lane, deliveries).await {
        Ok(()) => Done::Stored,
        Err(error) => Done::after_failed_write(&error, "deliveries"),
    }
}

async fn waiting_for(stage: &Stage, stored: &StoredEvent) -> Result<Vec<EndpointId>, Done> {
    match stage.bus.waiting_for(&stored.event.id).await {
        Ok(waiting) => Ok(waiting.into_iter().map(|(endpoint, _)| endpoint).collect()),
        Err(error) => Err(Done::after_failed_read(&error, "waiting deliveries")),
    }
}
