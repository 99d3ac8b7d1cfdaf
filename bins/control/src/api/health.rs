//! Whether anybody answers. Whether the process wants work is asked elsewhere, on its own port.

use std::sync::Arc;

use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(health, health_head)).routes(routes!(ping, ping_head))
}

/// Ask whether anybody answers
#[utoipa::path(
    get, path = "/api/v1/health", operation_id = "v1.health.get", tag = "Health", security(()),
    responses((status = 204, description = "Somebody does.")),
)]
async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Ask whether anybody answers, without a body
#[utoipa::path(
    head, path = "/api/v1/health", operation_id = "v1.health.head", tag = "Health", security(()),
    responses((status = 204, description = "Somebody does.")),
)]
async fn health_head() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Ask whether anybody answers, by another name
#[utoipa::path(
    get, path = "/api/v1/health/ping", operation_id = "v1.health.ping", tag = "Health",
    security(()), responses((status = 204, description = "Somebody does.")),
)]
async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Ask whether anybody answers, by another name and without a body
#[utoipa::path(
    head, path = "/api/v1/health/ping", operation_id = "v1.health.ping-head", tag = "Health",
    security(()), responses((status = 204, description = "Somebody does.")),
)]
async fn ping_head() -> StatusCode {
    StatusCode::NO_CONTENT
}
