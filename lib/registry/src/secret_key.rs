//! The keys with which merchants' own programs call.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use posthaste_domain::{AppId, Mode, OrgId, SecretKeyId, Timestamp};
use rand::{CryptoRng, RngExt as _, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// How many letters and digits follow a key's prefix: 190 bits.
const RANDOM_LEN: usize = 32;
/// How much of a key is kept in clear, for its owner to tell it by.
const SHOWN_LEN: usize = 12;

/// What is known of a key. The key itself is not among it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKey {
    /// Its id.
    pub id: SecretKeyId,
    /// The application that it speaks for.
    pub app: AppId,
    /// The organisation of that.
    pub org: OrgId,
    /// Whether what is done with it is for real.
    pub mode: Mode,
    /// For its owner.
    #[serde(default)]
    pub name: String,
    /// What it begins with.
    pub prefix: String,
    /// What it is recognised by.
    pub digest: KeyDigest,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The SHA-256 of a key. Keys are random enough for that to be no help in finding one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyDigest([u8; 32]);

/// Not 32 bytes as base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 bytes as base64")]
pub struct KeyDigestError;

impl KeyDigest {
    /// The digest of a key as it was presented.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }
}

impl TryFrom<String> for KeyDigest {
    type Error = KeyDigestError;

    fn try_from(text: String) -> Result<Self, KeyDigestError> {
        let bytes = STANDARD.decode(text).map_err(|_| KeyDigestError)?;
        Ok(Self(bytes.try_into().map_err(|_| KeyDigestError)?))
    }
}

impl From<KeyDigest> for String {
    fn from(digest: KeyDigest) -> Self {
        STANDARD.encode(digest.0)
    }
}

impl SecretKey {
    /// A new key of an application, and its text, which is to be shown once.
    pub fn generate(
        org: OrgId,
        app: AppId,
        mode: Mode,
        name: String,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> (Self, Zeroizing<String>) {
        let random: String =
            (0..RANDOM_LEN).map(|_| char::from(rng.sample(Alphanumeric))).collect();
        let text = Zeroizing::new(format!("sk_{mode}_{random}"));
        let id = SecretKeyId::generate(now, rng);
        let (prefix, digest) = (text[..SHOWN_LEN].to_owned(), KeyDigest::of(&text));
        (Self { id, app, org, mode, name, prefix, digest, created_at: now }, text)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn a_key_is_recognised_and_cannot_be_read_from_what_is_stored() {
        let mut rng = StdRng::seed_from_u64(7);
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let org = OrgId::generate(at, &mut rng);
        let app = AppId::generate(at, &mut rng);
        let (key, text) = SecretKey::generate(org, app, Mode::Test, "till 7".into(), at, &mut rng);
        assert!(text.starts_with("sk_test_") && text.len() == 40, "{}", text.len());
        assert_eq!(key.digest, KeyDigest::of(&text));
        assert_ne!(key.digest, KeyDigest::of(&text[1..]));
        let stored = serde_json::to_string(&key).unwrap();
        assert!(!stored.contains(&text[SHOWN_LEN..]) && stored.contains(&text[..SHOWN_LEN]));
        assert_eq!(serde_json::from_str::<SecretKey>(&stored).unwrap(), key);
    }
}
