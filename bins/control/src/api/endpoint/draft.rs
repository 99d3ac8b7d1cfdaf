//! What an endpoint's bodies come to once they are checked, and the rules for that. Pure.

use std::{collections::BTreeSet, fmt::Display, str::FromStr};

use posthaste_api::{
    Problem, ProfileChoice,
    field::{self, Faults, FieldError, Metadata},
    patch::Patch,
};
use posthaste_domain::{
    AppId, Channel, Endpoint, EndpointId, EndpointUrl, EventType, ProfileRef, Timestamp, Uid,
};
use posthaste_registry::Headers;
use zeroize::Zeroizing;

use super::{
    super::headers::rules,
    shape::{EndpointIn, EndpointPatch, EndpointUpdate},
};

/// The most event types an endpoint may ask for. Whoever wants more wants all.
const MAX_EVENT_TYPES: usize = 1_024;
/// The most channels an endpoint may listen to.
const MAX_CHANNELS: usize = 10;
const DEFAULT_VERSION: u16 = 1;

/// A checked [`EndpointIn`]. Not `Debug`: the headers may be credentials.
pub(crate) struct New {
    pub(crate) draft: Draft,
    /// The first secret, where it is given; the endpoint's profile says whether it is one.
    pub(crate) secret: Option<Zeroizing<String>>,
    pub(crate) headers: Headers,
}

/// The settings of an endpoint, checked.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(super) url: EndpointUrl,
    pub(super) description: String,
    pub(super) uid: Option<Uid>,
    pub(super) version: u16,
    pub(super) disabled: bool,
    pub(super) event_types: Option<BTreeSet<EventType>>,
    pub(crate) channels: Option<BTreeSet<Channel>>,
    pub(super) throttle_rate: Option<u16>,
    pub(super) metadata: Metadata,
    /// Which profile is asked for.
    pub(super) choice: Option<ProfileChoice>,
    /// The one that is meant.
    pub(crate) profile: Option<ProfileRef>,
}

/// A checked [`EndpointPatch`].
#[derive(Clone, Debug)]
pub(crate) struct Change {
    url: Patch<EndpointUrl>,
    description: Patch<String>,
    uid: Patch<Uid>,
    version: Patch<u16>,
    disabled: Patch<bool>,
    event_types: Patch<BTreeSet<EventType>>,
    channels: Patch<BTreeSet<Channel>>,
    throttle_rate: Patch<u16>,
    metadata: Patch<Metadata>,
    /// Which profile is asked for.
    pub(super) choice: Patch<ProfileChoice>,
    /// The one that is meant.
    pub(super) profile: Patch<ProfileRef>,
}

impl EndpointIn {
    pub(super) fn validate(self) -> Result<New, Problem> {
        let mut faults = Faults::default();
        let (settings, secret, headers) = self.split();
        let draft = settings.check(&mut faults);
        let headers = headers.unwrap_or_default();
        rules::check(&mut faults, &headers);
        let secret = secret.map(Zeroizing::new);
        faults.finish(|| Some(New { draft: draft?, secret, headers }))
    }
}

impl EndpointUpdate {
    pub(super) fn validate(self) -> Result<Draft, Problem> {
        let mut faults = Faults::default();
        let draft = self.check(&mut faults);
        faults.finish(|| draft)
    }

    fn check(self, faults: &mut Faults) -> Option<Draft> {
        let url = faults.take("url", EndpointUrl::parse(&self.url));
        let description = self.description.unwrap_or_default();
        let description = faults.take("description", field::description(description));
        let uid = self.uid.map(|text| field::uid(&text, EndpointId::PREFIX)).transpose();
        let uid = faults.take("uid", uid);
        let version = field::at_least_one(self.version.unwrap_or(DEFAULT_VERSION));
        let version = faults.take("version", version);
        let types = self.event_types.or(self.filter_types);
        let event_types = types.and_then(|texts| event_types(faults, &texts));
        let channels = self.channels.and_then(|texts| channels(faults, &texts));
        let rate = self.throttle_rate.or(self.rate_limit).map(field::at_least_one).transpose();
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = field::metadata(self.metadata.unwrap_or_default());
        let metadata = faults.take("metadata", metadata);
        let choice = self.profile.map(|text| text.parse()).transpose();
        let choice = faults.take("profile", choice);
        Some(Draft {
            choice: choice?,
            profile: None,
            url: url?,
            description: description?,
            uid: uid?,
            version: version?,
            disabled: self.disabled.unwrap_or_default(),
            event_types,
            channels,
            throttle_rate: throttle_rate?,
            metadata: metadata?,
        })
    }
}

impl EndpointPatch {
    pub(super) fn validate(self) -> Result<Change, Problem> {
        let mut faults = Faults::default();
        let url = match self.url {
            Patch::Clear => {
                faults.add(["url"], FieldError::Missing.to_string());
                None
            }
            url => faults.take("url", url.try_map(|text| EndpointUrl::parse(&text))),
        };
        let description = faults.take("description", self.description.try_map(field::description));
        let uid = self.uid.try_map(|text| field::uid(&text, EndpointId::PREFIX));
        let uid = faults.take("uid", uid);
        let version = faults.take("version", self.version.try_map(field::at_least_one));
        let types = self.event_types.or(self.filter_types);
        let event_types = filter(types, |texts| event_types(&mut faults, texts));
        let channels = filter(self.channels, |texts| channels(&mut faults, texts));
        let rate = self.throttle_rate.or(self.rate_limit).try_map(field::at_least_one);
        let throttle_rate = faults.take("throttleRate", rate);
        let metadata = faults.take("metadata", self.metadata.try_map(field::metadata));
        let choice = self.profile.try_map(|text| text.parse());
        let choice = faults.take("profile", choice);
        faults.finish(|| {
            Some(Change {
                choice: choice?,
                profile: Patch::Absent,
                url: url?,
                description: description?,
                uid: uid?,
                version: version?,
                disabled: self.disabled,
                event_types,
                channels,
                throttle_rate: throttle_rate?,
                metadata: metadata?,
            })
        })
    }
}

impl Draft {
    /// For a PUT to `key`: one that addresses by uid and does not say another keeps, or gets,
    /// that uid. Else the same PUT would make another endpoint each time.
    pub(super) fn addressed_by(self, key: &str) -> Self {
        let uid = self.uid.or_else(|| field::uid(key, EndpointId::PREFIX).ok());
        Self { uid, ..self }
    }

    pub(super) fn create(self, id: EndpointId, app: AppId, now: Timestamp) -> Endpoint {
        Endpoint {
            id,
            app,
            uid: self.uid,
            url: self.url,
            description: self.description,
            version: self.version,
            disabled: self.disabled,
            paused_at: None,
            event_types: self.event_types,
            channels: self.channels,
            throttle_rate: self.throttle_rate,
            metadata: self.metadata,
            profile: self.profile,
            mode: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn replace(&self, current: &Endpoint, now: Timestamp) -> Endpoint {
        let draft = self.clone().create(current.id.clone(), current.app.clone(), now);
        Endpoint {
            paused_at: current.paused_at,
            mode: current.mode,
            created_at: current.created_at,
            ..draft
        }
    }
}

impl Change {
    /// The event types it asks for.
    pub(super) fn event_types(&self) -> impl Iterator<Item = &EventType> {
        let set = match &self.event_types {
            Patch::Set(types) => Some(types),
            Patch::Absent | Patch::Clear => None,
        };
        set.into_iter().flatten()
    }

    pub(super) fn apply(&self, current: &Endpoint, now: Timestamp) -> Endpoint {
        Endpoint {
            id: current.id.clone(),
            app: current.app.clone(),
            uid: self.uid.over(&current.uid),
            url: self.url.over_default(&current.url, current.url.clone()),
            description: self.description.over_default(&current.description, String::new()),
            version: self.version.over_default(&current.version, DEFAULT_VERSION),
            disabled: self.disabled.over_default(&current.disabled, false),
            paused_at: current.paused_at,
            event_types: self.event_types.over(&current.event_types),
            channels: self.channels.over(&current.channels),
            throttle_rate: self.throttle_rate.over(&current.throttle_rate),
            metadata: self.metadata.over_default(&current.metadata, Metadata::new()),
            profile: self.profile.over(&current.profile),
            mode: current.mode,
            created_at: current.created_at,
            updated_at: now,
        }
    }
}

/// What a PATCH makes of a filter; an empty one is none.
fn filter<T>(given: Patch<Vec<String>>, check: impl FnOnce(&[String]) -> Option<T>) -> Patch<T> {
    match given {
        Patch::Absent => Patch::Absent,
        Patch::Clear => Patch::Clear,
        Patch::Set(texts) => check(&texts).map_or(Patch::Clear, Patch::Set),
    }
}

fn event_types(faults: &mut Faults, texts: &[String]) -> Option<BTreeSet<EventType>> {
    choice(faults, "eventTypes", texts, MAX_EVENT_TYPES)
}

fn channels(faults: &mut Faults, texts: &[String]) -> Option<BTreeSet<Channel>> {
    choice(faults, "channels", texts, MAX_CHANNELS)
}

/// An empty list is no filter: clients with a form send one where nothing was chosen.
fn choice<T: Ord + FromStr<Err: Display>>(
    faults: &mut Faults,
    field: &str,
    texts: &[String],
    most: usize,
) -> Option<BTreeSet<T>> {
    if texts.len() > most {
        faults.add([field], format!("must have at most {most} items"));
        return None;
    }
    let chosen: BTreeSet<_> = faults.take_all(field, texts, str::parse);
    (!texts.is_empty()).then_some(chosen)
}

#[cfg(test)]
mod tests;
