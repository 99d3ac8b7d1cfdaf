//! The keys that requests are signed with, and the [`Keyring`] of those that are valid at once.

mod keyring;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::CryptoRng;
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use keyring::{Keyring, RotateError};

/// What every symmetric signing secret begins with (Standard Webhooks).
const SYMMETRIC: &str = "whsec_";
/// What every key pair begins with, and what its public half does (Standard Webhooks, `v1a`).
const KEY_PAIR: &str = "whsk_";
const PUBLIC: &str = "whpk_";
/// Bytes of an Ed25519 seed; as many make the public key that follows it.
const SEED_LEN: usize = 32;

/// What begins the stored form of an opaque secret, and nothing a customer sees.
const OPAQUE: &str = "utf8_";

/// What requests are signed with: a symmetric secret of 24 to 75 bytes, written `whsec_` and
/// base64; an Ed25519 key pair of 64 bytes, written `whsk_` and base64; or an opaque one, any text
/// of 1 to 256 bytes that its owner chose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningSecret(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Symmetric(Zeroizing<Vec<u8>>),
    KeyPair(Zeroizing<Vec<u8>>),
    Opaque(Zeroizing<String>),
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
    /// Text that its owner chose; what key it makes is for the signature scheme to say.
    Opaque(&'a str),
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
    /// Opaque text that is empty or too long.
    #[error("Secrets must be between 1 and {} bytes", SigningSecret::MAX_OPAQUE_LEN)]
    Opaque,
}

impl SigningSecret {
    /// The bytes of a generated secret.
    const GENERATED_LEN: usize = 24;

    /// The most bytes of an opaque secret.
    pub const MAX_OPAQUE_LEN: usize = 256;

    /// A new random secret.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new(vec![0; Self::GENERATED_LEN]);
        rng.fill_bytes(&mut bytes);
        Self(Kind::Symmetric(bytes))
    }

    /// Parses `whsec_` or `whsk_` and base64.
    ///
    /// # Errors
    /// [`SecretError`] says what is wrong, without repeating the secret.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let decode = |encoded| STANDARD.decode(encoded).map_err(|_| SecretError::Base64);
        if let Some(encoded) = text.strip_prefix(SYMMETRIC) {
            let bytes = Zeroizing::new(decode(encoded)?);
            let fits = (24..=75).contains(&bytes.len());
            fits.then_some(Self(Kind::Symmetric(bytes))).ok_or(SecretError::Length)
        } else if let Some(encoded) = text.strip_prefix(KEY_PAIR) {
            let bytes = Zeroizing::new(decode(encoded)?);
            let fits = is_key_pair(&bytes);
            fits.then_some(Self(Kind::KeyPair(bytes))).ok_or(SecretError::KeyPair)
        } else {
            Err(SecretError::Prefix)
        }
    }

    /// Takes text as its owner wrote it. Nothing is trimmed: a receiver holds the same text, and
    /// only its exact bytes make the same key.
    ///
    /// # Errors
    /// [`SecretError::Opaque`] for no text, or more than [`Self::MAX_OPAQUE_LEN`] bytes of it.
    pub fn opaque(text: &str) -> Result<Self, SecretError> {
        let fits = (1..=Self::MAX_OPAQUE_LEN).contains(&text.len());
        let text = || Self(Kind::Opaque(Zeroizing::new(text.to_owned())));
        fits.then(text).ok_or(SecretError::Opaque)
    }

    /// The key to sign with.
    #[must_use]
    pub fn key(&self) -> SigningKey<'_> {
        match &self.0 {
            Kind::Symmetric(bytes) => SigningKey::Symmetric(bytes),
            Kind::KeyPair(bytes) => {
                let (seed, public) = bytes.split_at(SEED_LEN);
                SigningKey::Ed25519 { seed, public }
            }
            Kind::Opaque(text) => SigningKey::Opaque(text),
        }
    }

    /// All of the secret as its owner writes it: `whsec_…`, `whsk_…` with the private half, or the
    /// opaque text.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(match &self.0 {
            Kind::Symmetric(bytes) => format!("{SYMMETRIC}{}", STANDARD.encode(bytes)),
            Kind::KeyPair(bytes) => format!("{KEY_PAIR}{}", STANDARD.encode(bytes)),
            Kind::Opaque(text) => (**text).clone(),
        })
    }

    /// What a customer pastes into a receiver: the symmetric secret, the public half of a key
    /// pair, or the opaque text.
    #[must_use]
    pub fn reveal(&self) -> String {
        match self.key() {
            SigningKey::Symmetric(bytes) => format!("{SYMMETRIC}{}", STANDARD.encode(bytes)),
            SigningKey::Ed25519 { public, .. } => format!("{PUBLIC}{}", STANDARD.encode(public)),
            SigningKey::Opaque(text) => text.to_owned(),
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
        match text.strip_prefix(OPAQUE) {
            Some(opaque) => Self::opaque(opaque),
            None => Self::parse(&text),
        }
    }
}

impl From<SigningSecret> for String {
    /// The stored form, which is sealed before it is stored. Opaque text is marked as such, for it
    /// may itself look like another kind.
    fn from(secret: SigningSecret) -> Self {
        match &secret.0 {
            Kind::Opaque(text) => format!("{OPAQUE}{}", **text),
            Kind::Symmetric(_) | Kind::KeyPair(_) => (*secret.text()).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn secret(seed: u64) -> SigningSecret {
        SigningSecret::generate(&mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn is_read_as_it_was_written_and_never_printed() {
        let one = secret(1);
        assert_eq!(SigningSecret::parse(&one.reveal()), Ok(one.clone()));
        assert!(!format!("{one:?}").contains(&one.reveal()[6..]));
    }

    #[test]
    fn bad_secrets_are_refused() {
        assert_eq!(SigningSecret::parse("sec_AAAA"), Err(SecretError::Prefix));
        assert_eq!(SigningSecret::parse("whsec_*"), Err(SecretError::Base64));
        assert_eq!(SigningSecret::parse("whsec_AAAA"), Err(SecretError::Length));
        assert_eq!(SigningSecret::parse("whsec_"), Err(SecretError::Length));
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
        assert_eq!(*secret.text(), text);
        assert!(!format!("{secret:?}").contains(&text[5..20]));
        let strangers = [&seed[..], &[1; 32]].concat();
        let mixed = format!("whsk_{}", STANDARD.encode(strangers));
        assert_eq!(SigningSecret::parse(&mixed), Err(SecretError::KeyPair));
    }

    #[test]
    fn opaque_text_is_kept_to_the_byte_and_told_apart_from_other_kinds() {
        let whsec = secret(1).reveal();
        for text in ["your-secret", " é$ \"x\"\t", "\0", "utf8_", &whsec, &"x".repeat(256)] {
            let one = SigningSecret::opaque(text).unwrap();
            assert_eq!((&**one.text(), &*one.reveal()), (text, text));
            assert!(matches!(one.key(), SigningKey::Opaque(key) if key == text));
            let stored = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<SigningSecret>(&stored).unwrap(), one);
            assert_eq!(format!("{one:?}"), "[REDACTED]");
        }
        assert_ne!(SigningSecret::opaque(&whsec), SigningSecret::parse(&whsec));
        for text in ["", &"x".repeat(257), &"é".repeat(129)] {
            assert_eq!(SigningSecret::opaque(text), Err(SecretError::Opaque));
        }
        assert_eq!(SigningSecret::parse("utf8_your-secret"), Err(SecretError::Prefix));
        assert!(serde_json::from_str::<SigningSecret>(r#""utf8_""#).is_err());
    }
}
