//! Standard Webhooks signatures over `{id}.{unix seconds}.{body}`: `v1` with HMAC-SHA256, `v1a`
//! with Ed25519.
//!
//! Specification: <https://github.com/standard-webhooks/standard-webhooks>, "Signature scheme".

use std::{num::NonZeroU64, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use posthaste_domain::{MessageId, SigningKey, SigningSecret, Timestamp};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use sha2::Sha256;

/// What a symmetric entry begins with.
const SYMMETRIC: &str = "v1,";
/// What an entry of a key pair begins with.
const ASYMMETRIC: &str = "v1a,";

/// The longest entry in characters: `v1a,` and 64 bytes as padded base64.
const ENTRY_LEN: usize = ASYMMETRIC.len() + 88;

/// How far a timestamp may lie from `now` on either side: the five minutes that the Standard
/// Webhooks libraries use.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Why a received request is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No timestamp, or not a whole positive number of seconds.
    #[error("the timestamp is missing or is not a number of seconds")]
    Timestamp,
    /// Signed longer ago than the tolerance: perhaps a replay.
    #[error("the timestamp is too old")]
    TooOld,
    /// Signed further in the future than the tolerance.
    #[error("the timestamp is too new")]
    TooNew,
    /// No entry was made with this secret over these bytes.
    #[error("no signature matches")]
    NoMatch,
}

/// The value of the signature header: one `v1,<base64>` or `v1a,<base64>` entry for each key, in
/// the order given, separated by single spaces. Several keys sign while a secret is being rotated.
#[must_use]
pub fn sign<'a>(
    keys: impl Iterator<Item = &'a SigningSecret>,
    id: &MessageId,
    at: Timestamp,
    body: &[u8],
) -> String {
    let seconds = at.unix_seconds().to_string();
    let mut entries = String::with_capacity(ENTRY_LEN);
    for secret in keys.filter(|secret| !matches!(secret.key(), SigningKey::Opaque(_))) {
        if !entries.is_empty() {
            entries.push(' ');
        }
        match secret.key() {
            SigningKey::Symmetric(key) => {
                let mac = authenticate(key, id.as_str(), &seconds, body).finalize().into_bytes();
                entries.push_str(SYMMETRIC);
                STANDARD.encode_string(mac, &mut entries);
            }
            SigningKey::Ed25519 { seed, public } => {
                let content = signed_content(id.as_str(), &seconds, body);
                entries.push_str(ASYMMETRIC);
                STANDARD.encode_string(key_pair(seed, public).sign(&content), &mut entries);
            }
            SigningKey::Opaque(_) => {}
        }
    }
    entries
}

/// Checks a received request against one secret, as the reference libraries do: the timestamp
/// first, then whether any entry of `signature_header` of the secret's kind matches; entries of
/// other versions are passed over.
///
/// `id`, `timestamp` and `signature_header` are header values as received, empty where the header
/// was missing; `body` is the raw body.
///
/// # Errors
/// [`VerifyError`] says which check failed.
pub fn verify(
    secret: &SigningSecret,
    id: &str,
    timestamp: &str,
    signature_header: &str,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), VerifyError> {
    let seconds = parse_seconds(timestamp).ok_or(VerifyError::Timestamp)?;
    let now = now.unix_seconds().unsigned_abs();
    let tolerance = tolerance.as_secs();
    if seconds.saturating_add(tolerance) < now {
        return Err(VerifyError::TooOld);
    }
    if seconds > now.saturating_add(tolerance) {
        return Err(VerifyError::TooNew);
    }
    let matches = match secret.key() {
        SigningKey::Symmetric(key) => {
            let mac = authenticate(key, id, timestamp, body);
            claims(signature_header, SYMMETRIC).any(|one| mac.clone().verify_slice(&one).is_ok())
        }
        SigningKey::Ed25519 { public, .. } => {
            let content = signed_content(id, timestamp, body);
            let public = UnparsedPublicKey::new(&ED25519, public);
            claims(signature_header, ASYMMETRIC).any(|one| public.verify(&content, &one).is_ok())
        }
        SigningKey::Opaque(_) => false,
    };
    if matches { Ok(()) } else { Err(VerifyError::NoMatch) }
}

fn signed_content(id: &str, seconds: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat()
}

fn key_pair(seed: &[u8], public: &[u8]) -> Ed25519KeyPair {
    #[expect(clippy::expect_used, reason = "a signing secret is parsed only where they fit")]
    Ed25519KeyPair::from_seed_and_public_key(seed, public).expect("the halves of a pair fit")
}

/// The MAC of the signed content, which is fed in pieces so that the body is not copied.
fn authenticate(key: &[u8], id: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "RFC 2104 defines HMAC for keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC key may have any length");
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// What the entries of one version say.
fn claims<'a>(header: &'a str, version: &'a str) -> impl Iterator<Item = Vec<u8>> + 'a {
    header
        .split(' ')
        .filter_map(move |entry| entry.strip_prefix(version))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
}

/// Digits only: `+1`, `1.0` and ` 1` are refused, as the stricter reference libraries do. Zero is
/// what a broken clock writes, so it is refused as well.
fn parse_seconds(text: &str) -> Option<u64> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(NonZeroU64::get)
}

#[cfg(test)]
mod tests;
