//! Every path this process answers to its callers.

use std::sync::Arc;

use axum::{
    Router,
    routing::{MethodRouter, delete, get, patch, post, put},
};
use http::Method;
use posthaste_api::{HttpMetrics, surface};

use crate::api::{Api, application, endpoint, event_type, health, secret};

/// The largest body of a management request, in bytes. A resource must fit one message of the
/// broker (1 MiB by default) with every quote in it escaped.
const BODY_LIMIT: usize = 256 * 1024;

type Route = (&'static str, Method, MethodRouter<Arc<Api>>);

const APP: &str = "/api/v1/app/{app_id}";
const ENDPOINTS: &str = "/api/v1/app/{app_id}/endpoint";
const ENDPOINT: &str = "/api/v1/app/{app_id}/endpoint/{endpoint_id}";
const SECRET: &str = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret";
const ROTATE: &str = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate";
const EVENT_TYPES: &str = "/api/v1/event-type";
const EVENT_TYPE: &str = "/api/v1/event-type/{event_type_name}";

fn table() -> Vec<Route> {
    vec![
        ("/api/v1/health", Method::GET, get(health::alive)),
        ("/api/v1/health/ping", Method::GET, get(health::alive)),
        ("/api/v1/app", Method::GET, get(application::list)),
        ("/api/v1/app", Method::POST, post(application::create)),
        (APP, Method::GET, get(application::get)),
        (APP, Method::PUT, put(application::upsert)),
        (APP, Method::PATCH, patch(application::patch)),
        (APP, Method::DELETE, delete(application::delete)),
        (ENDPOINTS, Method::GET, get(endpoint::list)),
        (ENDPOINTS, Method::POST, post(endpoint::create)),
        (ENDPOINT, Method::GET, get(endpoint::get)),
        (ENDPOINT, Method::PUT, put(endpoint::upsert)),
        (ENDPOINT, Method::PATCH, patch(endpoint::patch)),
        (ENDPOINT, Method::DELETE, delete(endpoint::delete)),
        (SECRET, Method::GET, get(secret::get)),
        (ROTATE, Method::POST, post(secret::rotate)),
        (EVENT_TYPES, Method::GET, get(event_type::list)),
        (EVENT_TYPES, Method::POST, post(event_type::create)),
        (EVENT_TYPE, Method::GET, get(event_type::get)),
        (EVENT_TYPE, Method::PUT, put(event_type::upsert)),
        (EVENT_TYPE, Method::PATCH, patch(event_type::patch)),
        (EVENT_TYPE, Method::DELETE, delete(event_type::delete)),
    ]
}

/// The table above, and `accept`: the routes by which messages are accepted, so that one address
/// answers the whole API. They must have no fallback, a body limit of their own, and call an
/// application `{app_id}` in their paths, as all routes do.
pub fn router(api: Arc<Api>, accept: Router, metrics: HttpMetrics) -> Router {
    let mut routes = Router::new();
    for (path, method, handler) in table() {
        metrics.declare(path, &method);
        routes = routes.route(path, handler);
    }
    surface(routes.with_state(api).merge(accept), metrics, BODY_LIMIT)
}
