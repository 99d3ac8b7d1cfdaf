//! An answer as text, and back.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use posthaste_api::Problem;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The most bytes of an answer that is remembered. Sealed and in base64 it still fits a value of
/// the bucket.
const PLAIN_MAX: usize = 47 * 1_024;

/// What stands before the body, on a line of its own.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    status: u16,
    #[serde(borrow)]
    headers: Vec<(&'a str, std::borrow::Cow<'a, str>)>,
}

/// What `read` makes an answer of again.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("a remembered answer has no head")]
    NoHead,
    #[error("a remembered answer has no such head")]
    Head(#[from] serde_json::Error),
    #[error("a remembered answer is none of HTTP")]
    Http(#[from] http::Error),
}

/// The response again, and its text, where it is not too long to be remembered.
pub(super) async fn written(response: Response) -> (Response, Option<Zeroizing<Vec<u8>>>) {
    let (parts, body) = response.into_parts();
    // What has no known length is a stream, and streams are long.
    let known = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    if known.is_none_or(|length| length > PLAIN_MAX) {
        return (Response::from_parts(parts, body), None);
    }
    let Ok(bytes) = to_bytes(body, PLAIN_MAX).await else {
        let lost = Problem::internal(Unreadable::NoHead);
        return (axum::response::IntoResponse::into_response(lost), None);
    };
    let headers = parts.headers.iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?.into())));
    let head = Head { status: parts.status.as_u16(), headers: headers.collect() };
    let plain = serde_json::to_vec(&head).ok().map(Zeroizing::new).map(|mut plain| {
        plain.push(b'\n');
        plain.extend_from_slice(&bytes);
        plain
    });
    let plain = plain.filter(|plain| plain.len() <= PLAIN_MAX);
    (Response::from_parts(parts, Body::from(bytes)), plain)
}

/// The answer that was written.
pub(super) fn read(plain: &[u8]) -> Result<Response, Problem> {
    rebuilt(plain).map_err(Problem::internal)
}

fn rebuilt(plain: &[u8]) -> Result<Response, Unreadable> {
    let end = plain.iter().position(|byte| *byte == b'\n').ok_or(Unreadable::NoHead)?;
    let head: Head<'_> = serde_json::from_slice(&plain[..end])?;
    let body = Bytes::copy_from_slice(&plain[end + 1..]);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(head.status).map_err(http::Error::from)?;
    for (name, value) in head.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(http::Error::from)?;
        let value = HeaderValue::from_str(&value).map_err(http::Error::from)?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::header;
    use http_body_util::BodyExt as _;
    use proptest::prelude::*;

    use super::*;

    async fn told(response: Response) -> (StatusCode, http::HeaderMap, Bytes) {
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn long_answers_and_streams_are_passed_on_and_not_kept() {
        for (length, kept) in [(40_000, true), (47 * 1_024, false), (100_000, false)] {
            let (response, plain) = written(vec![b'x'; length].into_response()).await;
            assert_eq!(told(response).await.2.len(), length);
            assert_eq!(plain.is_some(), kept, "{length}");
        }
        let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from("x"))]);
        let (response, plain) = written(Body::from_stream(stream).into_response()).await;
        assert!(plain.is_none());
        assert_eq!(told(response).await.2, "x");
        for torn in [&b""[..], b"{}", b"{}\n", b"{\"status\":7,\"headers\":[]}\n"] {
            assert_eq!(read(torn).unwrap_err().status().as_u16(), 500);
        }
    }

    proptest! {
        #[test]
        fn an_answer_is_the_same_again(
            status in 200_u16..300, body in "\\PC{0,60}", note in "[ -~]{1,20}",
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut response = body.into_response();
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                let note = HeaderValue::from_str(note.trim()).unwrap();
                response.headers_mut().insert(header::CACHE_CONTROL, note);
                let (response, plain) = written(response).await;
                let again = read(&plain.unwrap()).unwrap();
                assert_eq!(told(again).await, told(response).await);
            });
        }
    }
}
