//! The specification as it is served: for programs at `/api/v1/openapi.json`, for people at
//! `/docs`. Both are made once, at start, from the code that answers.

mod docs;
mod example;
mod fields;
mod html;

use axum::{Router, response::IntoResponse, routing::get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use posthaste_api::IDEMPOTENCY_KEY;
use sha2::{Digest as _, Sha256};
use utoipa::OpenApi as _;
use utoipa::openapi::{
    ObjectBuilder, OpenApi, PathItem, RefOr, Type,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

use crate::page::Ordering;

/// What queries refer to; the specification gathers by itself only what bodies do.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(Ordering)))]
struct OfQueries;

/// Where people find it.
const DOCS: &str = "/docs";
/// Where programs find it.
const JSON: &str = "/api/v1/openapi.json";

/// The looks of the page; it is in the page, so that nothing else is fetched.
const STYLE: &str = include_str!("specification/style.css");

/// The routes that show `document`.
pub(crate) fn pages(document: &OpenApi) -> Router {
    // A document that does not serialise is a bug that the first test of any route finds.
    let json = serde_json::to_value(document).unwrap_or_default();
    let page = Bytes::from(docs::page(&json, STYLE, JSON));
    let json = Bytes::from(json.to_string());
    Router::new()
        .route(JSON, get(move || async { ([(header::CONTENT_TYPE, "application/json")], json) }))
        .route(DOCS, get(move || async { (page_headers(), page) }))
}

/// Nothing runs in the page and nothing is fetched for it; its style is known by its digest.
fn page_headers() -> [(HeaderName, HeaderValue); 4] {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy);
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (
            header::CONTENT_SECURITY_POLICY,
            policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
}

/// `GET /`: the way to the docs.
pub(crate) async fn home() -> impl IntoResponse {
    let to = HeaderValue::from_static(DOCS);
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)])
}

/// Adds what the operations do not say themselves.
pub(crate) fn supplement(document: &mut OpenApi) {
    document.merge(OfQueries::openapi());
    describe_idempotency(document);
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            for (status, answer) in &mut operation.responses.responses {
                if let RefOr::T(answer) = answer
                    && answer.description.is_empty()
                {
                    answer.description = usual(status).to_owned();
                }
            }
        }
    }
}

/// What is said of an answer of which nothing else is.
fn usual(status: &str) -> &'static str {
    match status {
        "200" => "As the body says.",
        "201" => "It was created.",
        "202" => "It is taken on.",
        _ => "Done.",
    }
}

/// Says of every POST that it may bring a key.
fn describe_idempotency(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let is_key = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(known) if known.name == IDEMPOTENCY_KEY);
        if let Some(operation) = &mut item.post
            && !operation.parameters.iter().flatten().any(is_key)
        {
            let key = ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(256));
            let key = ParameterBuilder::new()
                .name(IDEMPOTENCY_KEY)
                .parameter_in(ParameterIn::Header)
                .description(Some(
                    "Whoever sends a request again with the same key, within 12 hours and whatever \
                     the body, is given the answer of the first that succeeded.",
                ))
                .schema(Some(key));
            operation.parameters.get_or_insert_default().push(RefOr::T(key.build()));
        }
    }
}

/// The methods that a path answers.
pub(crate) fn methods(item: &PathItem) -> impl Iterator<Item = Method> {
    let all = [
        (&item.get, Method::GET),
        (&item.post, Method::POST),
        (&item.put, Method::PUT),
        (&item.patch, Method::PATCH),
        (&item.delete, Method::DELETE),
    ];
    all.into_iter().filter_map(|(operation, method)| operation.as_ref().map(|_| method))
}
