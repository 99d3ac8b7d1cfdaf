//! Whether anybody answers. Whether the process wants work is asked elsewhere, on its own port.

use http::StatusCode;

/// `GET /health` and `GET /health/ping`.
pub(crate) async fn alive() -> StatusCode {
    StatusCode::NO_CONTENT
}
