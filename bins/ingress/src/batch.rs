//! Many messages in one request, each with an answer of its own.

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use posthaste_api::{
    Json, PathParams, Problem, QueryParams, ValidationFault, message::MessageOut, parse_json,
};
use posthaste_domain::Application;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Acceptance,
    accept::{ContentQuery, Sender},
    message::MessageIn,
};

/// The most messages of a batch. The request's body is bounded as that of one message.
const MESSAGES_MAX: usize = 250;
/// How many of them are being stored at once.
const AT_ONCE: usize = 32;

pub(crate) fn routes() -> OpenApiRouter<Acceptance> {
    OpenApiRouter::default().routes(routes!(create_batch))
}

/// Many messages.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MessageBatchIn<'a> {
    /// Each as in a request of its own; none may bring an application along.
    #[schema(value_type = Vec<MessageIn>, min_items = 1, max_items = 250)]
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
}

/// What became of a batch, message by message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageBatchOut {
    /// In the order of the request.
    data: Vec<MessageResult>,
}

/// What became of one message of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageResult {
    /// The status that a request of its own would have been answered with; 202 is stored.
    #[schema(example = 202)]
    status: u16,
    /// The message, where it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<MessageOut>,
    /// The answer that it would have got, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    error: Option<Box<RawValue>>,
}

/// Send many messages
///
/// Each has its own answer, and every one that is answered 202 is stored. The `idempotency-key`
/// counts for each together with its place, so the same batch sent again stores nothing twice.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/msg/batch", operation_id = "v1.message.create-batch",
    tag = "Message",
    params(
        ("app_id" = String, Path, description = "The application's id or uid."),
        ContentQuery,
        ("idempotency-key" = Option<String>, Header, description = "1 to 256 visible characters.",
            min_length = 1, max_length = 256),
    ),
    request_body = MessageBatchIn,
    responses((status = 200, description = "What became of each.", body = MessageBatchOut)),
)]
async fn create_batch(
    State(acceptance): State<Acceptance>,
    app: Result<PathParams<String>, Problem>,
    query: Result<QueryParams<ContentQuery>, Problem>,
    request: Request,
) -> Response {
    let many = async |acceptance: &Acceptance, app: &str, sender: Sender, body: Bytes| {
        let application = acceptance.application(&sender, app, None).await?;
        let MessageBatchIn { messages } = parse_json(&body)?;
        if !(1..=MESSAGES_MAX).contains(&messages.len()) {
            let wanted = format!("must be from 1 to {MESSAGES_MAX} messages");
            return Err(Problem::validation(vec![ValidationFault::body(["messages"], wanted)]));
        }
        let mut stored = Vec::with_capacity(messages.len());
        for (at, message) in messages.into_iter().enumerate() {
            let key = sender.idempotency_key.as_ref().map(|key| format!("{key}#{at}"));
            let sender = Sender { org: sender.org.clone(), idempotency_key: key, ..sender };
            stored.push(one(acceptance, sender, &application, message, &body));
        }
        let data = stream::iter(stored).buffered(AT_ONCE).collect().await;
        Ok(Json(MessageBatchOut { data }).into_response())
    };
    acceptance.answer(app, query, request, many).await
}

async fn one(
    acceptance: &Acceptance,
    sender: Sender,
    application: &Application,
    message: &RawValue,
    body: &Bytes,
) -> MessageResult {
    let stored = async {
        let message: MessageIn<'_> = parse_json(message.get().as_bytes())?;
        let checked = message.checked(sender.now).map_err(Problem::validation)?;
        let warnings = acceptance.check_payload(&sender, &checked, body).await?;
        let stored = acceptance.store(&sender, application, checked, body).await?;
        Ok::<_, Problem>(MessageOut { warnings, ..stored })
    };
    match stored.await {
        Ok(message) => MessageResult {
            status: StatusCode::ACCEPTED.as_u16(),
            message: Some(message),
            error: None,
        },
        Err(problem) => {
            acceptance.count_refused(problem.status());
            MessageResult {
                status: problem.status().as_u16(),
                message: None,
                error: Some(problem.body()),
            }
        }
    }
}
