//! Takes up a delivery that waited in a lane: a retry, one of many, or a redrive.

use std::pin::pin;

use posthaste_bus::Claim;
use posthaste_domain::{AttemptNo, Delivery, Refusal};
use tracing::{debug, error};

use crate::{
    claimed::{Done, UNREADABLE_PAUSE},
    settle::Settled,
    stage::Stage,
};

pub(crate) async fn handle(stage: &Stage, claim: Claim) {
    let delivery = match claim.delivery() {
        Ok(delivery) => delivery,
        Err(error) => {
            error!(seq = claim.seq(), %error, "a delivery cannot be read");
            return Done::Rest(UNREADABLE_PAUSE).settle(claim).await;
        }
    };
    let again = claim.is_redelivered();
    let work = pin!(deliver(stage, delivery, again));
    let done = claim.keep_while(work).await;
    done.settle(claim).await;
}

async fn deliver(stage: &Stage, delivery: Delivery, again: bool) -> Done {
    if again {
        match Box::pin(is_overtaken(stage, &delivery)).await {
            Ok(false) => {}
            Ok(true) => return Done::Stored,
            Err(done) => return done,
        }
    }
    let stored = match stage.bus.event_at(delivery.event_seq).await {
        Ok(Some(stored)) if stored.event.id == delivery.message => stored,
        Ok(_) => {
            return Box::pin(stage.refuse(delivery, None, None, Refusal::EventGone)).await;
        }
        Err(error) => return Done::after_failed_read(&error, "event"),
    };
    let app = stage.registry.application_by_id(&delivery.app);
    let entry = stage.registry.endpoint_by_id(&delivery.app, &delivery.endpoint);
    let Some(entry) = entry.filter(|_| app.is_some()) else {
        if delivery.attempt == AttemptNo::FIRST && Stage::may_overtake_news(&stored.event) {
            return Done::await_news();
        }
        let refused = stage.refuse(delivery, Some(&stored), None, Refusal::EndpointDeleted);
        return Box::pin(refused).await;
    };
    if entry.endpoint.disabled {
        let url = Some(entry.endpoint.url.as_str());
        let refused = stage.refuse(delivery, Some(&stored), url, Refusal::EndpointDisabled);
        return Box::pin(refused).await;
    }
    match stage.attempt_and_settle(delivery, &stored, &entry).await {
        Settled::Done(done) => done,
        Settled::HandedBack(_) => Done::HandBack,
    }
}

/// Whether a worker that held this claim before us had stored what comes next.
async fn is_overtaken(stage: &Stage, delivery: &Delivery) -> Result<bool, Done> {
    let waiting = stage.bus.waiting_for(&delivery.message).await;
    let waiting = waiting.map_err(|error| Done::after_failed_read(&error, "waiting deliveries"))?;
    let overtaken = waiting
        .iter()
        .any(|(endpoint, attempt)| *endpoint == delivery.endpoint && *attempt > delivery.attempt);
    if overtaken {
        debug!(message = %delivery.message, attempt = %delivery.attempt, "already settled");
    }
    Ok(overtaken)
}
