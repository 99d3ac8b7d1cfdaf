//! Every path this process answers to its callers, and the specification that follows from it.

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state, routing::get};
use posthaste_api::{HttpMetrics, complete, surface_with_fallback};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    api::{
        Api, application, attempt, authentication, background_task, backlog, dead_letter, delivery,
        endpoint, event_type, headers, health, message, operational_webhook, profile, replay,
        secret, secret_key, statistics,
    },
    idempotency::remember,
    keepers::declare_webhooks,
    merchant, not_implemented,
    specification::{home, methods, pages, supplement},
};

/// The largest body of a management request, in bytes. A resource must fit one message of the
/// broker (1 MiB by default) with every quote in it escaped.
const BODY_LIMIT: usize = 256 * 1024;

fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .merge(health::routes())
        .merge(application::routes())
        .merge(endpoint::routes())
        .merge(headers::routes())
        .merge(secret::routes())
        .merge(secret_key::routes())
        .merge(profile::routes())
        .merge(event_type::routes())
        .merge(message::routes())
        .merge(attempt::routes())
        .merge(delivery::routes())
        .merge(replay::routes())
        .merge(background_task::routes())
        .merge(backlog::routes())
        .merge(dead_letter::routes())
        .merge(authentication::routes())
        .merge(operational_webhook::routes())
        .merge(statistics::routes())
}

/// The specification of everything that control answers, the operations of `accept` included.
#[must_use]
pub fn specification(accept: OpenApi) -> OpenApi {
    let mut document = operations().into_openapi();
    document.merge(accept);
    declare_webhooks(&mut document);
    supplement(&mut document);
    complete(document)
}

/// The operations, their specification, and `accept`: the routes by which messages are accepted,
/// with their specification, so that one address answers the whole API. They must have no
/// fallback, a body limit of their own, and call an application `{app_id}` in their paths, as all
/// routes do.
pub fn router(api: Arc<Api>, accept: (Router, OpenApi), metrics: HttpMetrics) -> Router {
    let (accept, accept_specification) = accept;
    let document = specification(accept_specification);
    for (path, item) in &document.paths.paths {
        for method in methods(item) {
            metrics.declare(path, &method);
        }
    }
    let (operations, _) = operations().split_for_parts();
    let remembered = operations.layer(from_fn_with_state(Arc::clone(&api), remember));
    let operations = remembered.merge(not_implemented::routes(&document));
    merchant::declare(&metrics);
    let merchants = Arc::clone(&api);
    let pages = pages(&document).route("/", get(home));
    let routes = operations.with_state(api).merge(accept).merge(pages);
    let routes = routes.fallback(move |request| merchant::answer(merchants, request));
    surface_with_fallback(routes, metrics, BODY_LIMIT)
}
