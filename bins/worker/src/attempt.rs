//! One attempt: sign, send, and write down what came of it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use posthaste_bus::StoredEvent;
use posthaste_domain::{
    Attempt, AttemptId, AttemptNo, Delivery, Keyring, Lane, Refusal, Timestamp, Verdict,
};
use posthaste_outbound::Outcome;
use posthaste_profile::signed_headers;
use posthaste_registry::EndpointEntry;
use tokio::time::Instant;
use tracing::debug;

use crate::{headers, stage::Stage};

/// What an attempt came to, and the account of it.
pub(crate) struct Attempted {
    pub(crate) verdict: Verdict,
    pub(crate) account: Attempt,
    pub(crate) ended_at: Timestamp,
}

impl Stage {
    /// Attempts a delivery once, within the attempt timeout; cut short when the worker must stop.
    pub(crate) async fn attempt(
        &self,
        delivery: &Delivery,
        stored: &StoredEvent,
        entry: &Arc<EndpointEntry>,
        keyring: &Keyring,
        lane: Option<Lane>,
    ) -> Attempted {
        let started_at = Self::now();
        let started = Instant::now();
        if delivery.attempt == AttemptNo::FIRST && !delivery.single {
            self.metrics.first_attempt_after(started_at.since(Self::wanted_at(&stored.event)));
        }
        let _in_flight = self.metrics.in_flight();
        let event = &stored.event;
        let mut headers = signed_headers(
            self.policy.header_names,
            &event.id,
            started_at,
            keyring.active(started_at),
            &stored.payload,
        );
        headers::add(&mut headers, event.content_type.as_deref(), &entry.headers);
        let deadline = started + self.policy.attempt_timeout;
        let url = &entry.endpoint.url;
        let send = self.client.send(url, headers, stored.payload.clone(), deadline);
        let outcome = tokio::select! {
            biased;
            outcome = send => Some(outcome),
            () = self.cut.cancelled() => None,
        };
        let ended_at = Self::now();
        let took = started.elapsed();
        let verdict = outcome
            .as_ref()
            .map_or(Verdict::HandedBack, |outcome| outcome.verdict(ended_at, &self.policy.success));
        self.metrics.attempted(delivery, &verdict, took);
        if let Some(Outcome { result: Err(error) }) = &outcome {
            debug!(
                message = %event.id, endpoint = %delivery.endpoint,
                error = error as &dyn std::error::Error, "attempt failed"
            );
        }
        let account = Attempt {
            id: AttemptId::generate(started_at, &mut rand::rng()),
            org: event.org.clone(),
            app: event.app.clone(),
            message: event.id.clone(),
            event_type: event.event_type.clone(),
            channels: event.channels.clone(),
            tags: event.tags.clone(),
            endpoint: delivery.endpoint.clone(),
            url: url.as_str().to_owned(),
            number: delivery.attempt,
            trigger: delivery.trigger,
            lane,
            started_at,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            status: status(&verdict),
            failure: match &verdict {
                Verdict::TryAgain(failure) => Some(failure.kind),
                Verdict::Delivered { .. } | Verdict::Refused(_) | Verdict::HandedBack => None,
            },
            refusal: refusal(&verdict),
            response: outcome.map_or_else(String::new, kept),
            next_attempt: None,
        };
        Attempted { verdict, account, ended_at }
    }
}

const fn status(verdict: &Verdict) -> Option<u16> {
    match verdict {
        Verdict::Delivered { status } => Some(*status),
        Verdict::TryAgain(failure) => failure.status,
        Verdict::Refused(_) | Verdict::HandedBack => None,
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
