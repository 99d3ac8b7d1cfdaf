//! Tells organisations what happens to their endpoints and messages, by operational webhooks.
//!
//! `announcement` is what is told, `source` where it comes from: the registry's changes, the
//! attempts made, the deliveries given up, each followed under one name over all replicas. Of
//! tasks that end their keeper tells, from their records.
//!
//! # Invariants
//! - Nothing is acknowledged before its announcement is stored as a message; so none is lost in a
//!   crash. The message's `eventId` is made of the cause, so one that is announced twice within
//!   the dedup window is stored once.
//! - Nobody hears of what happens to operational webhooks themselves.
//! - Where an organisation has no operational endpoint, nothing is stored.

mod announcement;
mod source;
mod specification;

use std::{sync::Arc, time::Duration};

use posthaste_bus::{Bus, Claim, Intake, IntakeError, PublishError};
use posthaste_domain::{
    AppId, Application, Attempt, Event, EventId, EventType, MessageId, OrgId, Timestamp,
};
use posthaste_history::History;
use posthaste_registry::Registry;
use posthaste_service::{Kit, clock, stop::Stop};
use prometheus::{IntCounterVec, Opts};
use tracing::{debug, warn};

pub(crate) use self::specification::declare_webhooks;
use self::{
    announcement::Announcement,
    source::{Cause, Source},
};
use crate::{
    freshness::Freshness,
    operational::{self, OperationalEvent},
    tasks::Task,
};

/// The name under which the broker remembers how far announcing has come.
const NAME: &str = "announcer";
/// How many messages of one stream one replica holds at once; they are handled one by one.
const IN_HAND: u32 = 16;
/// How long something rests that could not be announced.
const PAUSE: Duration = Duration::from_secs(2);

/// Announces. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Announcer {
    bus: Bus,
    registry: Registry,
    history: History,
    freshness: Freshness,
    announced: IntCounterVec,
}

/// Why something is not announced yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnnounceError {
    /// The broker did not take it.
    #[error("the broker did not take an operational webhook")]
    Publish(#[from] PublishError),
    /// The message it is about cannot be looked up.
    #[error(transparent)]
    History(#[from] posthaste_history::HistoryError),
    /// What is to be told cannot be written.
    #[error("an operational webhook cannot be written")]
    Unwritable(#[from] serde_json::Error),
}

impl Announcer {
    pub(crate) fn new(
        bus: Bus,
        registry: Registry,
        history: History,
        freshness: Freshness,
        metrics: &prometheus::Registry,
    ) -> Result<Self, prometheus::Error> {
        let announced = IntCounterVec::new(
            Opts::new(
                "posthaste_operational_webhooks_total",
                "Operational webhooks stored as messages, repeats included, by what they tell of",
            ),
            &["event"],
        )?;
        metrics.register(Box::new(announced.clone()))?;
        for event in OperationalEvent::ALL {
            announced.with_label_values(&[event.as_str()]);
        }
        Ok(Self { bus, registry, history, freshness, announced })
    }

    /// Announces what the streams tell until the process stops.
    pub(crate) async fn spawn(&self, kit: &Kit) -> Result<(), IntakeError> {
        let intakes = [
            ("endpoint announcer", Source::Registry, self.bus.registry_changes(NAME).await?),
            ("attempt announcer", Source::Attempts, self.bus.attempts_made(NAME, IN_HAND).await?),
            (
                "dead letter announcer",
                Source::DeadLetters,
                self.bus.deliveries_given_up(NAME, IN_HAND).await?,
            ),
        ];
        for (name, source, intake) in intakes {
            kit.spawn(name, self.clone().follow(source, intake, kit.stop.clone()));
        }
        Ok(())
    }

    /// Tells that a task ended.
    pub(crate) async fn task_ended(&self, task: &Task) -> Result<(), AnnounceError> {
        if self.listener(&task.org).is_none() {
            return Ok(());
        }
        self.announce(&task.org, &Announcement::task(task)).await
    }

    async fn follow(self, source: Source, mut intake: Intake, stop: Stop) {
        while let Some(claim) = intake.next(&stop.intake).await {
            let handled = claim.keep_while(self.handle(source, &claim));
            match stop.work.run_until_cancelled(handled).await {
                Some(Ok(())) => claim.ack().await,
                Some(Err(error)) => {
                    warn!(error = &error as &dyn std::error::Error, "not announced yet");
                    claim.release_after(PAUSE).await;
                }
                None => claim.release().await,
            }
        }
        let returned = intake.close().await;
        debug!(?source, returned, "announcing ended");
    }

    async fn handle(&self, source: Source, claim: &Claim) -> Result<(), AnnounceError> {
        for (org, cause) in source.causes(claim) {
            // Most causes are nobody's news, so this comes before anything that costs.
            if self.listener(&org).is_some() {
                for announcement in self.made_of(cause).await? {
                    self.announce(&org, &announcement).await?;
                }
            }
        }
        Ok(())
    }

    async fn made_of(&self, cause: Cause) -> Result<Vec<Announcement>, AnnounceError> {
        let uid = |app: &AppId| self.registry.application_by_id(app)?.uid.clone();
        Ok(match cause {
            Cause::Changed(change) => Announcement::endpoint(&change, uid(&change.app)),
            Cause::Attempted(event, attempt) => {
                let event_id = self.event_id(&attempt).await?;
                vec![Announcement::attempt(event, &attempt, uid(&attempt.app), event_id)]
            }
            Cause::Exhausted(delivery, last, event_id) => {
                vec![Announcement::exhausted(&delivery, &last, uid(&delivery.app), event_id)]
            }
        })
    }

    /// The platform's own id of the message; an attempt does not carry it along. It is told
    /// without where history has lost the message, or is far behind.
    async fn event_id(&self, attempt: &Attempt) -> Result<Option<EventId>, AnnounceError> {
        let (app, message) = (&attempt.app, attempt.message.as_str());
        let mut found = self.history.message(app, message, false).await?;
        if found.is_none() {
            self.freshness.wait().await;
            found = self.history.message(app, message, false).await?;
        }
        Ok(found.and_then(|message| message.event_id))
    }

    /// Stores an announcement as a message of the organisation's application.
    async fn announce(&self, org: &OrgId, told: &Announcement) -> Result<(), AnnounceError> {
        let Some(application) = self.listener(org) else { return Ok(()) };
        let payload = told.payload()?;
        let now = Timestamp::from(clock::now());
        let event = message(&application, told, now);
        match self.bus.accept(&event, payload.into()).await {
            // Known already, though the first one cannot be read now.
            Ok(_) | Err(PublishError::OriginalUnread(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.announced.with_label_values(&[told.event.as_str()]).inc();
        Ok(())
    }

    /// The application through which the organisation listens, where it does.
    fn listener(&self, org: &OrgId) -> Option<Arc<Application>> {
        if *org == *operational::ORGANISATION {
            return None;
        }
        let application = operational::application_of(&self.registry, org)?;
        let listens = !self.registry.endpoints(&application.id).is_empty();
        listens.then_some(application)
    }
}

fn message(application: &Application, told: &Announcement, now: Timestamp) -> Event {
    #[expect(clippy::expect_used, reason = "a test reads each of the nine names")]
    let event_type: EventType =
        told.event.as_str().parse().expect("the names are letters, dots and underscores");
    Event {
        occurrence: posthaste_domain::Occurrence::default(),
        id: MessageId::generate(now, &mut rand::rng()),
        org: application.org.clone(),
        app: application.id.clone(),
        event_type,
        event_id: Some(told.cause.clone()),
        channels: Vec::new(),
        tags: Vec::new(),
        idempotency_key: None,
        retention_hours: Event::RETENTION_HOURS,
        deliver_at: None,
        content_type: None,
        accepted_at: now,
    }
}
