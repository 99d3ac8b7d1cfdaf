//! One message in one request.

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::StatusCode;
use posthaste_api::{Json, PathParams, Problem, QueryParams, message::MessageOut, parse_json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Acceptance,
    accept::{ContentQuery, Sender},
    message::MessageIn,
    payload_schema::{self, WARNING},
};

pub(crate) fn routes() -> OpenApiRouter<Acceptance> {
    OpenApiRouter::default().routes(routes!(create))
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
    responses((
        status = 202, description = "It is stored.", body = MessageOut,
        headers(("posthaste-warning" = String, description = "The first of `warnings`, if any.")),
    )),
)]
async fn create(
    State(acceptance): State<Acceptance>,
    app: Result<PathParams<String>, Problem>,
    query: Result<QueryParams<ContentQuery>, Problem>,
    request: Request,
) -> Response {
    let one = async |acceptance: &Acceptance, app: &str, sender: Sender, body: Bytes| {
        // Known before the body is looked at, unless the body may bring it along.
        let mut message: MessageIn<'_> = match acceptance.knows(&sender, app) {
            true => parse_json(&body)?,
            false => parse_json::<MessageIn<'_>>(&body)
                .ok()
                .filter(|message| message.application.is_some())
                .ok_or_else(|| Problem::not_found("Application not found"))?,
        };
        let described = message.application.take();
        let checked = message.checked(sender.now).map_err(Problem::validation)?;
        let warnings = acceptance.check_payload(&sender, &checked, &body).await?;
        let application = acceptance.application(&sender, app, described).await?;
        let stored = acceptance.store(&sender, &application, checked, &body).await?;
        let warning = payload_schema::warning(&warnings).map(|text| [(WARNING, text)]);
        let message = Json(MessageOut { warnings, ..stored });
        Ok((StatusCode::ACCEPTED, warning, message).into_response())
    };
    acceptance.answer(app, query, request, one).await
}
