//! The answer an error becomes.
//!
//! A problem carries two messages: what the caller reads, and, where there is one, the cause that
//! only the log sees. The cause travels with the response and is logged once, by [`surface`],
//! which knows the route.
//!
//! [`surface`]: crate::surface()

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Json, ValidationFault};

/// Why a request is not answered as hoped; becomes a JSON response.
///
/// The body is `{"code", "detail"}`, and for 422 `{"detail": [{"loc", "msg", "type"}]}`.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    body: Body,
    retry_after: Option<Duration>,
    cause: Option<Cause>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Body {
    Coded { code: Cow<'static, str>, detail: Cow<'static, str> },
    Faults { detail: Vec<ValidationFault> },
}

/// What the log is to say of a response; travels in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) Arc<dyn Error + Send + Sync>);

impl Problem {
    /// 400: the request cannot be understood, or not now.
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400 `limit_reached`: one more would be one too many.
    pub fn limit_reached(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("limit_reached", detail)
    }

    /// 401: no token, or none that says anything. Never says why: a forger learns nothing.
    #[must_use]
    pub fn unauthorised() -> Self {
        Self::unauthorised_because("Invalid token")
    }

    /// 401 with a `detail` that helps somebody who holds the signing secret anyway.
    #[must_use]
    pub fn unauthorised_because(detail: &'static str) -> Self {
        Self::coded(StatusCode::UNAUTHORIZED, "authentication_failed", detail)
    }

    /// 403: a good token, but not for this. The code really has a space.
    #[must_use]
    pub fn forbidden() -> Self {
        let detail = "Insufficient access for the given operation.";
        Self::coded(StatusCode::FORBIDDEN, "insufficient access", detail)
    }

    /// 403 for what not even the owner may do.
    #[must_use]
    pub fn never_allowed(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: there is none, or none that this token may see.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 404 with the detail that most operations give.
    #[must_use]
    pub fn entity_not_found() -> Self {
        Self::not_found("Entity not found")
    }

    /// 404 for a path that nothing answers.
    #[must_use]
    pub fn unknown_path() -> Self {
        Self::not_found("There is nothing at this path.")
    }

    /// 405: the path exists, the method does not.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail = "This path does not answer this method.";
        Self::coded(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 408: the body did not arrive in time.
    #[must_use]
    pub fn body_too_slow() -> Self {
        let detail = "The request body did not arrive in time.";
        Self::coded(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
    }

    /// 409: somebody else has it already.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(StatusCode::CONFLICT, code, detail)
    }

    /// 413: the body is larger than this surface reads.
    #[must_use]
    pub fn payload_too_large() -> Self {
        let detail = "Request payload is too large.";
        Self::coded(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
    }

    /// 422: understood, and wrong in these places.
    #[must_use]
    pub fn validation(faults: Vec<ValidationFault>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Body::Faults { detail: faults })
    }

    /// 422 for the JSON of a body: `path` as serde names it, split at its dots.
    pub(crate) fn json(path: &str, msg: String) -> Self {
        let kind = "value_error.jsondecode";
        Self::validation(vec![ValidationFault::at("body", path.split('.'), msg, kind)])
    }

    /// 500: ours to mend. The caller learns only that; the log learns why.
    #[must_use]
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::internal_without_cause().because(cause)
    }

    pub(crate) fn internal_without_cause() -> Self {
        let detail = "Something went wrong on our side.";
        Self::coded(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }

    /// 501: part of the contract, not of this server.
    #[must_use]
    pub fn not_implemented() -> Self {
        let detail = "This API endpoint is not yet implemented.";
        Self::coded(StatusCode::NOT_IMPLEMENTED, "not_implemented", detail)
    }

    /// 503: nothing is wrong with the request, and it is worth sending again after `retry_after`
    /// (whole seconds, rounded up).
    #[must_use]
    pub fn unavailable(retry_after: Duration, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::overloaded(retry_after).because(cause)
    }

    /// 503 where the cause is the number of requests itself, which a log line for each would only
    /// make worse: metrics tell of it.
    #[must_use]
    pub fn overloaded(retry_after: Duration) -> Self {
        let detail = "The service cannot take this request right now. Try again.";
        let mut problem = Self::coded(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// What the response's status will be.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The body alone, for an answer that holds several.
    #[must_use]
    pub fn body(&self) -> Box<RawValue> {
        serde_json::value::to_raw_value(&self.0.body).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    fn coded(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, Body::Coded { code: Cow::Borrowed(code), detail: detail.into() })
    }

    fn new(status: StatusCode, body: Body) -> Self {
        Self(Box::new(Parts { status, body, retry_after: None, cause: None }))
    }

    fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Cause(Arc::new(cause)));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Parts { status, body, retry_after, cause } = *self.0;
        let mut response = (status, Json(body)).into_response();
        if let Some(wait) = retry_after {
            let seconds = wait.as_millis().div_ceil(1_000);
            let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

/// The cause and what caused it, outermost first, on one line.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;

    async fn answer(problem: Problem) -> (StatusCode, Option<String>, serde_json::Value) {
        let response = problem.into_response();
        let retry = response.headers().get(header::RETRY_AFTER);
        let retry = retry.map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, retry, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn bodies_are_those_that_clients_know() {
        let coded = |code: &str, detail: &str| json!({"code": code, "detail": detail});
        for (problem, status, body) in [
            (Problem::unauthorised(), 401, coded("authentication_failed", "Invalid token")),
            (
                Problem::forbidden(),
                403,
                coded("insufficient access", "Insufficient access for the given operation."),
            ),
            (Problem::entity_not_found(), 404, coded("not_found", "Entity not found")),
            (
                Problem::payload_too_large(),
                413,
                coded("payload_too_large", "Request payload is too large."),
            ),
            (
                Problem::not_implemented(),
                501,
                coded("not_implemented", "This API endpoint is not yet implemented."),
            ),
            (
                Problem::validation(vec![ValidationFault::body(["uid"], "odd")]),
                422,
                json!({"detail": [{"loc": ["body", "uid"], "msg": "odd", "type": "value_error"}]}),
            ),
        ] {
            assert_eq!(problem.status().as_u16(), status);
            assert_eq!(answer(problem).await.2, body);
        }
    }

    #[tokio::test]
    async fn a_cause_is_kept_from_the_caller_and_handed_to_the_log() {
        let cause = || std::io::Error::other("disk 7 is on fire");
        let (status, retry, body) =
            answer(Problem::unavailable(Duration::from_millis(1_200), cause())).await;
        assert_eq!((status.as_u16(), retry.as_deref()), (503, Some("2")));
        assert!(!body.to_string().contains("disk"));
        let response = Problem::internal(cause()).into_response();
        let kept = response.extensions().get::<Cause>().unwrap();
        assert_eq!(kept.to_string(), "disk 7 is on fire");
    }
}
