//! What is left of a request's body when it is answered before it was read.
//!
//! The HTTP library closes a connection on which something is left unread, and the client, which
//! was not told, sends its next request into the void. So a little is read and thrown away; where
//! it is more, the answer says that the connection ends.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, header};
use http_body::{Frame, SizeHint};
use tokio::time::timeout;

/// How much of an unread body is read, in bytes, and for how long.
const UNREAD_MAX: usize = 64 * 1024;
const UNREAD_FOR: Duration = Duration::from_secs(1);

/// Where a body goes that its reader dropped.
type Left = Arc<Mutex<Option<Body>>>;

/// A body that is handed over where it is dropped before its end.
struct Lent {
    body: Option<Body>,
    left: Left,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// Answers, and sees to what was not read.
pub(crate) async fn read_what_is_left(request: Request, next: Next) -> Response {
    let left = Left::default();
    let lend = |body: Body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(Lent { body: Some(body), left: Arc::clone(&left) })
    };
    let mut response = next.run(request.map(lend)).await;
    let unread = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(body) = unread
        && timeout(UNREAD_FOR, is_short(body)).await != Ok(true)
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads a body to its end; `false` where that does not come soon enough.
async fn is_short(body: Body) -> bool {
    let mut read = 0;
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        match part {
            Ok(part) if read + part.len() <= UNREAD_MAX => read += part.len(),
            Ok(_) | Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use axum::{Router, middleware::from_fn, routing::post};
    use tower::ServiceExt as _;

    use super::*;

    async fn connection(body: Body) -> Option<String> {
        let routes = Router::new()
            .route("/", post(|| async { "answered at once" }))
            .layer(from_fn(read_what_is_left));
        let request = http::Request::post("/").body(body).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        let header = response.headers().get(header::CONNECTION);
        header.map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn a_little_is_read_and_of_much_the_connection_ends() {
        assert_eq!(connection(Body::empty()).await, None);
        assert_eq!(connection(Body::from("{}")).await, None);
        assert_eq!(connection(Body::from(vec![b'x'; UNREAD_MAX])).await, None);
        let much = connection(Body::from(vec![b'x'; UNREAD_MAX + 1])).await;
        assert_eq!(much.as_deref(), Some("close"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_ends_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let begun = tokio::time::Instant::now();
        assert_eq!(connection(Body::from_stream(never)).await.as_deref(), Some("close"));
        assert_eq!(begun.elapsed(), UNREAD_FOR);
    }
}
