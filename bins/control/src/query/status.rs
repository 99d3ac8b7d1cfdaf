//! The numbers by which the Svix API tells how things went.

use posthaste_history::{AttemptStatus, DeliveryStatus};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

/// How a message, or an attempt at it, stands. Older clients know of no number above 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub(crate) enum MessageStatus {
    Success = 0,
    Fail = 2,
    Sending = 3,
}

/// How what is asked for stands: anything that a client may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub(crate) enum WantedStatus {
    Success = 0,
    /// Nothing ever has it.
    Pending = 1,
    Fail = 2,
    Sending = 3,
    /// Nothing ever has it.
    Canceled = 4,
}

/// The same in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MessageStatusText)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusText {
    Success,
    Fail,
    Sending,
}

/// A class of status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct StatusCodeClass(u16);

/// What set an attempt off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub(crate) struct Trigger(posthaste_domain::Trigger);

/// A number that stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("expected a status: 0, 1, 2, 3 or 4")]
    Status,
    #[error("expected a class of status codes: 0, 100, 200, 300, 400 or 500")]
    Class,
}

impl MessageStatus {
    /// The status of an attempt; one that failed has failed, whatever is to follow it.
    pub(crate) const fn of_attempt(is_success: bool) -> Self {
        if is_success { Self::Success } else { Self::Fail }
    }

    /// The same in a word.
    pub(crate) const fn text(self) -> StatusText {
        match self {
            Self::Success => StatusText::Success,
            Self::Fail => StatusText::Fail,
            Self::Sending => StatusText::Sending,
        }
    }
}

impl WantedStatus {
    const ALL: [Self; 5] =
        [Self::Success, Self::Pending, Self::Fail, Self::Sending, Self::Canceled];

    /// The attempts that have it; `None` where none can.
    pub(crate) fn of_attempts(self) -> Option<Vec<AttemptStatus>> {
        match self {
            Self::Success => Some(vec![AttemptStatus::Success]),
            Self::Fail => Some(vec![AttemptStatus::Fail, AttemptStatus::Sending]),
            Self::Pending | Self::Sending | Self::Canceled => None,
        }
    }
}

impl TryFrom<u8> for WantedStatus {
    type Error = NumberError;

    fn try_from(number: u8) -> Result<Self, NumberError> {
        Self::ALL.into_iter().find(|one| *one as u8 == number).ok_or(NumberError::Status)
    }
}

impl From<MessageStatus> for u8 {
    fn from(status: MessageStatus) -> Self {
        status as Self
    }
}

impl From<DeliveryStatus> for MessageStatus {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Success => Self::Success,
            DeliveryStatus::Fail => Self::Fail,
            DeliveryStatus::Sending => Self::Sending,
        }
    }
}

/// `None` where no delivery can have it.
impl From<WantedStatus> for Option<DeliveryStatus> {
    fn from(status: WantedStatus) -> Self {
        match status {
            WantedStatus::Success => Some(DeliveryStatus::Success),
            WantedStatus::Fail => Some(DeliveryStatus::Fail),
            WantedStatus::Sending => Some(DeliveryStatus::Sending),
            WantedStatus::Pending | WantedStatus::Canceled => None,
        }
    }
}

impl TryFrom<u16> for StatusCodeClass {
    type Error = NumberError;

    fn try_from(number: u16) -> Result<Self, NumberError> {
        if matches!(number, 0 | 100 | 200 | 300 | 400 | 500) {
            Ok(Self(number))
        } else {
            Err(NumberError::Class)
        }
    }
}

impl From<StatusCodeClass> for u16 {
    fn from(StatusCodeClass(class): StatusCodeClass) -> Self {
        class
    }
}

impl From<posthaste_domain::Trigger> for Trigger {
    fn from(trigger: posthaste_domain::Trigger) -> Self {
        Self(trigger)
    }
}

impl From<Trigger> for u8 {
    fn from(Trigger(trigger): Trigger) -> Self {
        match trigger {
            posthaste_domain::Trigger::Scheduled => 0,
            posthaste_domain::Trigger::Manual => 1,
        }
    }
}

/// Numbers that stand for something, as the specification describes them.
macro_rules! numbers {
    ($type:ty, $name:literal, $values:expr, $description:literal) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let numbers = ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .enum_values(Some($values))
                    .description(Some($description));
                RefOr::T(numbers.build().into())
            }
        }

        impl ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
}

numbers!(MessageStatus, "MessageStatus", [0, 2, 3], "0 taken, 2 failed, 3 to be attempted again.");
numbers!(
    WantedStatus,
    "WantedMessageStatus",
    [0, 1, 2, 3, 4],
    "0 taken, 1 pending (never), 2 failed, 3 to be attempted again, 4 cancelled (never)."
);
numbers!(
    StatusCodeClass,
    "StatusCodeClass",
    [0, 100, 200, 300, 400, 500],
    "The hundred that a status code belongs to; 0 is no answer at all."
);
numbers!(
    Trigger,
    "MessageAttemptTriggerType",
    [0, 1],
    "0 by the message itself or the schedule, 1 because somebody asked."
);
