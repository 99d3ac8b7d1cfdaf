//! What is stored under an endpoint's key, and what a reader gets of it.

use std::{collections::BTreeMap, fmt};

use posthaste_domain::{Endpoint, Keyring};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{SealError, Sealer};

/// Headers that an endpoint wants beside ours, by name. Their values may be credentials.
pub type Headers = BTreeMap<String, String>;

/// An endpoint and, where this process may open them, its keyring and its headers.
#[derive(Clone)]
pub struct EndpointEntry {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its secrets; `None` in a process without a sealing key, or where no key fits.
    pub keyring: Option<Keyring>,
    /// What its requests carry beside our own headers; empty where there is no keyring.
    pub headers: Headers,
}

/// Without the values of the headers.
impl fmt::Debug for EndpointEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: BTreeMap<&str, &str> =
            self.headers.keys().map(|name| (name.as_str(), "[REDACTED]")).collect();
        f.debug_struct("EndpointEntry")
            .field("endpoint", &self.endpoint)
            .field("keyring", &self.keyring)
            .field("headers", &headers)
            .finish()
    }
}

/// An endpoint as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EndpointRecord {
    pub(crate) endpoint: Endpoint,
    /// The keyring as JSON, sealed for this endpoint.
    pub(crate) secrets: String,
    /// The headers as JSON, sealed for this endpoint's headers; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<String>,
}

impl EndpointRecord {
    /// All or nothing: a request without the headers that its endpoint wants is no use to it.
    pub(crate) fn open(self, sealer: &Sealer) -> Result<EndpointEntry, SealError> {
        let (keyring, headers) = (self.open_keyring(sealer)?, self.open_headers(sealer)?);
        Ok(EndpointEntry { endpoint: self.endpoint, keyring: Some(keyring), headers })
    }

    pub(crate) fn open_keyring(&self, sealer: &Sealer) -> Result<Keyring, SealError> {
        let plain = sealer.open(self.endpoint.id.as_str(), &self.secrets)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Unopened)
    }

    pub(crate) fn open_headers(&self, sealer: &Sealer) -> Result<Headers, SealError> {
        let Some(sealed) = &self.headers else { return Ok(Headers::new()) };
        let plain = sealer.open(&place_of_headers(&self.endpoint), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Unopened)
    }
}

pub(crate) fn seal_keyring(
    endpoint: &Endpoint,
    keyring: &Keyring,
    sealer: &Sealer,
    rng: &mut impl CryptoRng,
) -> Result<String, SealError> {
    let plain = Zeroizing::new(serde_json::to_vec(keyring).map_err(|_| SealError::Unopened)?);
    sealer.seal(endpoint.id.as_str(), &plain, rng)
}

pub(crate) fn seal_headers(
    endpoint: &Endpoint,
    headers: &Headers,
    sealer: &Sealer,
    rng: &mut impl CryptoRng,
) -> Result<Option<String>, SealError> {
    if headers.is_empty() {
        return Ok(None);
    }
    let plain = Zeroizing::new(serde_json::to_vec(headers).map_err(|_| SealError::Unopened)?);
    sealer.seal(&place_of_headers(endpoint), &plain, rng).map(Some)
}

/// Another place than the keyring's, so that one never opens as the other.
fn place_of_headers(endpoint: &Endpoint) -> String {
    format!("{}/headers", endpoint.id)
}
