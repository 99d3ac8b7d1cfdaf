//! What an endpoint looks like on the wire.
//!
//! `rateLimit` and `filterTypes` are the older names of `throttleRate` and `eventTypes`: both are
//! read, the newer one winning, and both are written.

use std::collections::BTreeSet;

use posthaste_api::{field::Metadata, patch::Patch, schema};
use posthaste_domain::{
    Channel, Endpoint, EndpointId, EndpointUrl, EventType, Mode, ProfileRef, Timestamp, Uid,
};
use posthaste_registry::Headers;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A body with every setting of an endpoint, and fields of its own.
macro_rules! with_settings {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$own_meta:meta])* $own:ident: $own_type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            /// Where its requests go: `http` or `https`, without user name, password or fragment.
            /// It is kept in WHATWG normal form.
            #[schema(format = "uri", min_length = 1, max_length = 65_536, example = "https://example.com/webhook/")]
            pub(super) url: String,
            /// For humans, at most 16 KiB.
            #[schema(max_length = 16_384, default = "")]
            pub(super) description: Option<String>,
            /// The platform's own name for it, unique within the application.
            #[schema(value_type = Option<schema::Uid>)]
            pub(super) uid: Option<String>,
            /// The version of the events' schemas that it wants.
            #[schema(format = "uint16", minimum = 1, maximum = 65_535, default = 1, deprecated)]
            pub(super) version: Option<u16>,
            /// Whether it is switched off: it misses what is sent meanwhile, and what waits for
            /// it becomes dead letters.
            #[schema(default = false)]
            pub(super) disabled: Option<bool>,
            /// The event types it wants, at most 1024; each must be in the catalogue, and not
            /// archived. `null`, absent or empty: all, those of the future included.
            #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>, max_items = 1_024)]
            pub(super) event_types: Option<Vec<String>>,
            /// The older name of `eventTypes`, which wins where both are given.
            #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>, max_items = 1_024, deprecated)]
            pub(super) filter_types: Option<Vec<String>>,
            /// The channels it listens to. `null`, absent or empty: it gets messages whatever
            /// their channels are. Otherwise a message without channels passes it by.
            #[schema(value_type = Option<BTreeSet<schema::Channel>>, max_items = 10)]
            pub(super) channels: Option<Vec<String>>,
            /// Requests per second that its owner asks not to exceed.
            #[schema(format = "uint16", minimum = 1, maximum = 65_535)]
            pub(super) throttle_rate: Option<u16>,
            /// The older name of `throttleRate`, which wins where both are given.
            #[schema(format = "uint16", minimum = 1, maximum = 65_535, deprecated)]
            pub(super) rate_limit: Option<u16>,
            /// The platform's own notes, at most 4096 bytes as JSON.
            #[schema(value_type = Option<BTreeMap<String, String>>, default = json!({}))]
            pub(super) metadata: Option<Metadata>,
            /// How it is called: a delivery profile, or its name alone for the newest version.
            /// `null` or absent: as its application says.
            #[schema(value_type = Option<String>, example = "standard@1")]
            pub(super) profile: Option<String>,
            $($(#[$own_meta])* pub(super) $own: $own_type,)*
        }
    };
}

with_settings! {
    /// The body of POST. An explicit `null` is as good as absence.
    // Not `Debug`: it may hold a secret.
    EndpointIn {
        /// What its requests are signed with: `whsec_` and 24 to 75 bytes in base64, or `whsk_`
        /// and an Ed25519 key pair (the seed, then the public key) in base64. Without one, 24
        /// random bytes are drawn. A delivery profile may want another kind, demand one, or allow
        /// none to be given.
        #[schema(
            min_length = 1,
            max_length = 256,
            example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
        )]
        secret: Option<String>,
        /// What its requests carry beside our own headers, by the rules of the headers' own PUT.
        #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"X-Shop": "7"}))]
        headers: Option<Headers>,
    }
}

with_settings! {
    /// The body of PUT: all that POST takes but `secret` and `headers`, which have operations of
    /// their own. An explicit `null` is as good as absence.
    EndpointUpdate {}
}

impl EndpointIn {
    /// What a merchant registers.
    pub(crate) fn registered(
        url: String,
        name: String,
        secret: Option<String>,
        event_types: Option<Vec<String>>,
    ) -> Self {
        Self {
            url,
            description: Some(name),
            uid: None,
            version: None,
            disabled: None,
            event_types,
            filter_types: None,
            channels: None,
            throttle_rate: None,
            rate_limit: None,
            metadata: None,
            profile: None,
            secret,
            headers: None,
        }
    }

    /// The settings, the secret and the headers.
    pub(super) fn split(self) -> (EndpointUpdate, Option<String>, Option<Headers>) {
        let settings = EndpointUpdate {
            url: self.url,
            description: self.description,
            uid: self.uid,
            version: self.version,
            disabled: self.disabled,
            event_types: self.event_types,
            filter_types: self.filter_types,
            channels: self.channels,
            throttle_rate: self.throttle_rate,
            rate_limit: self.rate_limit,
            metadata: self.metadata,
            profile: self.profile,
        };
        (settings, self.secret, self.headers)
    }
}

/// The body of PATCH: what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointPatch {
    /// Where its requests go; it cannot be cleared.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "uri", min_length = 1, max_length = 65_536)]
    pub(super) url: Patch<String>,
    /// For humans, at most 16 KiB; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 16_384)]
    pub(super) description: Patch<String>,
    /// The platform's own name for it; `null` takes it away.
    #[serde(default)]
    #[schema(value_type = Option<schema::Uid>)]
    pub(super) uid: Patch<String>,
    /// The version of the events' schemas that it wants; `null` is 1.
    #[serde(default)]
    #[schema(value_type = Option<u16>, format = "uint16", minimum = 1, maximum = 65_535, deprecated)]
    pub(super) version: Patch<u16>,
    /// Whether it is switched off; `null` switches it on.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(super) disabled: Patch<bool>,
    /// The event types it wants; `null` or empty: all.
    #[serde(default)]
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>, max_items = 1_024)]
    pub(super) event_types: Patch<Vec<String>>,
    /// The older name of `eventTypes`.
    #[serde(default)]
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>, max_items = 1_024, deprecated)]
    pub(super) filter_types: Patch<Vec<String>>,
    /// The channels it listens to; `null` or empty: messages whatever their channels are.
    #[serde(default)]
    #[schema(value_type = Option<BTreeSet<schema::Channel>>, max_items = 10)]
    pub(super) channels: Patch<Vec<String>>,
    /// Requests per second; `null` takes the limit away.
    #[serde(default)]
    #[schema(value_type = Option<u16>, format = "uint16", minimum = 1, maximum = 65_535)]
    pub(super) throttle_rate: Patch<u16>,
    /// The older name of `throttleRate`.
    #[serde(default)]
    #[schema(value_type = Option<u16>, format = "uint16", minimum = 1, maximum = 65_535, deprecated)]
    pub(super) rate_limit: Patch<u16>,
    /// The platform's own notes, replaced as a whole; `null` empties them.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub(super) metadata: Patch<Metadata>,
    /// How it is called; `null` is as its application says.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) profile: Patch<String>,
}

/// An endpoint as the API shows it; `null`s are written.
// Not `Debug`: it may hold a secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointOut {
    /// Its id.
    #[schema(value_type = schema::EndpointId)]
    id: EndpointId,
    /// The platform's own notes.
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// For humans.
    description: String,
    /// The older name of `throttleRate`.
    #[schema(format = "uint16", minimum = 1, deprecated)]
    rate_limit: Option<u16>,
    /// Requests per second that its owner asks not to exceed.
    #[schema(format = "uint16", minimum = 1)]
    throttle_rate: Option<u16>,
    /// The platform's own name for it.
    #[schema(value_type = Option<schema::Uid>)]
    uid: Option<Uid>,
    /// Where its requests go, in WHATWG normal form.
    #[schema(value_type = String, format = "uri", min_length = 1, max_length = 65_536, example = "https://example.com/webhook/")]
    url: EndpointUrl,
    /// The version of the events' schemas that it wants.
    #[schema(format = "uint16", minimum = 1, required = false, deprecated)]
    version: u16,
    /// Whether it is switched off.
    #[schema(required = false, default = false)]
    disabled: bool,
    /// The event types it wants; `null` is all.
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>)]
    event_types: Option<BTreeSet<EventType>>,
    /// The older name of `eventTypes`.
    #[schema(value_type = Option<BTreeSet<schema::EventTypeName>>, deprecated)]
    filter_types: Option<BTreeSet<EventType>>,
    /// The channels it listens to; `null` is messages whatever their channels are.
    #[schema(value_type = Option<BTreeSet<schema::Channel>>)]
    channels: Option<BTreeSet<Channel>>,
    /// Since when what is sent to it is kept instead of attempted; `null` while it is attempted.
    #[schema(value_type = Option<schema::Moment>)]
    paused_at: Option<Timestamp>,
    /// How it is called, where it does not leave that to its application.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "standard@1")]
    profile: Option<ProfileRef>,
    /// The mode in which its merchant registered it, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "live")]
    mode: Option<Mode>,
    /// What its requests are signed with: in the one answer to its creation, where we made it and
    /// the endpoint's profile shows a secret once only; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
    /// When it was created.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it was last changed, paused and resumed included.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl EndpointOut {
    /// With its secret, in the one answer that may have it.
    pub(super) fn showing(self, secret: Option<String>) -> Self {
        Self { secret, ..self }
    }
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
            paused_at: endpoint.paused_at,
            profile: endpoint.profile.clone(),
            mode: endpoint.mode,
            secret: None,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}
