//! The kinds of task: as they are counted and logged, and as they are shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TaskKind {
    /// Sends messages that an endpoint was never sent.
    Replay,
    /// Sends again messages that an endpoint did not take.
    Recover,
    /// Counts how much each application used.
    ApplicationStats,
    /// Lists which event types each application asked for.
    EventTypeAggregate,
    /// Removes every payload of an application.
    PurgeContent,
    /// Sends again messages that an endpoint was sent, as far as they fit a filter.
    BulkReplay,
    /// Sends again dead letters that fit a filter.
    Redrive,
}

impl TaskKind {
    /// The kind's name in metrics, in logs and in what is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "endpoint.replay",
            Self::Recover => "endpoint.recover",
            Self::ApplicationStats => "application.stats",
            Self::EventTypeAggregate => "event-type.aggregate",
            Self::PurgeContent => "application.purge_content",
            Self::BulkReplay => "endpoint.bulk-replay",
            Self::Redrive => "dead-letter.redrive",
        }
    }
}

/// What a task does, in the words that existing clients know. They cannot read an answer with any
/// other, so a kind of our own is shown as the one that is nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BackgroundTaskType)]
pub(crate) enum TaskType {
    /// Messages that an endpoint was never sent.
    #[serde(rename = "endpoint.replay")]
    Replay,
    /// Messages that an endpoint did not take; dead letters that are sent again are such.
    #[serde(rename = "endpoint.recover")]
    Recover,
    /// How much each application used.
    #[serde(rename = "application.stats")]
    ApplicationStats,
    /// Known to clients; this server has none of this kind.
    #[serde(rename = "message.broadcast")]
    MessageBroadcast,
    /// Known to clients; this server has none of this kind.
    #[serde(rename = "sdk.generate")]
    SdkGenerate,
    /// Which event types each application asked for.
    #[serde(rename = "event-type.aggregate")]
    EventTypeAggregate,
    /// Every payload of an application is removed.
    #[serde(rename = "application.purge_content")]
    PurgeContent,
    /// Messages that an endpoint was sent, as far as they fit a filter.
    #[serde(rename = "endpoint.bulk-replay")]
    BulkReplay,
}

impl From<TaskKind> for TaskType {
    fn from(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Replay => Self::Replay,
            TaskKind::Recover | TaskKind::Redrive => Self::Recover,
            TaskKind::ApplicationStats => Self::ApplicationStats,
            TaskKind::EventTypeAggregate => Self::EventTypeAggregate,
            TaskKind::PurgeContent => Self::PurgeContent,
            TaskKind::BulkReplay => Self::BulkReplay,
        }
    }
}
