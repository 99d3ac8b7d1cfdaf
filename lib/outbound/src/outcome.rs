//! What one request came to, and the verdict on it.

use std::{error::Error, ops::RangeInclusive};

use posthaste_domain::{Failure, FailureKind, Refusal, Timestamp, Verdict, retry_after};

use crate::answer::Answer;

/// The statuses that mean a receiver took the message, unless told otherwise.
pub const SUCCESS: RangeInclusive<u16> = 200..=299;

/// The statuses that point elsewhere (RFC 9110 §15.4).
const REDIRECTS: RangeInclusive<u16> = 300..=399;

/// What one request came to.
#[derive(Debug)]
pub struct Outcome {
    /// The answer, or why there is none.
    pub result: Result<Answer, SendError>,
}

/// The underlying error, for logs only: it may name addresses that customers must not learn. It
/// never holds the URL.
type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no answer. The messages may be shown to customers, the causes not.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Every address of the host is private or special, and not on the allow-list. Nothing was
    /// dialled.
    #[error("requests to the endpoint's address are not allowed")]
    Blocked,
    /// No request can be made of the URL, or it is not `https` where that is demanded. Nothing was
    /// dialled.
    #[error("the endpoint's URL cannot be requested")]
    InvalidUrl,
    /// No head of an answer before the deadline, or no connection within the time for connecting.
    #[error("the endpoint did not answer in time")]
    Timeout,
    /// The name has no address, or the lookup failed.
    #[error("the endpoint's name did not resolve")]
    Dns(#[source] Cause),
    /// Refused or unreachable.
    #[error("the endpoint could not be connected to")]
    Connect(#[source] Cause),
    /// No agreement on TLS, or a certificate that does not verify.
    #[error("no trusted TLS connection to the endpoint")]
    Tls(#[source] Cause),
    /// The connection broke before the head of an answer, or the answer was not HTTP/1.
    #[error("the endpoint closed the connection or did not answer in HTTP")]
    Reset(#[source] Cause),
}

impl Outcome {
    /// The verdict, as of `now`, where an answer with a status in `success` is a delivery.
    ///
    /// Only the head counts: a body that came late, too long or not at all changes nothing.
    #[must_use]
    pub fn verdict(&self, now: Timestamp, success: &RangeInclusive<u16>) -> Verdict {
        match &self.result {
            Ok(answer) if success.contains(&answer.status) => {
                Verdict::Delivered { status: answer.status }
            }
            Ok(answer) => Verdict::TryAgain(Failure {
                kind: if REDIRECTS.contains(&answer.status) {
                    FailureKind::Redirect
                } else {
                    FailureKind::Status
                },
                status: Some(answer.status),
                retry_after: answer
                    .retry_after
                    .as_deref()
                    .and_then(|asked| retry_after(asked, now)),
            }),
            Err(SendError::Blocked) => Verdict::Refused(Refusal::BlockedAddress),
            Err(SendError::InvalidUrl) => Verdict::Refused(Refusal::InvalidUrl),
            Err(SendError::Timeout) => unanswered(FailureKind::Timeout),
            Err(SendError::Dns(_)) => unanswered(FailureKind::Dns),
            Err(SendError::Connect(_)) => unanswered(FailureKind::Connect),
            Err(SendError::Tls(_)) => unanswered(FailureKind::Tls),
            Err(SendError::Reset(_)) => unanswered(FailureKind::Reset),
        }
    }
}

const fn unanswered(kind: FailureKind) -> Verdict {
    Verdict::TryAgain(Failure { kind, status: None, retry_after: None })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(784_111_777_000_000); // 1994-11-06T08:49:37Z

    fn answered(status: u16, retry_after: Option<&str>) -> Outcome {
        Outcome {
            result: Ok(Answer {
                status,
                retry_after: retry_after.map(str::to_owned),
                body: Bytes::new(),
                body_complete: false,
            }),
        }
    }

    fn failed(kind: FailureKind, status: Option<u16>, wait: Option<u64>) -> Verdict {
        let retry_after = wait.map(Duration::from_secs);
        Verdict::TryAgain(Failure { kind, status, retry_after })
    }

    #[test]
    fn statuses_become_verdicts() {
        let verdict = |status| answered(status, None).verdict(NOW, &SUCCESS);
        assert_eq!(verdict(200), Verdict::Delivered { status: 200 });
        assert_eq!(verdict(299), Verdict::Delivered { status: 299 });
        for status in [300, 301, 304, 399] {
            assert_eq!(verdict(status), failed(FailureKind::Redirect, Some(status), None));
        }
        for status in [101, 199, 400, 404, 410, 429, 500, 503, 599] {
            assert_eq!(verdict(status), failed(FailureKind::Status, Some(status), None));
        }
        let only_200 = answered(202, None).verdict(NOW, &(200..=200));
        assert_eq!(only_200, failed(FailureKind::Status, Some(202), None));
    }

    #[test]
    fn a_wait_is_heard_only_with_a_failure() {
        let verdict = |status, asked| answered(status, Some(asked)).verdict(NOW, &SUCCESS);
        assert_eq!(verdict(503, "120"), failed(FailureKind::Status, Some(503), Some(120)));
        let in_a_minute = "Sun, 06 Nov 1994 08:50:37 GMT";
        assert_eq!(verdict(429, in_a_minute), failed(FailureKind::Status, Some(429), Some(60)));
        assert_eq!(verdict(503, "soon"), failed(FailureKind::Status, Some(503), None));
        assert_eq!(verdict(200, "120"), Verdict::Delivered { status: 200 });
    }

    #[test]
    fn what_was_never_sent_is_refused() {
        let verdict = |error| Outcome { result: Err(error) }.verdict(NOW, &SUCCESS);
        assert_eq!(verdict(SendError::Blocked), Verdict::Refused(Refusal::BlockedAddress));
        assert_eq!(verdict(SendError::InvalidUrl), Verdict::Refused(Refusal::InvalidUrl));
        assert_eq!(verdict(SendError::Timeout), failed(FailureKind::Timeout, None, None));
    }

    proptest! {
        #[test]
        fn no_answer_can_refuse_a_delivery(status: u16, asked in "\\PC{0,40}") {
            let verdict = answered(status, Some(&asked)).verdict(NOW, &SUCCESS);
            prop_assert!(!matches!(verdict, Verdict::Refused(_) | Verdict::HandedBack));
        }
    }
}
