//! Decides what becomes of a delivery, and stores it, before its claim is let go.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use posthaste_bus::{PublishError, StoredEvent};
use posthaste_domain::{
    Attempt, AttemptId, DeadLetter, DeathReason, Delivery, Refusal, Timestamp, Verdict,
};
use posthaste_registry::EndpointEntry;
use tracing::{error, info};

use crate::{attempt::Attempted, claimed::Done, record::NotRecorded, stage::Stage};

/// How long a delivery rests whose endpoint's secret this worker cannot open.
const UNSIGNABLE_PAUSE: Duration = Duration::from_secs(30);

/// What became of a delivery.
pub(crate) enum Settled {
    /// It is stored, or could not be.
    Done(Done),
    /// It was cut short and is to be attempted by somebody else, under the same number.
    HandedBack(Box<Delivery>),
}

impl Stage {
    /// Attempts a delivery and stores what became of it.
    pub(crate) async fn attempt_and_settle(
        &self,
        delivery: Delivery,
        stored: &StoredEvent,
        entry: &Arc<EndpointEntry>,
    ) -> Settled {
        let Some(keyring) = &entry.keyring else {
            error!(endpoint = %delivery.endpoint, "not attempted: its secret cannot be opened");
            return Settled::Done(Done::Rest(UNSIGNABLE_PAUSE));
        };
        let Attempted { verdict, mut account, ended_at } =
            self.attempt(&delivery, stored, entry, keyring).await;
        let done = match verdict {
            Verdict::Delivered { .. } => {
                let recorded = self.record(account).await;
                if recorded == Done::Stored {
                    self.metrics.delivered(Self::now().since(stored.event.accepted_at));
                }
                recorded
            }
            Verdict::TryAgain(failure) => {
                let asked = failure.retry_after;
                let failures = delivery.failures_in_run();
                let wait = self.policy.schedule.wait_after(failures, asked, &mut rand::rng());
                match wait {
                    Some(wait) => {
                        let due = ended_at + wait;
                        account.next_attempt = Some(due);
                        self.try_again(due, delivery.after(account.summary()), account).await
                    }
                    None => {
                        let delivery = delivery.after(account.summary());
                        let url = Some(entry.endpoint.url.as_str());
                        let reason = DeathReason::Exhausted;
                        let buried = self.bury(delivery, Some(stored), url, reason, ended_at);
                        let (buried, recorded) = tokio::join!(buried, self.record(account));
                        buried.and(recorded)
                    }
                }
            }
            Verdict::Refused(refusal) => {
                let delivery = delivery.after(account.summary());
                let url = Some(entry.endpoint.url.as_str());
                let reason = DeathReason::Refused(refusal);
                let buried = self.bury(delivery, Some(stored), url, reason, ended_at);
                let (buried, recorded) = tokio::join!(buried, self.record(account));
                buried.and(recorded)
            }
            Verdict::HandedBack => {
                self.metrics.handed_back();
                return Settled::HandedBack(Box::new(delivery));
            }
        };
        Settled::Done(done)
    }

    /// Gives a delivery up without a request, and says why in its last attempt.
    pub(crate) async fn refuse(
        &self,
        delivery: Delivery,
        stored: Option<&StoredEvent>,
        url: Option<&str>,
        refusal: Refusal,
    ) -> Done {
        let now = Self::now();
        let reason = DeathReason::Refused(refusal);
        // Without the event there is no organisation to account the attempt to; the letter says
        // everything there is to say.
        let Some(event) = stored.map(|stored| &stored.event) else {
            return self.bury(delivery, None, url, reason, now).await;
        };
        let account = Attempt {
            id: AttemptId::generate(now, &mut rand::rng()),
            org: event.org.clone(),
            app: event.app.clone(),
            message: event.id.clone(),
            event_type: event.event_type.clone(),
            endpoint: delivery.endpoint.clone(),
            url: url.unwrap_or_default().to_owned(),
            number: delivery.attempt,
            trigger: delivery.trigger,
            started_at: now,
            duration_ms: 0,
            status: None,
            failure: None,
            refusal: Some(refusal),
            response: String::new(),
            next_attempt: None,
        };
        let buried = self.bury(delivery.after(account.summary()), stored, url, reason, now);
        let (buried, recorded) = tokio::join!(buried, self.record(account));
        buried.and(recorded)
    }

    async fn try_again(&self, due: Timestamp, next: Delivery, account: Attempt) -> Done {
        let (scheduled, recorded) =
            tokio::join!(self.bus.schedule(due, &next), self.record(account));
        stored(scheduled, "retry").and(recorded)
    }

    async fn bury(
        &self,
        delivery: Delivery,
        event: Option<&StoredEvent>,
        url: Option<&str>,
        reason: DeathReason,
        died_at: Timestamp,
    ) -> Done {
        let payload = event.map_or_else(Bytes::new, |stored| stored.payload.clone());
        let letter = DeadLetter {
            event: event.map(|stored| stored.event.clone()),
            delivery,
            reason,
            url: url.map(str::to_owned),
            died_at,
        };
        let done = stored(self.bus.bury(&letter, payload).await, "dead letter");
        if done == Done::Stored {
            self.metrics.buried(&letter);
            info!(
                message = %letter.delivery.message, endpoint = %letter.delivery.endpoint,
                reason = reason.as_str(), attempts = letter.delivery.past.len(), "dead letter"
            );
        }
        done
    }

    async fn record(&self, account: Attempt) -> Done {
        match self.recorder.record(account).await {
            Ok(()) => Done::Stored,
            Err(NotRecorded) => Done::HandBack,
        }
    }
}

fn stored(result: Result<(), PublishError>, what: &'static str) -> Done {
    match result {
        Ok(()) => Done::Stored,
        Err(error) => Done::after_failed_write(&error, what),
    }
}
