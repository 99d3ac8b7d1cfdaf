//! Answers for requests that no handler answers, in JSON like all others.

use std::{any::Any, panic::AssertUnwindSafe};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use http::{StatusCode, Uri, uri::PathAndQuery};

use crate::{Problem, problem::Cause};

/// 404 for a path that is not in the table.
pub(crate) async fn unknown_path() -> Problem {
    Problem::unknown_path()
}

/// 405 for a path that is; the router adds `Allow`.
pub(crate) async fn wrong_method() -> Problem {
    Problem::method_not_allowed()
}

/// A handler that panics answers 500; the connection and the process live on.
pub(crate) async fn catch_panic(request: Request, next: Next) -> Response {
    // Nothing the handler borrowed outlives it: shared state is behind locks that poison or
    // atomics that do not care.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => Problem::internal(Panicked(words(panic.as_ref()))).into_response(),
    }
}

/// A handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

/// `/app/` is `/app`: every path works with and without its trailing slash.
pub(crate) async fn trim_slash(mut request: Request) -> Request {
    if let Some(trimmed) = without_slash(request.uri()) {
        *request.uri_mut() = trimmed;
    }
    request
}

fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || trimmed.is_empty() {
        return None;
    }
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{trimmed}?{query}")),
        None => PathAndQuery::try_from(trimmed),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

/// Says in the log why a response is what it is, where there is more to say than its status.
pub(crate) fn log_cause(response: &Response, route: &str, method: &str) {
    if let Some(cause) = response.extensions().get::<Cause>() {
        let status = response.status().as_u16();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(route, method, status, cause = %cause, "request not taken");
        } else {
            tracing::error!(route, method, status, cause = %cause, "request failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_slash_at_the_end_goes() {
        let trim = |text: &str| without_slash(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(trim("/app/").as_deref(), Some("/app"));
        assert_eq!(trim("/app//?a=/&b").as_deref(), Some("/app?a=/&b"));
        assert_eq!(trim("http://host/app/").as_deref(), Some("http://host/app"));
        assert_eq!(trim("/app"), None);
        assert_eq!(trim("/"), None);
        assert_eq!(trim("*"), None);
    }

    proptest! {
        #[test]
        fn a_trimmed_path_needs_no_second_trim(path in "(/[a-z%/]{0,9}){1,4}", query in "[a-z=&/]{0,9}") {
            if let Ok(uri) = format!("{path}?{query}").parse::<Uri>()
                && let Some(trimmed) = without_slash(&uri)
            {
                prop_assert_eq!(trimmed.query(), uri.query());
                prop_assert!(without_slash(&trimmed).is_none());
            }
        }
    }
}
