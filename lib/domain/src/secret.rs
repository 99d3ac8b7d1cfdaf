//! The keys that requests are signed with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Timestamp;

/// What every symmetric signing secret begins with (Standard Webhooks).
const PREFIX: &str = "whsec_";

/// A symmetric signing secret: 24 to 75 bytes, written `whsec_` and base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

/// Why a string is not a signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not `whsec_…`.
    #[error("Secret must be prefixed with {PREFIX}")]
    Prefix,
    /// What follows is not base64.
    #[error("Secret must be base64 after its prefix")]
    Base64,
    /// Too short to be safe, or too long to be meant.
    #[error("Secrets must be between 24 and 75 bytes")]
    Length,
}

impl SigningSecret {
    /// The bytes of a generated secret.
    const GENERATED_LEN: usize = 24;

    /// A new random secret.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new(vec![0; Self::GENERATED_LEN]);
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Parses `whsec_` and base64.
    ///
    /// # Errors
    /// [`SecretError`] says what is wrong, without repeating the secret.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SecretError::Base64)?);
        if !(24..=75).contains(&bytes.len()) {
            return Err(SecretError::Length);
        }
        Ok(Self(bytes))
    }

    /// The key to sign with.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.0
    }

    /// The secret in the form a customer pastes into a receiver. The one way to see it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&*self.0))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl TryFrom<String> for SigningSecret {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        let text = Zeroizing::new(text);
        Self::parse(&text)
    }
}

impl From<SigningSecret> for String {
    fn from(secret: SigningSecret) -> Self {
        secret.reveal()
    }
}

/// An endpoint's secrets: the current one, and the ones it replaced while they are still valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    current: SigningSecret,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    old: Vec<OldSecret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OldSecret {
    secret: SigningSecret,
    expires_at: Timestamp,
}

/// Why a secret cannot be rotated now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// Ten old secrets are still valid.
    #[error("at most {} old secrets may be valid at once", Keyring::MAX_OLD)]
    TooManyOld,
}

impl Keyring {
    /// How many replaced secrets may be valid at once.
    pub const MAX_OLD: usize = 10;

    /// A ring with one secret.
    #[must_use]
    pub const fn new(current: SigningSecret) -> Self {
        Self { current, old: Vec::new() }
    }

    /// The newest secret.
    #[must_use]
    pub const fn current(&self) -> &SigningSecret {
        &self.current
    }

    /// Every secret to sign with at `now`: the current one first, then the old ones, newest first.
    pub fn active(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        let old = self.old.iter().filter(move |old| old.expires_at > now);
        std::iter::once(&self.current).chain(old.map(|old| &old.secret))
    }

    /// Makes `next` current; the secret it replaces stays valid until `keep_until`.
    ///
    /// # Errors
    /// [`RotateError::TooManyOld`] where ten old ones are still valid.
    pub fn rotate(
        &self,
        next: SigningSecret,
        now: Timestamp,
        keep_until: Timestamp,
    ) -> Result<Self, RotateError> {
        let mut old: Vec<_> = self.old.iter().filter(|old| old.expires_at > now).cloned().collect();
        if old.len() >= Self::MAX_OLD {
            return Err(RotateError::TooManyOld);
        }
        if keep_until > now {
            old.insert(0, OldSecret { secret: self.current.clone(), expires_at: keep_until });
        }
        Ok(Self { current: next, old })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn secret(seed: u64) -> SigningSecret {
        SigningSecret::generate(&mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn is_read_as_it_was_written_and_never_printed() {
        let one = secret(1);
        assert_eq!(SigningSecret::parse(&one.reveal()), Ok(one.clone()));
        let ring = Keyring::new(one.clone());
        assert!(!format!("{ring:?}").contains(&one.reveal()[6..]));
    }

    #[test]
    fn bad_secrets_are_refused() {
        assert_eq!(SigningSecret::parse("sec_AAAA"), Err(SecretError::Prefix));
        assert_eq!(SigningSecret::parse("whsec_*"), Err(SecretError::Base64));
        assert_eq!(SigningSecret::parse("whsec_AAAA"), Err(SecretError::Length));
        let long = format!("whsec_{}", STANDARD.encode([0; 76]));
        assert_eq!(SigningSecret::parse(&long), Err(SecretError::Length));
    }

    #[test]
    fn a_replaced_secret_signs_until_it_expires() {
        let now = Timestamp::from_micros(1_000_000);
        let later = now + Duration::from_secs(60);
        let ring = Keyring::new(secret(1)).rotate(secret(2), now, later).unwrap();
        assert_eq!(ring.active(now).collect::<Vec<_>>(), [&secret(2), &secret(1)]);
        assert_eq!(ring.active(later).collect::<Vec<_>>(), [&secret(2)]);
    }

    #[test]
    fn an_eleventh_old_secret_is_refused_until_one_expires() {
        let now = Timestamp::from_micros(1_000_000);
        let later = now + Duration::from_secs(60);
        let mut ring = Keyring::new(secret(0));
        for seed in 1..=10 {
            ring = ring.rotate(secret(seed), now, later).unwrap();
        }
        assert_eq!(ring.rotate(secret(11), now, later), Err(RotateError::TooManyOld));
        assert!(ring.rotate(secret(11), later, later + Duration::from_secs(1)).is_ok());
    }
}
