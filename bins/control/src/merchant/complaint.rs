//! Every answer that is not the one hoped for, in the words that merchants' programs know:
//! `{"errorType", "errorCode", "description"}`.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use posthaste_api::{Json, Problem, ValidationFault};
use serde::{Deserialize, Serialize};

/// Why a merchant's request is not answered as hoped; becomes a JSON response.
#[derive(Debug)]
pub(super) struct Complaint(Box<Response>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    error_type: &'static str,
    error_code: &'a str,
    description: &'a str,
}

/// What a [`Problem`] says, in either of its forms.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Coded { code: String, detail: String },
    Faults { detail: Vec<Fault> },
}

#[derive(Deserialize)]
struct Fault {
    loc: Vec<String>,
    msg: String,
}

impl Complaint {
    /// 400: the request cannot be understood, or breaks a rule.
    pub(super) fn invalid(code: &str, description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, description)
    }

    /// 401: no key, or none of ours. Never says which.
    pub(super) fn unauthenticated() -> Self {
        Self::from(Problem::unauthorised()).saying("The secret key is missing or not valid.")
    }

    /// 404: there is none, or none of this key's.
    pub(super) fn not_found() -> Self {
        let description = "There is nothing by that name that this key may see.";
        Self::new(StatusCode::NOT_FOUND, "not_found", description)
    }

    /// 405: the path is there, and answers only `allowed`.
    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let mut complaint = Self::from(Problem::method_not_allowed());
        complaint.0.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        complaint
    }

    /// 429: too often; the caller may try again after `wait` (whole seconds, rounded up).
    pub(super) fn too_often(wait: Duration) -> Self {
        let description = "Too many requests. Try again after the seconds that Retry-After says.";
        let mut complaint =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", description);
        let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
        complaint.0.headers_mut().insert(header::RETRY_AFTER, seconds.max(1).into());
        complaint
    }

    fn new(status: StatusCode, code: &str, description: &str) -> Self {
        Self(Box::new((status, body(status, code, description)).into_response()))
    }

    /// The same in other words.
    fn saying(mut self, description: &str) -> Self {
        let status = self.0.status();
        *self.0.body_mut() = body(status, code_of(status), description).into_response().into_body();
        self
    }
}

fn body<'a>(status: StatusCode, error_code: &'a str, description: &'a str) -> Json<Written<'a>> {
    let error_type = match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_server_error() => "api_error",
        _ => "invalid_request_error",
    };
    Json(Written { error_type, error_code, description })
}

const fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "authentication_failed",
        _ => "invalid_parameters",
    }
}

/// The same, with what belongs to it beside the body; what the log is to hear travels on.
impl From<Problem> for Complaint {
    fn from(problem: Problem) -> Self {
        let said: Option<Said> = serde_json::from_str(problem.body().get()).ok();
        let (code, description): (Cow<'_, str>, String) = match said {
            Some(Said::Coded { code, detail }) => (code.into(), detail),
            Some(Said::Faults { detail }) => {
                let told: Vec<_> = detail.iter().map(Fault::told).collect();
                (code_of(problem.status()).into(), told.join("; "))
            }
            None => ("error".into(), String::new()),
        };
        // To a merchant whatever is wrong with a request is one kind of wrong.
        let status = match problem.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        let mut response = problem.into_response();
        *response.status_mut() = status;
        let body: Body = body(status, &code, &description).into_response().into_body();
        *response.body_mut() = body;
        Self(Box::new(response))
    }
}

impl From<Vec<ValidationFault>> for Complaint {
    fn from(faults: Vec<ValidationFault>) -> Self {
        Problem::validation(faults).into()
    }
}

impl Fault {
    /// `url: must be …`; the root, `body`, is left out.
    fn told(&self) -> String {
        let place = self.loc.iter().skip(1).filter(|step| !step.is_empty());
        let place: Vec<_> = place.map(String::as_str).collect();
        if place.is_empty() {
            self.msg.clone()
        } else {
            format!("{}: {}", place.join(""), self.msg)
        }
    }
}

impl IntoResponse for Complaint {
    fn into_response(self) -> Response {
        *self.0
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    use super::*;

    async fn told(complaint: Complaint) -> (u16, http::HeaderMap, Value) {
        let (parts, body) = complaint.into_response().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn every_problem_is_told_in_three_words() {
        let faults = vec![
            ValidationFault::body(["url"], "must be https"),
            ValidationFault::body(["eventTypes", "[1]"], "odd"),
        ];
        let unavailable = Problem::unavailable(Duration::from_secs(1), std::io::Error::other("x"));
        for (problem, status, kind, code, description) in [
            (
                Problem::validation(faults),
                400,
                "invalid_request_error",
                "invalid_parameters",
                "url: must be https; eventTypes[1]: odd",
            ),
            (
                Problem::conflict("conflict", "there is one"),
                409,
                "invalid_request_error",
                "conflict",
                "there is one",
            ),
            (
                unavailable,
                503,
                "api_error",
                "unavailable",
                "The service cannot take this request right now. Try again.",
            ),
        ] {
            let (told, headers, body) = told(problem.into()).await;
            assert_eq!(told, status);
            assert_eq!(headers.contains_key(header::RETRY_AFTER), status == 503);
            let wanted =
                json!({ "errorType": kind, "errorCode": code, "description": description });
            assert_eq!(body, wanted);
        }
    }

    #[tokio::test]
    async fn who_has_no_key_is_told_how_keys_are_shown() {
        let (status, headers, body) = told(Complaint::unauthenticated()).await;
        assert_eq!((status, &headers[header::WWW_AUTHENTICATE]), (401, &"Bearer".parse().unwrap()));
        assert_eq!(body["errorType"], "authentication_error");
        assert_eq!(body["errorCode"], "authentication_failed");
        let (status, headers, _) = told(Complaint::too_often(Duration::from_millis(20))).await;
        assert_eq!((status, &headers[header::RETRY_AFTER]), (429, &"1".parse().unwrap()));
    }
}
