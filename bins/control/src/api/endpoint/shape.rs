//! What an endpoint looks like on the wire.
//!
//! `rateLimit` and `filterTypes` are the older names of `throttleRate` and `eventTypes`: both are
//! read, the newer one winning, and both are written.

use std::collections::BTreeSet;

use posthaste_domain::{Channel, Endpoint, EndpointId, EndpointUrl, EventType, Timestamp, Uid};
use serde::{Deserialize, Serialize};

use super::super::field::Metadata;
use crate::patch::Patch;

/// The body of POST and PUT. An explicit `null` is as good as absence.
///
/// Not `Debug`: it may hold a secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointIn {
    pub(super) url: String,
    pub(super) description: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) version: Option<u16>,
    pub(super) disabled: Option<bool>,
    pub(super) event_types: Option<Vec<String>>,
    pub(super) filter_types: Option<Vec<String>>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) secret: Option<String>,
    pub(super) throttle_rate: Option<u16>,
    pub(super) rate_limit: Option<u16>,
    pub(super) metadata: Option<Metadata>,
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EndpointPatch {
    pub(super) url: Patch<String>,
    pub(super) description: Patch<String>,
    pub(super) uid: Patch<String>,
    pub(super) version: Patch<u16>,
    pub(super) disabled: Patch<bool>,
    pub(super) event_types: Patch<Vec<String>>,
    pub(super) filter_types: Patch<Vec<String>>,
    pub(super) channels: Patch<Vec<String>>,
    pub(super) throttle_rate: Patch<u16>,
    pub(super) rate_limit: Patch<u16>,
    pub(super) metadata: Patch<Metadata>,
}

/// An endpoint as the API shows it; `null`s are written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointOut {
    id: EndpointId,
    metadata: Metadata,
    description: String,
    rate_limit: Option<u16>,
    throttle_rate: Option<u16>,
    uid: Option<Uid>,
    url: EndpointUrl,
    version: u16,
    disabled: bool,
    event_types: Option<BTreeSet<EventType>>,
    filter_types: Option<BTreeSet<EventType>>,
    channels: Option<BTreeSet<Channel>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&Endpoint> for EndpointOut {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.clone(),
            metadata: endpoint.metadata.clone(),
            description: endpoint.description.clone(),
            rate_limit: endpoint.throttle_rate,
            throttle_rate: endpoint.throttle_rate,
            uid: endpoint.uid.clone(),
            url: endpoint.url.clone(),
            version: endpoint.version,
            disabled: endpoint.disabled,
            event_types: endpoint.event_types.clone(),
            filter_types: endpoint.event_types.clone(),
            channels: endpoint.channels.clone(),
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}
