//! The keys that requests are signed with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::CryptoRng;
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Timestamp;

/// What every symmetric signing secret begins with (Standard Webhooks).
const SYMMETRIC: &str = "whsec_";
/// What every key pair begins with, and what its public half does (Standard Webhooks, `v1a`).
const KEY_PAIR: &str = "whsk_";
const PUBLIC: &str = "whpk_";
/// Bytes of an Ed25519 seed; as many make the public key that follows it.
const SEED_LEN: usize = 32;

/// What requests are signed with: a symmetric secret of 24 to 75 bytes, written `whsec_` and
/// base64, or an Ed25519 key pair of 64 bytes, written `whsk_` and base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningSecret {
    kind: Kind,
    bytes: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Symmetric,
    KeyPair,
}

/// What to sign with. Not `Debug`: it is the secret itself.
#[derive(Clone, Copy)]
pub enum SigningKey<'a> {
    /// The key of an HMAC.
    Symmetric(&'a [u8]),
    /// An Ed25519 key pair (RFC 8032).
    Ed25519 {
        /// The private seed, 32 bytes.
        seed: &'a [u8],
        /// The public key, 32 bytes.
        public: &'a [u8],
    },
}

/// Why a string is not a signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Neither `whsec_…` nor `whsk_…`.
    #[error("Secret must be prefixed with {SYMMETRIC} or {KEY_PAIR}")]
    Prefix,
    /// What follows is not base64.
    #[error("Secret must be base64 after its prefix")]
    Base64,
    /// Too short to be safe, or too long to be meant.
    #[error("Secrets must be between 24 and 75 bytes")]
    Length,
    /// Not an Ed25519 seed and the public key that belongs to it.
    #[error("Key pairs must be 64 bytes: an Ed25519 seed and its public key")]
    KeyPair,
}

impl SigningSecret {
    /// The bytes of a generated secret.
    const GENERATED_LEN: usize = 24;

    /// A new random secret.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new(vec![0; Self::GENERATED_LEN]);
        rng.fill_bytes(&mut bytes);
        Self { kind: Kind::Symmetric, bytes }
    }

    /// Parses `whsec_` or `whsk_` and base64.
    ///
    /// # Errors
    /// [`SecretError`] says what is wrong, without repeating the secret.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let (kind, encoded) = if let Some(encoded) = text.strip_prefix(SYMMETRIC) {
            (Kind::Symmetric, encoded)
        } else if let Some(encoded) = text.strip_prefix(KEY_PAIR) {
            (Kind::KeyPair, encoded)
        } else {
            return Err(SecretError::Prefix);
        };
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SecretError::Base64)?);
        match kind {
            Kind::Symmetric if !(24..=75).contains(&bytes.len()) => Err(SecretError::Length),
            Kind::KeyPair if !is_key_pair(&bytes) => Err(SecretError::KeyPair),
            Kind::Symmetric | Kind::KeyPair => Ok(Self { kind, bytes }),
        }
    }

    /// The key to sign with.
    #[must_use]
    pub fn key(&self) -> SigningKey<'_> {
        match self.kind {
            Kind::Symmetric => SigningKey::Symmetric(&self.bytes),
            Kind::KeyPair => {
                let (seed, public) = self.bytes.split_at(SEED_LEN);
                SigningKey::Ed25519 { seed, public }
            }
        }
    }

    /// What a customer pastes into a receiver: the symmetric secret, or the public half of a key
    /// pair. The one way to see either.
    #[must_use]
    pub fn reveal(&self) -> String {
        match self.key() {
            SigningKey::Symmetric(bytes) => format!("{SYMMETRIC}{}", STANDARD.encode(bytes)),
            SigningKey::Ed25519 { public, .. } => format!("{PUBLIC}{}", STANDARD.encode(public)),
        }
    }
}

fn is_key_pair(bytes: &[u8]) -> bool {
    bytes.len() == 2 * SEED_LEN && {
        let (seed, public) = bytes.split_at(SEED_LEN);
        Ed25519KeyPair::from_seed_and_public_key(seed, public).is_ok()
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
    /// The stored form, which is sealed before it is stored.
    fn from(secret: SigningSecret) -> Self {
        let prefix = match secret.kind {
            Kind::Symmetric => SYMMETRIC,
            Kind::KeyPair => KEY_PAIR,
        };
        format!("{prefix}{}", STANDARD.encode(&*secret.bytes))
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
    fn of_a_key_pair_only_the_public_half_is_shown_and_all_of_it_is_stored() {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
        let text = format!("whsk_{}", STANDARD.encode([&seed[..], &public].concat()));
        let secret = SigningSecret::parse(&text).unwrap();
        assert_eq!(secret.reveal(), format!("whpk_{}", STANDARD.encode(&public)));
        assert_eq!(serde_json::to_string(&secret).unwrap(), format!("{text:?}"));
        assert!(!format!("{secret:?}").contains(&text[5..20]));
        let strangers = [&seed[..], &[1; 32]].concat();
        let mixed = format!("whsk_{}", STANDARD.encode(strangers));
        assert_eq!(SigningSecret::parse(&mixed), Err(SecretError::KeyPair));
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
