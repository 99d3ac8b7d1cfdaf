//! The layer over the operations.

use std::{panic::resume_unwind, sync::Arc};

use axum::{
    extract::{FromRequestParts as _, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode};
use posthaste_api::{IDEMPOTENCY_KEY, Problem, idempotency_key};

use super::{Claim, Outcome, place::Place};
use crate::{access::Anyone, api::Api};

/// Gives a POST with a key the answer that was given to its like before.
pub(crate) async fn remember(
    State(api): State<Arc<Api>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let known = parts.method == Method::POST && {
        parts.headers.contains_key(IDEMPOTENCY_KEY)
            && Anyone::from_request_parts(&mut parts, &api).await.is_ok()
    };
    let place = match idempotency_key(&parts.headers) {
        Ok(Some(key)) if known => Place::of(&parts, key),
        // Without a good token the handler says so.
        Ok(_) => return next.run(Request::from_parts(parts, body)).await,
        Err(_) if !known => return next.run(Request::from_parts(parts, body)).await,
        Err(problem) => return problem.into_response(),
    };
    let request = Request::from_parts(parts, body);
    let idempotency = &api.idempotency;
    match idempotency.claim(&place).await {
        Ok(Claim::Answered(response)) => {
            idempotency.count(Outcome::Replayed);
            response
        }
        Ok(Claim::Unprotected) => {
            idempotency.count(Outcome::Unprotected);
            next.run(request).await
        }
        Ok(Claim::Ours(held)) => {
            idempotency.count(Outcome::First);
            let idempotency = idempotency.clone();
            // A task of its own goes on when the caller does not.
            let done = tokio::spawn(async move {
                let response = next.run(request).await;
                idempotency.settle(held, response).await
            });
            match done.await {
                Ok(response) => response,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(cancelled) => Problem::internal(cancelled).into_response(),
                },
            }
        }
        Err(problem) => {
            if problem.status() == StatusCode::CONFLICT {
                idempotency.count(Outcome::UnderWay);
            }
            problem.into_response()
        }
    }
}
