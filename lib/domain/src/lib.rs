//! The nouns of webhook delivery, and what may be said of them.
//!
//! Read in the order of an event's way: an [`Application`] owns [`Endpoint`]s; an [`Event`] is
//! accepted for it; each interested endpoint makes it a [`Delivery`]; every try is recorded as an
//! [`Attempt`] with a [`Verdict`]; a [`RetrySchedule`] says when to try again; what nobody took
//! becomes a [`DeadLetter`].
//!
//! # Invariants
//! - Nothing here does I/O or reads a clock: `now` and `rng` are arguments.
//! - Constructors refuse nonsense once, so the rest of the code need not ask again.
//! - Secrets never reach `Debug`, `Display` or a log line.

mod answer_rules;
mod application;
mod attempt;
mod dead_letter;
mod delivery;
mod endpoint;
mod event;
mod event_type;
mod id;
mod lane;
mod mode;
mod name;
mod occurrence;
mod profile_ref;
mod retry_after;
mod schedule;
mod secret;
mod slot;
mod status_set;
mod timestamp;
mod transport;
mod verdict;

pub use answer_rules::{AnswerRules, OnGone, RetryAfterRule};
pub use application::{Application, CutOff, CutOffs, TooManyCutOffs};
pub use attempt::{Attempt, AttemptNo, AttemptSummary, Trigger};
pub use dead_letter::{DeadLetter, DeathReason};
pub use delivery::Delivery;
pub use endpoint::{Endpoint, EndpointUrl, EndpointUrlError};
pub use event::Event;
pub use event_type::EventTypeDefinition;
pub use id::{
    AppId, AttemptId, DeadLetterId, EndpointId, IdError, MessageId, OrgId, SecretKeyId, TaskId,
};
pub use lane::Lane;
pub use mode::{Mode, ModeError};
pub use name::{Channel, EventId, EventType, NameError, Tag, Uid};
pub use occurrence::Occurrence;
pub use profile_ref::{ProfileName, ProfileRef, ProfileRefError};
pub use retry_after::retry_after;
pub use schedule::{Anchor, Failed, RetrySchedule, ScheduleError};
pub use secret::{Keyring, RotateError, SecretError, SigningKey, SigningSecret};
pub use slot::Slot;
pub use status_set::{StatusSet, StatusSetError};
pub use timestamp::{Timestamp, TimestampError};
pub use transport::{HeaderCase, TlsVersions, Transport};
pub use verdict::{Failure, FailureKind, Refusal, Verdict};
