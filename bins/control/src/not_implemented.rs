//! The operations that clients of the wire contract can call and this server does not serve.
//!
//! Whoever has a good token is told that they are not there yet, which is more than a 404 says. They
//! are no part of the specification.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    routing::{MethodFilter, MethodRouter, on},
};
use http::Method;
use posthaste_api::Problem;
use utoipa::openapi::OpenApi;

use crate::{access::Anyone, api::Api, specification::methods};

/// A method and the template of a path, one operation a line; `#` begins a comment.
const OPERATIONS: &str = include_str!("not_implemented.txt");

async fn answer(_: Anyone) -> Problem {
    Problem::not_implemented()
}

/// The routes of every operation that is not in `document`.
pub(crate) fn routes(document: &OpenApi) -> Router<Arc<Api>> {
    missing(document)
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(&path, methods))
}

fn missing(document: &OpenApi) -> BTreeMap<String, MethodRouter<Arc<Api>>> {
    // One path must be spelled in one way, whatever its parameters are called elsewhere.
    let served: BTreeMap<_, _> =
        document.paths.paths.iter().map(|(path, item)| (shape(path), (path, item))).collect();
    let mut missing: BTreeMap<String, MethodRouter<Arc<Api>>> = BTreeMap::new();
    for (method, path) in operations() {
        let (path, is_served) = match served.get(&shape(path)) {
            Some((path, item)) => (path.as_str(), methods(item).any(|served| served == method)),
            None => (path, false),
        };
        if !is_served && let Ok(filter) = MethodFilter::try_from(method) {
            let routed = missing.remove(path).unwrap_or_default();
            missing.insert(path.to_owned(), routed.merge(on(filter, answer)));
        }
    }
    missing
}

fn operations() -> impl Iterator<Item = (Method, &'static str)> {
    let lines = OPERATIONS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (method, path) = line.split_once(' ')?;
        Some((method.parse().ok()?, path))
    })
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let steps = path.split('/').map(|step| if step.starts_with('{') { "{}" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_operation() {
        let lines = OPERATIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(operations().count(), lines.count());
        for (method, path) in operations() {
            assert!(MethodFilter::try_from(method).is_ok() && path.starts_with('/'), "{path}");
        }
        assert_eq!(shape("/a/{b}/c/{d_e}"), "/a/{}/c/{}");
    }
}
