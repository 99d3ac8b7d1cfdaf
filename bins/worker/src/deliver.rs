//! Takes up a delivery that waited in a lane: a retry, one of many, or a redrive.

use std::pin::pin;

use posthaste_bus::Claim;
use posthaste_domain::{AttemptNo, Delivery, Lane, Refusal};
use tracing::{debug, error};

use crate::{
    claimed::{Done, UNREADABLE_PAUSE},
    fan_out,
    settle::Settled,
    stage::Stage,
};

pub(crate) async fn handle(stage: &Stage, claim: Claim, lane: Lane) {
    let delivery = match claim.delivery() {
        Ok(delivery) => delivery,
        Err(error) => {
            if let Some(seq) = claim.fan_out() {
                return Box::pin(fan_out::handle_due(stage, claim, seq)).await;
            }
            error!(seq = claim.seq(), %error, "a delivery cannot be read");
            return Done::Rest(UNREADABLE_PAUSE).settle(claim).await;
        }
    };
    let before = claim.is_redelivered().then_some(claim.seq());
    let work = pin!(deliver(stage, delivery, lane, before));
    let done = claim.keep_while(work).await;
    done.settle(claim).await;
}

/// `claimed_again` is where the claim is in its stream, if somebody held it before.
async fn deliver(
    stage: &Stage,
    delivery: Delivery,
    lane: Lane,
    claimed_again: Option<u64>,
) -> Done {
    if let Some(seq) = claimed_again {
        match Box::pin(stage.bus.is_overtaken(&delivery, seq)).await {
            Ok(false) => {}
            Ok(true) => {
                debug!(message = %delivery.message, attempt = %delivery.attempt, "already settled");
                return Done::Stored;
            }
            Err(error) => return Done::after_failed_read(&error, "waiting deliveries"),
        }
    }
    let stored = match stage.bus.event_at(delivery.event_seq).await {
        Ok(Some(stored)) if stored.event.id == delivery.message => stored,
        Ok(_) => {
            return Box::pin(stage.refuse(delivery, None, None, lane, Refusal::EventGone)).await;
        }
        Err(error) => return Done::after_failed_read(&error, "event"),
    };
    let app = stage.registry.application_by_id(&delivery.app);
    let entry = stage.registry.endpoint_by_id(&delivery.app, &delivery.endpoint);
    let Some(entry) = entry.filter(|_| app.is_some()) else {
        if delivery.attempt == AttemptNo::FIRST && Stage::may_overtake_news(&stored.event) {
            return Done::await_news();
        }
        let refused = stage.refuse(delivery, Some(&stored), None, lane, Refusal::EndpointDeleted);
        return Box::pin(refused).await;
    };
    if entry.endpoint.disabled {
        let url = Some(entry.endpoint.url.as_str());
        let refused = stage.refuse(delivery, Some(&stored), url, lane, Refusal::EndpointDisabled);
        return Box::pin(refused).await;
    }
    match stage.attempt_and_settle(delivery, &stored, &entry, Some(lane)).await {
        Settled::Done(done) => done,
        Settled::HandedBack(_) => Done::HandBack,
    }
}
