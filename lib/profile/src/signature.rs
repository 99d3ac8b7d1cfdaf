//! Standard Webhooks `v1` signatures: HMAC-SHA256 over `{id}.{unix seconds}.{body}`.
//!
//! Specification: <https://github.com/standard-webhooks/standard-webhooks>, "Signature scheme".

use std::{num::NonZeroU64, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use posthaste_domain::{MessageId, SigningSecret, Timestamp};
use sha2::Sha256;

/// What a symmetric entry begins with.
const VERSION: &str = "v1,";

/// One entry in characters: `v1,` and 32 bytes as padded base64.
const ENTRY_LEN: usize = VERSION.len() + 44;

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
    /// No `v1` entry was made with this secret over these bytes.
    #[error("no signature matches")]
    NoMatch,
}

/// The value of the signature header: one `v1,<base64>` entry for each key, in the order given,
/// separated by single spaces. Several keys sign while a secret is being rotated.
#[must_use]
pub fn sign<'a>(
    keys: impl Iterator<Item = &'a SigningSecret>,
    id: &MessageId,
    at: Timestamp,
    body: &[u8],
) -> String {
    let seconds = at.unix_seconds().to_string();
    join(keys.map(|secret| authenticate(secret.key(), id.as_str(), &seconds, body)))
}

/// Checks a received request against one secret, as the reference libraries do: the timestamp
/// first, then whether any `v1` entry of `signature_header` matches. Entries of other versions
/// are passed over.
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
    let mac = authenticate(secret.key(), id, timestamp, body);
    if matches_any(&mac, signature_header) { Ok(()) } else { Err(VerifyError::NoMatch) }
}

fn join(macs: impl Iterator<Item = Hmac<Sha256>>) -> String {
    let mut entries = String::with_capacity(ENTRY_LEN);
    for mac in macs {
        if !entries.is_empty() {
            entries.push(' ');
        }
        entries.push_str(VERSION);
        STANDARD.encode_string(mac.finalize().into_bytes(), &mut entries);
    }
    entries
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

fn matches_any(mac: &Hmac<Sha256>, signature_header: &str) -> bool {
    signature_header
        .split(' ')
        .filter_map(|entry| entry.strip_prefix(VERSION))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .any(|claimed| mac.clone().verify_slice(&claimed).is_ok())
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
