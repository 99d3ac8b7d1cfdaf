//! What a task is to do.

use posthaste_domain::{AppId, Channel, EndpointId, EventType, Tag, Timestamp};
use serde::{Deserialize, Serialize};

use super::TaskKind;

/// What a task is to do, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task")]
pub(crate) enum Work {
    /// Send again what the endpoint did not take and what is not tried any more.
    #[serde(rename = "endpoint.recover")]
    Recover(Replay),
    /// Send what the endpoint wants and was never sent.
    #[serde(rename = "endpoint.replay")]
    ReplayMissing(Replay),
    /// Send again what fits.
    #[serde(rename = "endpoint.bulk-replay")]
    BulkReplay {
        /// Where, and of which time.
        #[serde(flatten)]
        replay: Replay,
        /// What fits.
        filter: ReplayFilter,
    },
    /// Remove every payload of an application, and the answers to it.
    #[serde(rename = "application.purge_content")]
    PurgeContent {
        /// The application.
        app: AppId,
        /// Of messages accepted before this.
        until: Timestamp,
    },
    /// Send dead letters again, and take them out of the stream.
    #[serde(rename = "dead-letter.redrive")]
    Redrive(DeadLetters),
    /// Count the attempts of applications.
    #[serde(rename = "application.stats")]
    ApplicationStats {
        /// Of these; `None` is all of the organisation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        apps: Option<Vec<AppId>>,
        /// From this moment on, inclusive.
        since: Timestamp,
        /// Until this moment, exclusive.
        until: Timestamp,
    },
    /// List which event types the applications' endpoints ask for.
    #[serde(rename = "event-type.aggregate")]
    EventTypeAggregate,
}

/// Which endpoint is sent something again, and of which time. Messages count by when they were
/// accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replay {
    /// The application.
    pub(crate) app: AppId,
    /// Its endpoint.
    pub(crate) endpoint: EndpointId,
    /// From this moment on, inclusive.
    pub(crate) since: Timestamp,
    /// Until this moment, exclusive.
    pub(crate) until: Timestamp,
}

/// Which messages of an endpoint; what is absent is not asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplayFilter {
    /// Standing like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) standing: Option<Standing>,
    /// Last answered with a status of this class; 0 for no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status_class: Option<u16>,
    /// Of one of these types; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) event_types: Vec<EventType>,
    /// With this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<Channel>,
    /// With this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<Tag>,
}

/// How a message stands at an endpoint, as filters name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Standing {
    /// It was taken.
    Success,
    /// It was not, and nothing follows by itself.
    Fail,
    /// It was not yet; another attempt is due.
    Sending,
    /// In a way that no delivery here ever does, so that nothing fits.
    Never,
}

/// Which dead letters; what is absent is not asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetters {
    /// Of this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<AppId>,
    /// Of this endpoint of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<EndpointId>,
    /// Of one of these types; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) event_types: Vec<EventType>,
    /// Given up for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Given up at this moment or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// Given up before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
}

impl Work {
    /// Of which kind it is.
    pub(crate) const fn kind(&self) -> TaskKind {
        match self {
            Self::Recover(_) => TaskKind::Recover,
            Self::ReplayMissing(_) => TaskKind::Replay,
            Self::BulkReplay { .. } => TaskKind::BulkReplay,
            Self::PurgeContent { .. } => TaskKind::PurgeContent,
            Self::Redrive(_) => TaskKind::Redrive,
            Self::ApplicationStats { .. } => TaskKind::ApplicationStats,
            Self::EventTypeAggregate => TaskKind::EventTypeAggregate,
        }
    }
}
