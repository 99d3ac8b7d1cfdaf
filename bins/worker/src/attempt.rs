//! One attempt: sign, send, and write down what came of it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use posthaste_bus::StoredEvent;
use posthaste_domain::{Attempt, AttemptNo, Delivery, Lane, Refusal, Timestamp, Verdict};
use posthaste_outbound::{Outcome, SendError};
use posthaste_profile::RenderError;
use posthaste_registry::EndpointEntry;
use tokio::time::Instant;
use tracing::debug;

use crate::{
    request::{Request, Try},
    stage::Stage,
};

/// How much of an explanation is kept, in characters.
const EXPLANATION_MAX: usize = 1_024;

/// What an attempt came to, and the account of it.
pub(crate) struct Attempted {
    pub(crate) verdict: Verdict,
    pub(crate) account: Attempt,
    pub(crate) ended_at: Timestamp,
}

impl Stage {
    /// Attempts a delivery once, within its profile's time; cut short when the worker must stop.
    pub(crate) async fn attempt(
        &self,
        delivery: &Delivery,
        stored: &StoredEvent,
        entry: &Arc<EndpointEntry>,
        one: &Try,
        request: Request,
        lane: Option<Lane>,
    ) -> Attempted {
        let started = Instant::now();
        if delivery.attempt == AttemptNo::FIRST && !delivery.single {
            self.metrics.first_attempt_after(one.at.since(Self::wanted_at(&stored.event)));
        }
        let _in_flight = self.metrics.in_flight();
        let Request { headers, body, warning } = request;
        let (profile, url) = (&one.profile, &entry.endpoint.url);
        let deadline = started + profile.total_timeout;
        let send = async {
            let port = url.as_url().port_or_known_default();
            if profile.only_port_443 && port != Some(443) {
                return Outcome { result: Err(SendError::InvalidUrl) };
            }
            self.client.send(url, headers, body, deadline, &profile.transport).await
        };
        let outcome = tokio::select! {
            biased;
            outcome = send => Some(outcome),
            () = self.cut.cancelled() => None,
        };
        let ended_at = Self::now();
        let took = started.elapsed();
        let verdict = outcome
            .as_ref()
            .map_or(Verdict::HandedBack, |outcome| outcome.verdict(ended_at, &profile.answers));
        self.metrics.attempted(delivery, &verdict, took);
        if let Some(Outcome { result: Err(error) }) = &outcome {
            debug!(
                message = %delivery.message, endpoint = %delivery.endpoint,
                error = error as &dyn std::error::Error, "attempt failed"
            );
        }
        let account = Attempt {
            warning: warning.map(str::to_owned),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            status: outcome.as_ref().and_then(Outcome::status),
            failure: match &verdict {
                Verdict::TryAgain(failure) => Some(failure.kind),
                Verdict::Delivered { .. } | Verdict::Refused(_) | Verdict::HandedBack => None,
            },
            refusal: refusal(&verdict),
            response: outcome.map_or_else(String::new, kept),
            ..account(delivery, stored, url.as_str(), one, lane)
        };
        Attempted { verdict, account, ended_at }
    }

    /// The account of an attempt for which no request can be made.
    pub(crate) fn unrenderable(
        delivery: &Delivery,
        stored: &StoredEvent,
        entry: &EndpointEntry,
        one: &Try,
        lane: Option<Lane>,
        error: &RenderError,
    ) -> Attempted {
        let refusal = Refusal::Unrenderable;
        let account = Attempt {
            refusal: Some(refusal),
            // It may repeat a part of what it is about.
            response: error.to_string().chars().take(EXPLANATION_MAX).collect(),
            ..account(delivery, stored, entry.endpoint.url.as_str(), one, lane)
        };
        Attempted { verdict: Verdict::Refused(refusal), account, ended_at: one.at }
    }
}

/// The account of an attempt of which nothing has come yet.
pub(crate) fn account(
    delivery: &Delivery,
    stored: &StoredEvent,
    url: &str,
    one: &Try,
    lane: Option<Lane>,
) -> Attempt {
    let event = &stored.event;
    Attempt {
        id: one.id.clone(),
        org: event.org.clone(),
        app: event.app.clone(),
        message: event.id.clone(),
        event_type: event.event_type.clone(),
        channels: event.channels.clone(),
        tags: event.tags.clone(),
        endpoint: delivery.endpoint.clone(),
        url: url.to_owned(),
        number: delivery.attempt,
        trigger: delivery.trigger,
        lane,
        profile: delivery.profile.clone(),
        warning: None,
        started_at: one.at,
        duration_ms: 0,
        status: None,
        failure: None,
        refusal: None,
        response: String::new(),
        next_attempt: None,
    }
}

const fn refusal(verdict: &Verdict) -> Option<Refusal> {
    match verdict {
        Verdict::Refused(refusal) => Some(*refusal),
        Verdict::Delivered { .. } | Verdict::TryAgain(_) | Verdict::HandedBack => None,
    }
}

/// What is kept for people to read: the answer's body, or in words why there is none.
fn kept(outcome: Outcome) -> String {
    match outcome.result {
        Ok(answer) => readable(&answer.body),
        Err(error) => error.to_string(),
    }
}

/// Text as it is, less a character that was cut in two at the end; anything else as base64.
fn readable(body: &Bytes) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&body[..error.valid_up_to()]).into_owned()
        }
        Err(_) => STANDARD.encode(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_readable() {
        assert_eq!(readable(&Bytes::from_static(b"ok")), "ok");
        assert_eq!(readable(&Bytes::from_static(b"caf\xc3")), "caf");
        assert_eq!(readable(&Bytes::from_static(b"\xff\x00")), "/wA=");
    }
}
