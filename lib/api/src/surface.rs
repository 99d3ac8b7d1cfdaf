//! What every HTTP surface wraps round its table of routes.

use std::time::Instant;

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{Next, from_fn, from_fn_with_state, map_request},
    response::Response,
};

use crate::{HttpMetrics, cors::cors, fallback, metrics, unread};

/// The route of requests that match none; one label, whatever was asked for.
const UNMATCHED: &str = "unmatched";

/// What metrics and the log call the route that an answer is from, where a fallback answered; travels
/// in its extensions.
#[derive(Clone, Copy, Debug)]
pub struct RouteName(pub &'static str);

/// Wraps `routes` into what a listener serves.
///
/// From the outside in: CORS; trailing slashes trimmed; then, once a route is chosen, metrics
/// and the log line of a failure; what was not read of a body; panics caught; bodies limited to `body_limit` bytes (a route
/// may set its own [`DefaultBodyLimit`]); JSON for unknown paths and wrong methods.
///
/// `routes` must have neither a fallback nor a surface of its own.
pub fn surface(routes: Router, metrics: HttpMetrics, body_limit: usize) -> Router {
    surface_with_fallback(routes.fallback(fallback::unknown_path), metrics, body_limit)
}

/// As [`surface`], for `routes` with a fallback of their own, which answers what no route does. It
/// says in a [`RouteName`] what it answered as.
pub fn surface_with_fallback(routes: Router, metrics: HttpMetrics, body_limit: usize) -> Router {
    let routes = routes
        .method_not_allowed_fallback(fallback::wrong_method)
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(from_fn(fallback::catch_panic))
        .layer(from_fn(unread::read_what_is_left))
        .layer(from_fn_with_state(metrics, observe));
    // The slash must go before a route is chosen, so the routes are the fallback of a router
    // that has none: a router's layers run after its own routing and before its fallback's.
    Router::new()
        .fallback_service(routes)
        .layer(map_request(fallback::trim_slash))
        .layer(from_fn(cors))
}

async fn observe(State(metrics): State<HttpMetrics>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let method = metrics::label(request.method());
    let started = Instant::now();
    let response = next.run(request).await;
    let named = response.extensions().get::<RouteName>().map(|name| name.0);
    let route = named.unwrap_or(route);
    metrics.record(route, method, response.status(), started.elapsed());
    fallback::log_cause(&response, route, method);
    response
}

#[cfg(test)]
mod tests {
    use axum::{Extension, body::Body, response::IntoResponse, routing::get};
    use http::{Method, header};
    use http_body_util::BodyExt as _;
    use prometheus::{Encoder as _, Registry, TextEncoder};
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{Problem, RawBody};

    fn served() -> (Router, Registry) {
        let registry = Registry::new();
        let metrics = HttpMetrics::register(&registry).unwrap();
        metrics.declare("/app/{app_id}", &Method::GET);
        async fn broken() -> Response {
            panic!("a secret {}", "reason")
        }
        let routes = Router::new()
            .route("/app/{app_id}", get(|| async { "app" }).put(|_: RawBody| async { "put" }))
            .route("/broken", get(broken))
            .route(
                "/failing",
                get(|| async { Problem::internal(std::fmt::Error).into_response() }),
            );
        (surface(routes, metrics, 16), registry)
    }

    async fn ask(router: &Router, method: Method, uri: &str, body: &str) -> (Response, Value) {
        let request = http::Request::builder().method(method).uri(uri);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (Response::from_parts(parts, Body::empty()), json)
    }

    #[tokio::test]
    async fn every_failure_has_a_json_body() {
        let (router, _) = served();
        for (method, uri, body, status, code) in [
            (Method::GET, "/nowhere", "", 404, "not_found"),
            (Method::GET, "/", "", 404, "not_found"),
            (Method::DELETE, "/app/x", "", 405, "method_not_allowed"),
            (Method::PUT, "/app/x", "more than sixteen bytes", 413, "payload_too_large"),
            (Method::GET, "/broken", "", 500, "internal_error"),
            (Method::GET, "/failing", "", 500, "internal_error"),
        ] {
            let (response, json) = ask(&router, method, uri, body).await;
            assert_eq!(response.status().as_u16(), status, "{uri}");
            assert_eq!(json["code"], code, "{uri}");
            assert!(!json.to_string().contains("secret"), "{uri}");
            assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{uri}");
        }
        let (response, _) = ask(&router, Method::DELETE, "/app/x", "").await;
        assert_eq!(response.headers()[header::ALLOW], "GET,HEAD,PUT");
    }

    #[tokio::test]
    async fn a_fallback_answers_what_no_route_does_and_names_itself() {
        let registry = Registry::new();
        let metrics = HttpMetrics::register(&registry).unwrap();
        let named = |name| Extension(RouteName(name));
        let routes = Router::new()
            .route("/app", get(|| async { "app" }))
            .fallback(move || async move { (named("{anything}"), "anything") });
        let router = surface_with_fallback(routes, metrics.clone(), 16);
        assert_eq!(ask(&router, Method::DELETE, "/app", "").await.0.status().as_u16(), 405);
        assert_eq!(ask(&router, Method::GET, "/some/thing/", "").await.0.status().as_u16(), 200);
        let mut text = Vec::new();
        TextEncoder::new().encode(&registry.gather(), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let line = r#"{method="GET",route="{anything}",status_class="2xx"} 1"#;
        assert!(text.contains(line), "{text}");
    }

    #[tokio::test]
    async fn a_trailing_slash_changes_nothing() {
        let (router, _) = served();
        for uri in ["/app/x", "/app/x/", "/app/x/?limit=1"] {
            let (response, _) = ask(&router, Method::GET, uri, "").await;
            assert_eq!(response.status().as_u16(), 200, "{uri}");
        }
    }

    #[tokio::test]
    async fn a_preflight_is_answered_for_any_path() {
        let (router, _) = served();
        let request = http::Request::builder()
            .method(Method::OPTIONS)
            .uri("/app/x/")
            .header(header::ORIGIN, "https://portal.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,svix-req-id")
            .body(Body::empty())
            .unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert!(response.status().is_success());
        let headers = response.headers();
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_METHODS], "*");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization,svix-req-id");
        assert_eq!(headers[header::ACCESS_CONTROL_MAX_AGE], "600");
    }

    #[tokio::test]
    async fn requests_are_counted_by_template_and_nothing_a_caller_invents() {
        let (router, registry) = served();
        ask(&router, Method::GET, "/app/some-app/", "").await;
        ask(&router, Method::GET, "/made/up", "").await;
        ask(&router, "INVENTED".parse().unwrap(), "/made/up", "").await;
        ask(&router, Method::GET, "/broken", "").await;
        let mut text = Vec::new();
        TextEncoder::new().encode(&registry.gather(), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let line = |labels: &str, count: u64| {
            let line = format!("posthaste_http_requests_total{{{labels}}} {count}");
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        };
        line(r#"method="GET",route="/app/{app_id}",status_class="2xx""#, 1);
        line(r#"method="GET",route="/app/{app_id}",status_class="5xx""#, 0);
        line(r#"method="GET",route="unmatched",status_class="4xx""#, 1);
        line(r#"method="other",route="unmatched",status_class="4xx""#, 1);
        line(r#"method="GET",route="/broken",status_class="5xx""#, 1);
        assert!(!text.contains("some-app") && !text.contains("INVENTED"));
    }
}
