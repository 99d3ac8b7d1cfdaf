//! What merchants' own programs may call, with their secret keys: they register endpoints, and ask
//! whether an event is ours.
//!
//! Where that is, is for each application's profile to say; so these are in no table of routes, but
//! behind it: what no route answers comes here. Read in the order of a request: `place` says what
//! stands at a path, `key` whose key is shown, then `registrations` or `verification` answers;
//! `complaint` is every answer that is not the one hoped for.
//!
//! # Invariants
//! - No path of ours can be taken by a profile: routes are asked first.
//! - Whoever shows no key of ours learns no more than that there is something at a path; whoever
//!   shows one learns nothing of what is there for others.
//! - A key, a secret or the body of an event is never logged.

mod complaint;
mod key;
mod pace;
mod place;
mod registration;
mod registrations;
mod verification;

use std::sync::Arc;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::Method;
use posthaste_api::{HttpMetrics, Problem, RouteName};

use self::{complaint::Complaint, place::Place};
pub use self::{pace::Pace, place::Places};
use crate::api::Api;

/// What metrics call these, whatever their paths are.
const REGISTRATIONS: RouteName = RouteName("{registrations}");
const REGISTRATION: RouteName = RouteName("{registrations}/{endpoint_id}");
const VERIFICATION: RouteName = RouteName("{verify_event}");
const UNAUTHENTICATED: RouteName = RouteName("{merchant}");

/// Starts the series of what is answered here.
pub(crate) fn declare(metrics: &HttpMetrics) {
    for (route, method) in [
        (REGISTRATIONS, Method::GET),
        (REGISTRATIONS, Method::POST),
        (REGISTRATION, Method::DELETE),
        (VERIFICATION, Method::POST),
    ] {
        metrics.declare(route.0, &method);
    }
}

/// Answers what no route does.
pub(crate) async fn answer(api: Arc<Api>, request: Request) -> Response {
    let path = request.uri().path();
    let Some(headers) = api.places.known(&api.registry, path) else {
        return Problem::unknown_path().into_response();
    };
    let Some(caller) = key::caller(&api.registry, request.headers(), headers) else {
        return named(UNAUTHENTICATED, Err(Complaint::unauthenticated()));
    };
    match place::of(&api.registry, &caller, path) {
        None => Problem::unknown_path().into_response(),
        Some(Place::Registrations(place)) => {
            let answer = match *request.method() {
                Method::GET | Method::HEAD => Ok(registrations::list(&api, &caller, &place)),
                Method::POST => registrations::create(&api, &caller, request).await,
                _ => Err(Complaint::method_not_allowed("GET,HEAD,POST")),
            };
            named(REGISTRATIONS, answer)
        }
        Some(Place::Registration(id)) => {
            let answer = match *request.method() {
                Method::DELETE => registrations::delete(&api, &caller, &id).await,
                _ => Err(Complaint::method_not_allowed("DELETE")),
            };
            named(REGISTRATION, answer)
        }
        Some(Place::Verification(callbacks)) => {
            let answer = match *request.method() {
                Method::POST => verification::answer(&api, &caller, &callbacks, request).await,
                _ => Err(Complaint::method_not_allowed("POST")),
            };
            named(VERIFICATION, answer)
        }
    }
}

fn named(route: RouteName, answer: Result<Response, Complaint>) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(route);
    response
}
