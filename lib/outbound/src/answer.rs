//! What is kept of a receiver's answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::RETRY_AFTER};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::Transport;

/// How long a body is waited for once its head has decided everything. It is for people to look at,
/// and neither the slot nor the verdict should wait for it for long.
const BODY_WITHIN: Duration = Duration::from_secs(2);

/// The longest `Retry-After` worth reading, in bytes; a date has at most 33 (RFC 9110 §5.6.7).
const MAX_RETRY_AFTER: usize = 64;

/// A receiver's answer, of which the head arrived in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The `Retry-After` header as received.
    pub retry_after: Option<String>,
    /// The beginning of the body, as much as its transport keeps; 16 KiB at most.
    pub body: Bytes,
    /// Whether `body` is all there was: not cut off by size, the deadline, or a broken connection.
    pub body_complete: bool,
}

impl Answer {
    /// Reads the body until it ends, the deadline passes, or it is too long for `transport`. However
    /// that goes, the status stands.
    pub(crate) async fn read(
        mut response: Response,
        deadline: Instant,
        transport: &Transport,
    ) -> Self {
        let read_limit = transport.read_limit.min(Transport::READ_MAX);
        let keep_limit = transport.keep_limit.min(Transport::KEEP_MAX);
        let deadline = deadline.min(Instant::now() + BODY_WITHIN);
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut kept = Kept::up_to(keep_limit);
        let mut read = 0;
        let ended = loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(None)) => break true,
                Ok(Ok(Some(chunk))) => {
                    read += chunk.len();
                    kept.push(chunk);
                }
                Ok(Err(_)) | Err(_) => break false,
            }
            if read > read_limit {
                break false;
            }
        };
        let body_complete = ended && read <= keep_limit;
        Self { status, retry_after, body: kept.into_bytes(), body_complete }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    (value.len() <= MAX_RETRY_AFTER).then(|| value.to_owned())
}

/// The beginning of a body. Most come in one piece, which is kept without copying.
struct Kept {
    limit: usize,
    first: Bytes,
    joined: BytesMut,
}

impl Kept {
    fn up_to(limit: usize) -> Self {
        Self { limit, first: Bytes::new(), joined: BytesMut::new() }
    }

    fn push(&mut self, chunk: Bytes) {
        if self.first.is_empty() && self.joined.is_empty() && chunk.len() <= self.limit {
            self.first = chunk;
            return;
        }
        // Also a first piece that is too long: a slice would keep all of it in memory.
        self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        let room = self.limit.saturating_sub(self.joined.len());
        self.joined.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn an_overlong_retry_after_is_not_kept() {
        let with = |value: &str| HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(retry_after(&with("120")), Some("120".to_owned()));
        assert_eq!(retry_after(&with(&"1".repeat(65))), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_the_beginning_of_the_body(
            limit in 0..=Transport::KEEP_MAX,
            chunks in vec((any::<u8>(), 0..20_000_usize), 0..5),
        ) {
            let mut kept = Kept::up_to(limit);
            let mut body = Vec::new();
            for (byte, len) in chunks {
                body.extend(std::iter::repeat_n(byte, len));
                kept.push(Bytes::from(vec![byte; len]));
            }
            body.truncate(limit);
            prop_assert_eq!(kept.into_bytes(), body);
        }
    }
}
