//! What one request came to, and the verdict on it.

use std::{error::Error, ops::RangeInclusive};

use posthaste_domain::{Failure, FailureKind, Refusal, Timestamp, Verdict, retry_after};

use crate::{AnswerRules, TlsTrouble, answer::Answer};

/// The statuses that point elsewhere (RFC 9110 §15.4).
const REDIRECTS: RangeInclusive<u16> = 300..=399;

/// `410 Gone` (RFC 9110 §15.5.11).
const GONE: u16 = 410;

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
    #[error("{trouble}")]
    Tls {
        /// What is wrong with it.
        trouble: TlsTrouble,
        /// What the library said.
        source: Cause,
    },
    /// The connection broke before the head of an answer, or the answer was not HTTP/1.
    #[error("the endpoint closed the connection or did not answer in HTTP")]
    Reset(#[source] Cause),
}

impl Outcome {
    /// The status of the answer, where there is one: also of one that makes a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.result.as_ref().ok().map(|answer| answer.status)
    }

    /// The verdict, as of `now`, by `rules`.
    ///
    /// Only the head counts: a body that came late, too long or not at all changes nothing. A
    /// success is a success even with 410; a redirect never is one.
    #[must_use]
    pub fn verdict(&self, now: Timestamp, rules: &AnswerRules) -> Verdict {
        match &self.result {
            Ok(answer) => judged(answer, now, rules),
            Err(SendError::Blocked) => Verdict::Refused(Refusal::BlockedAddress),
            Err(SendError::InvalidUrl) => Verdict::Refused(Refusal::InvalidUrl),
            Err(SendError::Timeout) => unanswered(FailureKind::Timeout),
            Err(SendError::Dns(_)) => unanswered(FailureKind::Dns),
            Err(SendError::Connect(_)) => unanswered(FailureKind::Connect),
            Err(SendError::Tls { .. }) => unanswered(FailureKind::Tls),
            Err(SendError::Reset(_)) => unanswered(FailureKind::Reset),
        }
    }
}

fn judged(answer: &Answer, now: Timestamp, rules: &AnswerRules) -> Verdict {
    let status = answer.status;
    let is_redirect = REDIRECTS.contains(&status);
    if !is_redirect && rules.success.contains(status) {
        return Verdict::Delivered { status };
    }
    if status == GONE && rules.gone.is_final() {
        return Verdict::Refused(Refusal::Gone);
    }
    let asked = answer.retry_after.as_deref().filter(|_| rules.retry_after.hears(status));
    Verdict::TryAgain(Failure {
        kind: if is_redirect { FailureKind::Redirect } else { FailureKind::Status },
        status: Some(status),
        retry_after: asked.and_then(|asked| retry_after(asked, now)),
    })
}

const fn unanswered(kind: FailureKind) -> Verdict {
    Verdict::TryAgain(Failure { kind, status: None, retry_after: None })
}

#[cfg(test)]
mod tests;
