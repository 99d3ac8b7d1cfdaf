//! What may become of an attempt: a closed set, settled in one exhaustive match.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered {
        /// The status it answered with.
        status: u16,
    },
    /// Not this time.
    TryAgain(Failure),
    /// Never, as things stand; trying again would change nothing.
    Refused(Refusal),
    /// The worker was stopped before there was an answer. Not an attempt: it costs the customer
    /// nothing.
    HandedBack,
}

/// Why an attempt failed in a way that a later one may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// The status code, where there was an answer.
    pub status: Option<u16>,
    /// How long the receiver asked us to wait.
    pub retry_after: Option<Duration>,
}

/// What went wrong with a request; also a metric's label, so the set stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A status outside the success set.
    Status,
    /// A redirect, which is never followed.
    Redirect,
    /// The deadline passed before the head of an answer.
    Timeout,
    /// The name did not resolve.
    Dns,
    /// No connection: refused or unreachable.
    Connect,
    /// No agreement on TLS, or a certificate that does not verify.
    Tls,
    /// The connection broke before the head of an answer, or the answer was not HTTP.
    Reset,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Status,
        Self::Redirect,
        Self::Timeout,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Reset,
    ];

    /// The kind's name on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a delivery was given up before its schedule ended; all but [`Gone`](Self::Gone) without
/// (another) request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Every address of the host is private or special, and not on the allow-list.
    BlockedAddress,
    /// The URL cannot be requested.
    InvalidUrl,
    /// The endpoint was disabled after the delivery was planned.
    EndpointDisabled,
    /// The endpoint or its application was deleted after the delivery was planned.
    EndpointDeleted,
    /// The event is no longer in the stream.
    EventGone,
    /// The receiver answered `410 Gone`, and the endpoint's profile takes that as final.
    Gone,
    /// No request can be made of the message under the endpoint's profile, or none of the
    /// endpoint's secrets fits it.
    Unrenderable,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::BlockedAddress,
        Self::InvalidUrl,
        Self::EndpointDisabled,
        Self::EndpointDeleted,
        Self::EventGone,
        Self::Gone,
        Self::Unrenderable,
    ];

    /// The reason's name on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BlockedAddress => "blocked_address",
            Self::InvalidUrl => "invalid_url",
            Self::EndpointDisabled => "endpoint_disabled",
            Self::EndpointDeleted => "endpoint_deleted",
            Self::EventGone => "event_gone",
            Self::Gone => "gone",
            Self::Unrenderable => "unrenderable",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
