//! Decides what becomes of a delivery, and stores it, before its claim is let go.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use posthaste_bus::StoredEvent;
use posthaste_domain::{
    Attempt, AttemptId, DeadLetter, DeathReason, Delivery, Endpoint, Failed, Lane, OnGone, Refusal,
    Timestamp, Verdict,
};
use posthaste_registry::{EndpointEntry, WriteError};
use tracing::{info, warn};

use crate::{
    attempt::{Attempted, account},
    claimed::Done,
    due::{next_due, run_began_at},
    hindrance::Hindrance,
    request::Try,
    stage::Stage,
    store::until_stored,
};

/// How long a delivery waits that this worker cannot attempt as things stand.
const SET_ASIDE_PAUSE: Duration = Duration::from_secs(30);

/// How much of a URL a dead letter keeps, in characters: a letter's head has 64 KiB at the broker,
/// and one URL may be that long.
const LETTER_URL_MAX: usize = 2_048;

/// What became of a delivery.
pub(crate) enum Settled {
    /// It is stored, or could not be.
    Done(Done),
    /// It was cut short and is to be attempted by somebody else, under the same number.
    HandedBack(Box<Delivery>),
}

impl Stage {
    /// Attempts a delivery and stores what became of it.
    ///
    /// Every claim's task has room for all that it may come to, so what seldom happens is boxed.
    pub(crate) async fn attempt_and_settle(
        &self,
        delivery: Delivery,
        stored: &StoredEvent,
        entry: &Arc<EndpointEntry>,
        lane: Option<Lane>,
    ) -> Settled {
        if entry.endpoint.paused_at.is_some() {
            return Settled::Done(Box::pin(self.park(delivery)).await);
        }
        let url = Some(entry.endpoint.url.as_str());
        let Some(keyring) = &entry.keyring else {
            let aside = self.set_aside(delivery, stored, url, Hindrance::Secret);
            return Settled::Done(Box::pin(aside).await);
        };
        let Some(profile) = self.profile(&stored.event.org, delivery.profile.as_ref()) else {
            let aside = self.set_aside(delivery, stored, url, Hindrance::Profile);
            return Settled::Done(Box::pin(aside).await);
        };
        let at = Self::now();
        let one = Try { id: AttemptId::generate(at, &mut rand::rng()), at, profile };
        let Attempted { verdict, mut account, ended_at } =
            match self.request(&delivery, stored, entry, keyring, &one) {
                Ok(request) => {
                    // Few profiles let receivers ask, and what is seldom done is boxed.
                    if let Some(callback) = &one.profile.verify_callback
                        && Box::pin(self.note_sent(stored, &one, callback, &request.body))
                            .await
                            .is_err()
                    {
                        let aside = self.set_aside(delivery, stored, url, Hindrance::SentLog);
                        return Settled::Done(Box::pin(aside).await);
                    }
                    self.attempt(&delivery, stored, entry, &one, request, lane).await
                }
                Err(error) => {
                    warn!(
                        message = %delivery.message, endpoint = %delivery.endpoint,
                        "no request can be made: its last attempt says why"
                    );
                    Self::unrenderable(&delivery, stored, entry, &one, lane, &error)
                }
            };
        let done = match verdict {
            Verdict::Delivered { .. } => {
                let recorded = self.record(account).await;
                if recorded == Done::Stored && !delivery.single {
                    self.metrics.delivered(Self::now().since(Self::wanted_at(&stored.event)));
                }
                recorded
            }
            // Nothing follows from an attempt beside the schedule.
            Verdict::TryAgain(_) if delivery.single => Box::pin(self.record(account)).await,
            Verdict::TryAgain(failure) => {
                let asked = failure.retry_after;
                let started_at = account.started_at;
                let run_began_at = run_began_at(&delivery, started_at);
                let failed = Failed { run_began_at, started_at, ended_at, asked };
                let latest = stored.stored_at + self.policy.event_life;
                let schedule = &one.profile.schedule;
                let due = next_due(schedule, latest, &delivery, &failed, &mut rand::rng());
                match due {
                    Some(due) => {
                        account.next_attempt = Some(due);
                        Box::pin(self.try_again(due, delivery, account)).await
                    }
                    None => {
                        let reason = DeathReason::Exhausted;
                        let given_up =
                            self.give_up(delivery, account, stored, url, reason, ended_at);
                        Box::pin(given_up).await
                    }
                }
            }
            Verdict::Refused(refusal) => {
                let wants_no_more =
                    refusal == Refusal::Gone && one.profile.answers.gone == OnGone::DisableEndpoint;
                if wants_no_more {
                    Box::pin(self.disable(&entry.endpoint)).await;
                }
                let reason = DeathReason::Refused(refusal);
                Box::pin(self.give_up(delivery, account, stored, url, reason, ended_at)).await
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
        lane: Lane,
        refusal: Refusal,
    ) -> Done {
        let now = Self::now();
        let reason = DeathReason::Refused(refusal);
        // Without the event there is no organisation to account the attempt to; the letter says
        // everything there is to say.
        let Some(stored) = stored else {
            if delivery.single {
                return Done::Stored;
            }
            return self.bury(delivery, None, url, reason, now).await;
        };
        let account = self.refused(&delivery, stored, url, Some(lane), refusal, String::new());
        self.give_up(delivery, account, stored, url, reason, now).await
    }

    /// The account of an attempt that is not made.
    fn refused(
        &self,
        delivery: &Delivery,
        stored: &StoredEvent,
        url: Option<&str>,
        lane: Option<Lane>,
        refusal: Refusal,
        response: String,
    ) -> Attempt {
        let (at, profile) = (Self::now(), Arc::clone(&self.plain));
        let one = Try { id: AttemptId::generate(at, &mut rand::rng()), at, profile };
        let account = account(delivery, stored, url.unwrap_or_default(), &one, lane);
        Attempt { refusal: Some(refusal), response, ..account }
    }

    async fn give_up(
        &self,
        delivery: Delivery,
        account: Attempt,
        stored: &StoredEvent,
        url: Option<&str>,
        reason: DeathReason,
        died_at: Timestamp,
    ) -> Done {
        if delivery.single {
            return self.record(account).await;
        }
        let delivery = delivery.after(account.summary());
        let buried = self.bury(delivery, Some(stored), url, reason, died_at);
        let (buried, recorded) = tokio::join!(buried, self.record(account));
        buried.and(recorded)
    }

    /// Switches off an endpoint whose receiver has said that it is gone for good. Where that cannot be
    /// stored, the next answer of this kind does it.
    async fn disable(&self, endpoint: &Endpoint) {
        // Of many who are answered so at once, the first writes and the others see it.
        let _one_at_a_time = self.disabling.lock().await;
        let current = self.registry.endpoint_by_id(&endpoint.app, &endpoint.id);
        let is_meant = |current: &Endpoint| !current.disabled && current.url == endpoint.url;
        if !current.is_some_and(|current| is_meant(&current.endpoint)) {
            return;
        }
        let now = Self::now();
        let disabled =
            |current: &Endpoint| Endpoint { disabled: true, updated_at: now, ..current.clone() };
        match self.writer.update_endpoint(&endpoint.app, &endpoint.id, disabled).await {
            Ok(_) | Err(WriteError::NotFound) => {
                info!(endpoint = %endpoint.id, "disabled: its receiver answered 410 Gone");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(endpoint = %endpoint.id, error, "cannot disable an endpoint that is gone");
            }
        }
    }

    async fn try_again(&self, due: Timestamp, delivery: Delivery, account: Attempt) -> Done {
        let next = delivery.after(account.summary());
        let scheduled = until_stored(&self.cut, "retry", || self.bus.schedule(due, &next));
        let (scheduled, recorded) = tokio::join!(scheduled, self.record(account));
        Done::once_stored(scheduled).and(recorded)
    }

    /// Has the broker offer a delivery again later, as it is: not an attempt. Its claim is let go,
    /// for claims that rest count against the limit of the whole fleet. Shortly before its event
    /// goes it is given up instead, so that the letter still has the payload.
    async fn set_aside(
        &self,
        delivery: Delivery,
        stored: &StoredEvent,
        url: Option<&str>,
        hindrance: Hindrance,
    ) -> Done {
        let (now, why) = (Self::now(), hindrance.why());
        warn!(
            message = %delivery.message, endpoint = %delivery.endpoint,
            profile = ?delivery.profile, "not attempted: {why}"
        );
        self.metrics.set_aside(hindrance);
        let due = now + SET_ASIDE_PAUSE;
        if due > stored.stored_at + self.policy.event_life {
            let refusal = Refusal::Unrenderable;
            let account = self.refused(&delivery, stored, url, None, refusal, why.to_owned());
            let reason = DeathReason::Refused(refusal);
            return self.give_up(delivery, account, stored, url, reason, now).await;
        }
        let scheduled = until_stored(&self.cut, "delivery", || self.bus.postpone(due, &delivery));
        Done::once_stored(scheduled.await)
    }

    /// Keeps a delivery back while its endpoint is paused, as it is: not an attempt.
    async fn park(&self, delivery: Delivery) -> Done {
        let parked = until_stored(&self.cut, "delivery", || self.bus.park(&delivery));
        Done::once_stored(parked.await)
    }

    /// Puts a delivery that was cut short into the fresh lane, under the same number.
    pub(crate) async fn hand_over(&self, delivery: &Delivery) -> Done {
        let lane = Lane::Fresh;
        let enqueued = until_stored(&self.cut, "delivery", || self.bus.enqueue(lane, delivery));
        Done::once_stored(enqueued.await)
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
            url: url.map(|url| url.chars().take(LETTER_URL_MAX).collect()),
            died_at,
        };
        let bury = || self.bus.bury(&letter, payload.clone());
        let done = Done::once_stored(until_stored(&self.cut, "dead letter", bury).await);
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
        Done::once_stored(self.recorder.record(account).await)
    }
}
