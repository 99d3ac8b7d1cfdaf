//! One URL that wants events.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{AppId, Channel, EndpointId, EventType, Mode, ProfileRef, Timestamp, Uid};

/// Where and what an application wants delivered. Its secret lives beside it, never in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The application it belongs to.
    pub app: AppId,
    /// The platform's own name for it, unique within the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// Where requests go.
    pub url: EndpointUrl,
    /// For humans.
    #[serde(default)]
    pub description: String,
    /// The schema version it wants, 1 or more.
    pub version: u16,
    /// Nothing is sent while this is set.
    #[serde(default)]
    pub disabled: bool,
    /// Since when deliveries to it are kept instead of attempted; `None` while they are attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Timestamp>,
    /// The event types it wants; `None` is every type, those of the future included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_types: Option<BTreeSet<EventType>>,
    /// The channels it listens to; `None` is every message, whatever its channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<BTreeSet<Channel>>,
    /// Requests per second that the owner asked not to exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle_rate: Option<u16>,
    /// How it is called; `None` is as its application says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRef>,
    /// The mode in which its merchant registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The platform's own notes, at most 4096 bytes as JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// Whether a message of this type and these channels is to be delivered here.
    ///
    /// A message without channels does not match an endpoint that has channels. A paused endpoint
    /// wants what it wanted before: it is kept for it.
    #[must_use]
    pub fn wants(&self, event_type: &EventType, channels: &[Channel]) -> bool {
        !self.disabled
            && self.event_types.as_ref().is_none_or(|types| types.contains(event_type))
            && self
                .channels
                .as_ref()
                .is_none_or(|own| channels.iter().any(|channel| own.contains(channel)))
    }
}

/// An `http` or `https` URL without credentials or fragment, in WHATWG normal form.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EndpointUrl(Url);

/// Why a string cannot be an endpoint's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointUrlError {
    /// Not a URL at all.
    #[error("Endpoint URL is malformed: {0}")]
    Malformed(#[from] url::ParseError),
    /// Neither `http` nor `https`.
    #[error("Endpoint URL schemes must be http or https")]
    Scheme,
    /// A user name or password in the URL would be sent in clear and shown in lists.
    #[error("Endpoint URLs must not contain a user name or password")]
    Credentials,
    /// A fragment is never sent.
    #[error("Endpoint URLs must not contain a fragment")]
    Fragment,
    /// Longer than 65 536 bytes.
    #[error("Endpoint URLs must be at most 65536 characters")]
    TooLong,
}

impl EndpointUrl {
    /// The longest URL accepted, in bytes, as in the Svix specification.
    pub const MAX_LEN: usize = 65_536;

    /// Parses and normalises `text` (lower-case host, `/` for an empty path).
    ///
    /// # Errors
    /// [`EndpointUrlError`] says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, EndpointUrlError> {
        if text.len() > Self::MAX_LEN {
            return Err(EndpointUrlError::TooLong);
        }
        let url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointUrlError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(EndpointUrlError::Fragment);
        }
        Ok(Self(url))
    }

    /// The URL.
    #[must_use]
    pub const fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for EndpointUrl {
    type Error = EndpointUrlError;

    fn try_from(text: String) -> Result<Self, EndpointUrlError> {
        Self::parse(&text)
    }
}

impl From<EndpointUrl> for String {
    fn from(url: EndpointUrl) -> Self {
        url.0.into()
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Without path and query, which may hold a token.
impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(types: Option<&[&str]>, channels: Option<&[&str]>) -> Endpoint {
        let at = Timestamp::from_micros(0);
        Endpoint {
            mode: None,
            profile: None,
            id: "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            app: "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            uid: None,
            url: EndpointUrl::parse("https://example.com/hook").unwrap(),
            description: String::new(),
            version: 1,
            disabled: false,
            paused_at: None,
            event_types: types.map(|all| all.iter().map(|t| t.parse().unwrap()).collect()),
            channels: channels.map(|all| all.iter().map(|c| c.parse().unwrap()).collect()),
            throttle_rate: None,
            metadata: BTreeMap::new(),
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn no_filter_wants_everything_and_a_filter_only_its_own() {
        let created: EventType = "chargeback.created".parse().unwrap();
        let updated: EventType = "chargeback.updated".parse().unwrap();
        assert!(endpoint(None, None).wants(&updated, &[]));
        let filtered = endpoint(Some(&["chargeback.created"]), None);
        assert!(filtered.wants(&created, &[]));
        assert!(!filtered.wants(&updated, &[]));
        let disabled = Endpoint { disabled: true, ..endpoint(None, None) };
        assert!(!disabled.wants(&created, &[]));
        let paused =
            Endpoint { paused_at: Some(Timestamp::from_micros(1)), ..endpoint(None, None) };
        assert!(paused.wants(&created, &[]));
    }

    #[test]
    fn a_message_without_channels_passes_by_an_endpoint_with_channels() {
        let created: EventType = "chargeback.created".parse().unwrap();
        let eu: Channel = "eu".parse().unwrap();
        let us: Channel = "us".parse().unwrap();
        let listening = endpoint(None, Some(&["eu"]));
        assert!(!listening.wants(&created, &[]));
        assert!(!listening.wants(&created, std::slice::from_ref(&us)));
        assert!(listening.wants(&created, &[us, eu.clone()]));
        assert!(endpoint(None, None).wants(&created, &[eu]));
    }

    #[test]
    fn urls_are_normalised_and_odd_ones_refused() {
        let url = EndpointUrl::parse("HTTPS://Example.COM").unwrap();
        assert_eq!(url.as_str(), "https://example.com/");
        assert_eq!(EndpointUrl::parse("ftp://x/"), Err(EndpointUrlError::Scheme));
        assert_eq!(EndpointUrl::parse("http://u:p@x/"), Err(EndpointUrlError::Credentials));
        assert_eq!(EndpointUrl::parse("http://x/#f"), Err(EndpointUrlError::Fragment));
        assert!(matches!(EndpointUrl::parse("http://"), Err(EndpointUrlError::Malformed(_))));
        assert!(
            !format!("{:?}", EndpointUrl::parse("https://x/?t=sesame").unwrap()).contains("sesame")
        );
    }
}
