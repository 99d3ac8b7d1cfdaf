//! Answers that hold a secret, which no cache may keep.

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// Keeps an answer out of every cache (RFC 9111, 5.2.2.5).
pub(crate) type NoStore = [(HeaderName, HeaderValue); 1];

pub(crate) const NO_STORE: NoStore =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// The same for every answer of a router, refusals included.
pub(super) async fn never_stored(mut response: Response) -> Response {
    let [(name, value)] = NO_STORE;
    response.headers_mut().insert(name, value);
    response
}
