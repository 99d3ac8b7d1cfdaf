//! Request bodies in, JSON out.
//!
//! A body is read whole, within the surface's size limit and the listener's deadline, before
//! anything looks at it. The `content-type` is not asked about: what counts is whether the bytes are JSON.

use std::error::Error;

use axum::extract::rejection::FailedToBufferBody;
use axum::{
    extract::{FromRequest, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, header};
use posthaste_service::listener::BodyError;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Problem;

/// How much of serde's words about a body is repeated to the caller, in bytes: it may quote what
/// was sent, all of it.
const MAX_ECHO: usize = 512;

/// The bytes of a body, read within the size limit of [`surface`] (413) and the listener's
/// deadline (408).
///
/// [`surface`]: crate::surface()
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        use BytesRejection::FailedToBufferBody as Failed;
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| match &rejection {
            Failed(FailedToBufferBody::LengthLimitError(_)) => Problem::payload_too_large(),
            _ if is_too_slow(&rejection) => Problem::body_too_slow(),
            _ => Problem::bad_request("generic_error", "The request body broke off."),
        })
    }
}

fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(BodyError::TooSlow))
        || error.source().is_some_and(is_too_slow)
}

/// A body that is the JSON of a `T`; anything else is answered 422 and says where.
#[derive(Clone, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse_json(&bytes).map(Self)
    }
}

/// Reads a `T`, which may borrow from `bytes`.
///
/// # Errors
/// 422 `value_error.jsondecode` with the path to what does not fit. Only a body that fails is
/// read a second time, to find that path.
pub fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let json = &mut serde_json::Deserializer::from_slice(bytes);
        match serde_path_to_error::deserialize::<_, T>(json) {
            Err(located) => {
                let path = located.path().to_string();
                Problem::json(short(&path), short(&located.into_inner().to_string()).to_owned())
            }
            // The value was fine; what follows it is not.
            Ok(_) => Problem::json(".", short(&error.to_string()).to_owned()),
        }
    })
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ECHO)]
}

/// A response whose body is the JSON of a `T`.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], body).into_response()
            }
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::{body::Body, extract::DefaultBodyLimit, routing::post};
    use http_body_util::BodyExt as _;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sample {
        #[serde(rename = "name")]
        _name: String,
        #[serde(default, rename = "metadata")]
        _metadata: BTreeMap<String, String>,
        #[serde(default, rename = "eventTypes")]
        _event_types: Vec<String>,
    }

    async fn faults(body: &str) -> (u16, Value) {
        let problem = parse_json::<Sample>(body.as_bytes()).unwrap_err();
        let response = problem.into_response();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_fault_names_the_place_it_is_at() {
        for (body, loc) in [
            ("", json!(["body", "", ""])),
            ("{}", json!(["body", "", ""])),
            (r#"{"name":"x"} y"#, json!(["body", "", ""])),
            (r#"{"name":1}"#, json!(["body", "name"])),
            (r#"{"name":"x","metadata":{"k":[]}}"#, json!(["body", "metadata", "k"])),
            (r#"{"name":"x","eventTypes":["a",2]}"#, json!(["body", "eventTypes[1]"])),
        ] {
            let (status, answer) = faults(body).await;
            assert_eq!(status, 422, "{body}");
            assert_eq!(answer["detail"][0]["loc"], loc, "{body}");
            assert_eq!(answer["detail"][0]["type"], "value_error.jsondecode", "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_repeated_of_a_body_is_short() {
        let key = "é".repeat(10_000);
        let (_, answer) = faults(&format!(r#"{{"name":"x","metadata":{{"{key}":{{}}}}}}"#)).await;
        assert!(answer.to_string().len() < 2 * MAX_ECHO + 100);
    }

    #[tokio::test]
    async fn a_nest_of_brackets_is_refused_and_not_descended_into() {
        for deep in ["[", r#"{"name":"#] {
            assert_eq!(faults(&deep.repeat(100_000)).await.0, 422);
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_answered_413() {
        let routes = axum::Router::new()
            .route("/", post(|RawBody(bytes): RawBody| async move { bytes }))
            .layer(DefaultBodyLimit::max(8));
        for (size, status) in [(8, 200), (9, 413)] {
            let request = http::Request::post("/").body(Body::from(vec![b'x'; size])).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status);
        }
    }

    #[tokio::test]
    async fn a_body_that_comes_too_late_is_408_and_one_that_breaks_off_400() {
        for (error, status) in [
            (Box::<dyn Error + Send + Sync>::from(BodyError::TooSlow), 408),
            (Box::from(std::io::Error::other("reset")), 400),
        ] {
            let body = Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(error)]));
            let problem = RawBody::from_request(Request::new(body), &()).await.unwrap_err();
            assert_eq!(problem.status().as_u16(), status);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse_json::<Sample>(&bytes);
            let _ = parse_json::<Value>(&bytes);
        }
    }
}
