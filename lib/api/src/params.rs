//! What a request's path, query and headers say.

use axum::extract::{FromRequestParts, Path, Query};
use http::{HeaderMap, Uri, request::Parts};
use serde::de::DeserializeOwned;

use crate::{Problem, ValidationFault};

/// The header by which a request is recognised when it is sent again.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest idempotency key, in bytes.
const IDEMPOTENCY_KEY_MAX: usize = 256;

/// The idempotency key of a request, where it has one.
///
/// # Errors
/// 422 for an empty one, one of more than 256 bytes, and one that is not visible ASCII.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::validation(vec![ValidationFault::header(
            IDEMPOTENCY_KEY,
            format!("must be 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters"),
        )])),
    }
}

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

/// Every item of the list `name` in a query, in the order given: `name=a,b`, `name=a&name=b`,
/// `name[]=a&name[]=b` and `name[0]=a&name[1]=b` say the same. Empty items are left out.
///
/// # Errors
/// 400 where the query cannot be read at all.
pub fn query_list(uri: &Uri, name: &str) -> Result<Vec<String>, Problem> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|rejection| Problem::bad_request("generic_error", rejection.body_text()))?;
    let names_it = |key: &str| {
        key.strip_prefix(name).is_some_and(|rest| {
            let index = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            rest.is_empty() || index.is_some_and(|at| at.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    let values = pairs.iter().filter(|(key, _)| names_it(key)).map(|(_, value)| value);
    let items = values.flat_map(|value| value.split(','));
    Ok(items.filter(|item| !item.is_empty()).map(str::to_owned).collect())
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

    #[test]
    fn a_key_is_short_and_plain() {
        let read = |key: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, http::HeaderValue::from_bytes(key).unwrap());
            idempotency_key(&headers).map(|key| key.map(str::to_owned)).ok()
        };
        assert_eq!(read(b"auto_1 2"), Some(Some("auto_1 2".to_owned())));
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
        assert!(read(&[b'x'; 256]).is_some());
        for bad in [&b""[..], &[b'x'; 257], "é".as_bytes()] {
            assert_eq!(read(bad), None);
        }
    }

    #[test]
    fn lists_are_read_in_every_spelling() {
        let list = |query: &str| {
            query_list(&format!("/x?{query}").parse().unwrap(), "types").unwrap().join("|")
        };
        for query in [
            "types=a,b&types=c",
            "types[]=a&types%5B%5D=b&types=c",
            "types[0]=a&other=x&types[1]=b,c,",
        ] {
            assert_eq!(list(query), "a|b|c", "{query}");
        }
        for none in ["", "types=", "types[x]=a", "types[=a", "typesx=a", "my_types=a"] {
            assert_eq!(list(none), "", "{none}");
        }
    }

    #[tokio::test]
    async fn odd_queries_are_400_and_odd_paths_404() {
        assert_eq!(status("/x?limit=5&unknown=1").await, 200);
        assert_eq!(status("/x?limit=many").await, 400);
        assert_eq!(status("/x?limit=1&limit=2").await, 400);
        assert_eq!(status("/%FF").await, 404);
    }
}
