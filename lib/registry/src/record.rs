//! What is stored under an endpoint's key, and what a reader gets of it.

use posthaste_domain::{Endpoint, Keyring};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{SealError, Sealer};

/// An endpoint and, where this process may open it, its keyring.
#[derive(Clone, Debug)]
pub struct EndpointEntry {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its secrets; `None` in a process without a sealing key, or where no key fits.
    pub keyring: Option<Keyring>,
}

/// An endpoint as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EndpointRecord {
    pub(crate) endpoint: Endpoint,
    /// The keyring as JSON, sealed for this endpoint.
    pub(crate) secrets: String,
}

impl EndpointRecord {
    pub(crate) fn open(&self, sealer: &Sealer) -> Result<Keyring, SealError> {
        let plain = sealer.open(self.endpoint.id.as_str(), &self.secrets)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Unopened)
    }
}

pub(crate) fn seal(
    endpoint: &Endpoint,
    keyring: &Keyring,
    sealer: &Sealer,
    rng: &mut impl CryptoRng,
) -> Result<String, SealError> {
    let plain = Zeroizing::new(serde_json::to_vec(keyring).map_err(|_| SealError::Unopened)?);
    sealer.seal(endpoint.id.as_str(), &plain, rng)
}
