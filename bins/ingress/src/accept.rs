//! One message on its way in.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRequest as _, Request, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use posthaste_api::{
    Json, PathParams, Problem, QueryParams, RawBody, TokenSecret, ValidationFault, Verifier,
    parse_json,
};
use posthaste_bus::{Accepted, Bus, PublishError};
use posthaste_domain::{Event, MessageId, Timestamp};
use posthaste_registry::Registry;
use posthaste_service::clock;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    compact::compact,
    message::{MessageIn, MessageOut},
    metrics::{Metrics, Outcome},
};

/// When to ask again after the broker did not confirm or had no room.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// When to ask again after too many requests were under way at once.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest idempotency key, in bytes.
const IDEMPOTENCY_KEY_MAX: usize = 256;

/// The route that accepts messages, `POST /api/v1/app/{app_id}/msg`, and what it needs. Ingress
/// serves nothing else; control serves it too, so that one address is enough to begin with.
#[derive(Clone)]
pub struct Acceptance(Arc<Inner>);

struct Inner {
    bus: Bus,
    registry: Registry,
    verifier: Verifier,
    metrics: Metrics,
    under_way: Semaphore,
}

#[derive(Deserialize)]
struct Query {
    with_content: Option<bool>,
}

impl Acceptance {
    /// The path, as routers spell it.
    pub const PATH: &'static str = "/api/v1/app/{app_id}/msg";

    /// What the route needs; at most `under_way` messages are read and stored at once.
    ///
    /// # Errors
    /// [`prometheus::Error`] where its metrics are registered already.
    pub fn new(
        bus: Bus,
        registry: Registry,
        secret: &TokenSecret,
        metrics: &prometheus::Registry,
        under_way: usize,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self(Arc::new(Inner {
            bus,
            registry,
            verifier: Verifier::new(secret),
            metrics: Metrics::register(metrics)?,
            under_way: Semaphore::new(under_way),
        })))
    }

    /// The route alone, without a fallback.
    pub fn router(self) -> Router {
        Router::new().route(Self::PATH, post(handle)).with_state(self)
    }
}

async fn handle(
    State(Acceptance(inner)): State<Acceptance>,
    app: Result<PathParams<String>, Problem>,
    query: Result<QueryParams<Query>, Problem>,
    request: Request,
) -> Response {
    let answered = async {
        let (PathParams(app), QueryParams(query)) = (app?, query?);
        inner.accept(&app, query.with_content.unwrap_or(true), request).await
    };
    match answered.await {
        Ok((outcome, response)) => {
            inner.metrics.ended(outcome);
            response
        }
        Err(problem) => {
            inner.metrics.ended(Outcome::of_problem(problem.status()));
            problem.into_response()
        }
    }
}

impl Inner {
    async fn accept(
        &self,
        app: &str,
        with_content: bool,
        request: Request,
    ) -> Result<(Outcome, Response), Problem> {
        let now = Timestamp::from(clock::now());
        let authorization = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let org = self.verifier.verify(authorization, now)?.into_organisation()?;
        let application = self
            .registry
            .application(&org, app)
            .ok_or_else(|| Problem::not_found("Application not found"))?;
        let idempotency_key = idempotency_key(request.headers())?;
        // Bodies are held in memory, so their number is bounded before one is read.
        let _under_way =
            self.under_way.try_acquire().map_err(|_| Problem::overloaded(BUSY_RETRY_AFTER))?;
        let RawBody(body) = RawBody::from_request(request, &()).await?;
        let message: MessageIn<'_> = parse_json(&body)?;
        let checked = message.checked().map_err(Problem::validation)?;
        let payload = body.slice_ref(checked.payload.as_bytes());
        let event = Event {
            id: MessageId::generate(now, &mut rand::rng()),
            org,
            app: application.id.clone(),
            event_type: checked.event_type,
            event_id: checked.event_id,
            channels: checked.channels,
            idempotency_key,
            retention_days: checked.retention_days,
            accepted_at: now,
        };
        let started = Instant::now();
        let accepted = self.bus.accept(&event, payload.clone()).await.map_err(refused)?;
        self.metrics.published(started.elapsed(), payload.len());
        match accepted {
            Accepted::New(_) => Ok((Outcome::Accepted, answer(&event, &payload, with_content)?)),
            Accepted::Duplicate(first)
                if first.event.idempotency_key == event.idempotency_key
                    && event.idempotency_key.is_some() =>
            {
                let answer = answer(&first.event, &first.payload, with_content)?;
                Ok((Outcome::Duplicate, answer))
            }
            Accepted::Duplicate(_) | Accepted::DuplicateOfExpired => {
                Err(Problem::conflict("conflict", "A conflict has occurred"))
            }
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::validation(vec![ValidationFault::header(
            "idempotency-key",
            format!("must be 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters"),
        )])),
    }
}

fn answer(event: &Event, payload: &Bytes, with_content: bool) -> Result<Response, Problem> {
    let content =
        if with_content { compact(&String::from_utf8_lossy(payload)) } else { "{}".into() };
    let content = RawValue::from_string(content).map_err(Problem::internal)?;
    let body = Json(MessageOut::new(event, &content));
    Ok((StatusCode::ACCEPTED, body).into_response())
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
