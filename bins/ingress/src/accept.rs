//! What one message and many at once have in common on their way in.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRequest as _, Request},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{StatusCode, header::AUTHORIZATION};
use posthaste_api::{
    PathParams, Problem, QueryParams, RawBody, TokenSecret, Verifier,
    application::ApplicationIn,
    compact, idempotency_key,
    message::{MessageOut, PayloadFault, nothing, shown},
};
use posthaste_bus::{Accepted, Bus, PublishError};
use posthaste_domain::{Application, Event, MessageId, Occurrence, OrgId, Timestamp};
use posthaste_registry::{Registry, Writer};
use posthaste_service::clock;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{sync::Semaphore, time::Instant};
use utoipa::{IntoParams, openapi::OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    batch,
    config::AcceptanceConfig,
    create,
    inline::find_or_create,
    message::Checked,
    metrics::{Metrics, Outcome},
    payload_schema::PayloadChecks,
};

/// When to ask again after the broker did not confirm or had no room.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// When to ask again after too many requests were under way at once.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The routes that accept messages, and what they need. Ingress serves nothing else; control
/// serves them too, so that one address is enough to begin with.
#[derive(Clone)]
pub struct Acceptance(Arc<Inner>);

struct Inner {
    bus: Bus,
    registry: Registry,
    writer: Writer,
    verifier: Verifier,
    metrics: Metrics,
    payload_checks: PayloadChecks,
    under_way: Semaphore,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentQuery {
    /// Whether the answer repeats the payload.
    #[param(default = true)]
    with_content: Option<bool>,
}

/// What all messages of a request have in common.
pub(crate) struct Sender {
    pub(crate) org: OrgId,
    pub(crate) now: Timestamp,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) with_content: bool,
}

impl Acceptance {
    /// What the routes need; of `config` the limit of bodies is the caller's to set. `writer` makes the
    /// applications that come along with messages.
    ///
    /// # Errors
    /// [`prometheus::Error`] where their metrics are registered already.
    pub fn new(
        bus: Bus,
        registry: Registry,
        writer: Writer,
        secret: &TokenSecret,
        metrics: &prometheus::Registry,
        config: AcceptanceConfig,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self(Arc::new(Inner {
            bus,
            registry,
            writer,
            verifier: Verifier::new(secret),
            metrics: Metrics::register(metrics)?,
            payload_checks: PayloadChecks::new(config.payload_validation),
            under_way: Semaphore::new(config.under_way),
        })))
    }

    /// The routes alone, without a fallback, and what the specification says of them.
    pub fn router(self) -> (Router, OpenApi) {
        let (router, specification) = Self::operations().split_for_parts();
        (router.with_state(self), specification)
    }

    /// What the specification says of the routes.
    #[must_use]
    pub fn specification() -> OpenApi {
        Self::operations().into_openapi()
    }

    fn operations() -> OpenApiRouter<Self> {
        create::routes().merge(batch::routes())
    }

    /// Answers one request, counting what became of it.
    pub(crate) async fn answer(
        &self,
        app: Result<PathParams<String>, Problem>,
        query: Result<QueryParams<ContentQuery>, Problem>,
        request: Request,
        with: impl AsyncFnOnce(&Self, &str, Sender, Bytes) -> Result<Response, Problem>,
    ) -> Response {
        let answered = async {
            let (PathParams(app), QueryParams(query)) = (app?, query?);
            let inner = &self.0;
            let now = Timestamp::from(clock::now());
            let authorization = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok());
            let org = inner.verifier.verify(authorization, now)?.into_organisation()?;
            let idempotency_key = idempotency_key(request.headers())?.map(str::to_owned);
            let with_content = query.with_content.unwrap_or(true);
            // Bodies are held in memory, so their number is bounded before one is read.
            let _under_way =
                inner.under_way.try_acquire().map_err(|_| Problem::overloaded(BUSY_RETRY_AFTER))?;
            let RawBody(body) = RawBody::from_request(request, &()).await?;
            let sender = Sender { org, now, idempotency_key, with_content };
            with(self, &app, sender, body).await
        };
        answered.await.unwrap_or_else(|problem| {
            self.0.metrics.ended(Outcome::of_problem(problem.status()));
            problem.into_response()
        })
    }

    /// Whether there is the application that the path names.
    pub(crate) fn knows(&self, sender: &Sender, key: &str) -> bool {
        self.0.registry.application(&sender.org, key).is_some()
    }

    /// The application that the path names, made of what the message brings along where there is
    /// none.
    pub(crate) async fn application(
        &self,
        sender: &Sender,
        key: &str,
        described: Option<ApplicationIn>,
    ) -> Result<Arc<Application>, Problem> {
        let Inner { registry, writer, .. } = &*self.0;
        match (registry.application(&sender.org, key), described) {
            (Some(found), _) => Ok(found),
            (None, Some(described)) => {
                find_or_create(registry, writer, &sender.org, key, described, sender.now).await
            }
            (None, None) => Err(Problem::not_found("Application not found")),
        }
    }

    /// Holds a payload against the schema of its event type, where that is wanted. A raw payload has
    /// none.
    ///
    /// # Errors
    /// 422 where it is refused for what does not fit; else that is what to warn of.
    pub(crate) async fn check_payload(
        &self,
        sender: &Sender,
        message: &Checked<'_>,
        body: &Bytes,
    ) -> Result<Vec<PayloadFault>, Problem> {
        let Cow::Borrowed(payload) = message.payload else { return Ok(Vec::new()) };
        let Inner { payload_checks, registry, metrics, .. } = &*self.0;
        let event_type = (&sender.org, &message.event_type);
        let checked = payload_checks.check((registry, metrics), event_type, (payload, body));
        checked.await.map_err(Problem::validation)
    }

    /// Stores a message and says how it is shown.
    pub(crate) async fn store(
        &self,
        sender: &Sender,
        application: &Application,
        message: Checked<'_>,
        body: &Bytes,
    ) -> Result<MessageOut, Problem> {
        let inner = &self.0;
        let is_raw = matches!(message.payload, Cow::Owned(_));
        let payload = match message.payload {
            Cow::Borrowed(json) => body.slice_ref(json.as_bytes()),
            Cow::Owned(raw) => Bytes::from(raw),
        };
        let event = Event {
            id: MessageId::generate(sender.now, &mut rand::rng()),
            org: sender.org.clone(),
            app: application.id.clone(),
            event_type: message.event_type,
            event_id: message.event_id,
            channels: message.channels,
            tags: message.tags,
            idempotency_key: sender.idempotency_key.clone(),
            retention_hours: message.retention_hours,
            deliver_at: message.deliver_at,
            content_type: message.content_type,
            occurrence: Occurrence { tenant: application.uid.clone(), ..message.occurrence },
            accepted_at: sender.now,
        };
        let started = Instant::now();
        let accepted = inner.bus.accept(&event, payload.clone()).await.map_err(refused)?;
        inner.metrics.published(started.elapsed(), payload.len());
        match accepted {
            Accepted::New(_) => {
                inner.metrics.ended(Outcome::Accepted);
                let content = content(&payload, is_raw, sender.with_content)?;
                Ok(MessageOut::new(&event, content))
            }
            Accepted::Duplicate(first)
                if first.event.idempotency_key == event.idempotency_key
                    && event.idempotency_key.is_some() =>
            {
                inner.metrics.ended(Outcome::Duplicate);
                let content = content(&first.payload, true, sender.with_content)?;
                Ok(MessageOut::new(&first.event, content))
            }
            Accepted::Duplicate(_) | Accepted::DuplicateOfExpired => {
                Err(Problem::conflict("conflict", "A conflict has occurred"))
            }
        }
    }

    /// Counts a message that was refused beside others that were not.
    pub(crate) fn count_refused(&self, status: StatusCode) {
        self.0.metrics.ended(Outcome::of_problem(status));
    }
}

/// A payload that is known to be JSON need not be read again to be shown.
fn content(payload: &Bytes, is_raw: bool, wanted: bool) -> Result<Box<RawValue>, Problem> {
    match (wanted, is_raw) {
        (false, _) => Ok(nothing()),
        (true, true) => Ok(shown(payload)),
        (true, false) => RawValue::from_string(compact(&String::from_utf8_lossy(payload)))
            .map_err(Problem::internal),
    }
}

fn refused(error: PublishError) -> Problem {
    match error {
        PublishError::TooLarge => Problem::payload_too_large(),
        error @ (PublishError::Full(_)
        | PublishError::NotConfirmed(_)
        | PublishError::Refused(_)
        | PublishError::OriginalUnread(_)
        | PublishError::Changed) => Problem::unavailable(RETRY_AFTER, error),
        error @ PublishError::Unwritable(_) => Problem::internal(error),
    }
}
