//! What a request's path and query say.

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;

/// The query as a `T`. Unknown parameters are ignored; one that does not fit is answered 400.
#[derive(Clone, Debug)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::bad_request("generic_error", rejection.body_text())),
        }
    }
}

/// The path's parameters as a `T`. Ids in paths are not validated: nonsense is not found.
#[derive(Clone, Debug)]
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::entity_not_found()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use http::Request;
    use serde::Deserialize;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Deserialize)]
    struct Limit {
        limit: Option<u64>,
    }

    async fn status(uri: &str) -> u16 {
        let routes = Router::new().route(
            "/{id}",
            get(|_: PathParams<String>, QueryParams(query): QueryParams<Limit>| async move {
                query.limit.unwrap_or_default().to_string()
            }),
        );
        let request = Request::get(uri).body(Body::empty()).unwrap();
        routes.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn odd_queries_are_400_and_odd_paths_404() {
        assert_eq!(status("/x?limit=5&unknown=1").await, 200);
        assert_eq!(status("/x?limit=many").await, 400);
        assert_eq!(status("/x?limit=1&limit=2").await, 400);
        assert_eq!(status("/%FF").await, 404);
    }
}
