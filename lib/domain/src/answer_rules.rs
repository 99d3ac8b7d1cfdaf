//! What an answer's head means to whoever sent the request.

use crate::StatusSet;

/// How answers are judged. By default every 2xx is a delivery, a wait is heard with any failure,
/// and `410 Gone` is a failure like others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerRules {
    /// The statuses with which a receiver took the message. A redirect is a failure even if it is
    /// listed, for what it points to has received nothing.
    pub success: StatusSet,
    /// With which failures a wait is heard.
    pub retry_after: RetryAfterRule,
    /// What a `410 Gone` means, unless it is a success.
    pub gone: OnGone,
}

impl Default for AnswerRules {
    fn default() -> Self {
        Self {
            success: StatusSet::SUCCESSFUL,
            retry_after: RetryAfterRule::default(),
            gone: OnGone::default(),
        }
    }
}

/// With which failures a `Retry-After` (RFC 9110 §10.2.3) is heard. It is never heard with a
/// success, and how long a wait may be is the schedule's to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RetryAfterRule {
    /// With none: only the status counts.
    Ignored,
    /// With every failing status, redirects included.
    #[default]
    AnyFailure,
    /// With these, where they are failures.
    Only(StatusSet),
}

impl RetryAfterRule {
    /// Whether it is heard with a failing `status`.
    #[must_use]
    pub const fn hears(&self, status: u16) -> bool {
        match self {
            Self::Ignored => false,
            Self::AnyFailure => true,
            Self::Only(statuses) => statuses.contains(status),
        }
    }
}

/// What a `410 Gone` (RFC 9110 §15.5.11) means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnGone {
    /// A failure like others.
    #[default]
    Retry,
    /// The receiver will never take this message, which is given up.
    FailMessage,
    /// The receiver wants no more messages: this one is given up, and whoever acts on the verdict
    /// disables the endpoint.
    DisableEndpoint,
}

impl OnGone {
    /// Whether the message is given up.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Retry)
    }
}
