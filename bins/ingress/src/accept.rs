//! Messages on their way in: one, or many at once.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRequest as _, Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{StatusCode, header::AUTHORIZATION};
use posthaste_api::{
    Json, PathParams, Problem, QueryParams, RawBody, TokenSecret, Verifier,
    application::ApplicationIn,
    compact, idempotency_key,
    message::{MessageOut, nothing, shown},
    parse_json,
};
use posthaste_bus::{Accepted, Bus, PublishError};
use posthaste_domain::{Application, Event, MessageId, OrgId, Timestamp};
use posthaste_registry::{Registry, Writer};
use posthaste_service::clock;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{sync::Semaphore, time::Instant};
use utoipa::{IntoParams, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    batch,
    inline::find_or_create,
    message::{Checked, MessageIn},
    metrics::{Metrics, Outcome},
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
    /// What the routes need; at most `under_way` requests are read and stored at once. `writer`
    /// makes the applications that come along with messages.
    ///
    /// # Errors
    /// [`prometheus::Error`] where their metrics are registered already.
    pub fn new(
        bus: Bus,
        registry: Registry,
        writer: Writer,
        secret: &TokenSecret,
        metrics: &prometheus::Registry,
        under_way: usize,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self(Arc::new(Inner {
            bus,
            registry,
            writer,
            verifier: Verifier::new(secret),
            metrics: Metrics::register(metrics)?,
            under_way: Semaphore::new(under_way),
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
        OpenApiRouter::default().routes(routes!(create)).merge(batch::routes())
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

/// Send a message
///
/// Answered once the broker has stored it. With an `idempotency-key` or an `eventId`, sending it
/// again within the dedup window stores it once.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/msg", operation_id = "v1.message.create", tag = "Message",
    params(
        ("app_id" = String, Path, description = "The application's id or uid."),
        ContentQuery,
        ("idempotency-key" = Option<String>, Header, description = "1 to 256 visible characters.",
            min_length = 1, max_length = 256),
    ),
    request_body = MessageIn,
    responses((status = 202, description = "It is stored.", body = MessageOut)),
)]
async fn create(
    State(acceptance): State<Acceptance>,
    app: Result<PathParams<String>, Problem>,
    query: Result<QueryParams<ContentQuery>, Problem>,
    request: Request,
) -> Response {
    let one = async |acceptance: &Acceptance, app: &str, sender: Sender, body: Bytes| {
        // Known before the body is looked at, unless the body may bring it along.
        let mut message: MessageIn<'_> = match acceptance.0.registry.application(&sender.org, app) {
            Some(_) => parse_json(&body)?,
            None => parse_json::<MessageIn<'_>>(&body)
                .ok()
                .filter(|message| message.application.is_some())
                .ok_or_else(|| Problem::not_found("Application not found"))?,
        };
        let described = message.application.take();
        let checked = message.checked(sender.now).map_err(Problem::validation)?;
        let application = acceptance.application(&sender, app, described).await?;
        let stored = acceptance.store(&sender, &application, checked, &body).await?;
        Ok((StatusCode::ACCEPTED, Json(stored)).into_response())
    };
    acceptance.answer(app, query, request, one).await
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
