//! The bytes that a scheme takes of a secret.

use std::ops::Deref;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use posthaste_domain::{SigningKey, SigningSecret};
use zeroize::Zeroizing;

use super::{Decode, KeySpec};

/// What every symmetric secret begins with (Standard Webhooks).
const SYMMETRIC: &str = "whsec_";

/// A key that lies in the secret as it is, or one that was decoded.
pub(super) enum Key<'a> {
    Borrowed(&'a [u8]),
    Decoded(Zeroizing<Vec<u8>>),
}

impl Deref for Key<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
        }
    }
}

impl KeySpec {
    /// The key of an HMAC, where the secret fits: never a key pair, and never no bytes at all.
    pub(super) fn symmetric<'a>(&self, secret: &'a SigningSecret) -> Option<Key<'a>> {
        let mut key = match secret.key() {
            SigningKey::Ed25519 { .. } => return None,
            SigningKey::Symmetric(bytes)
                if self.decode == Decode::Base64 && self.strip_prefix == SYMMETRIC =>
            {
                Key::Borrowed(bytes)
            }
            SigningKey::Symmetric(_) => Key::Decoded(self.decoded(&secret.text())?),
            SigningKey::Opaque(text) if self.decode == Decode::Utf8 => {
                Key::Borrowed(text.strip_prefix(&*self.strip_prefix)?.as_bytes())
            }
            SigningKey::Opaque(text) => Key::Decoded(self.decoded(text)?),
        };
        if let Some(take) = self.take {
            match &mut key {
                Key::Borrowed(bytes) => *bytes = bytes.get(..take)?,
                Key::Decoded(bytes) if bytes.len() >= take => bytes.truncate(take),
                Key::Decoded(_) => return None,
            }
        }
        (!key.is_empty()).then_some(key)
    }

    /// The text that is sent in place of a signature, where a header can carry it.
    pub(super) fn plain(&self, secret: &SigningSecret) -> Option<Zeroizing<String>> {
        if matches!(secret.key(), SigningKey::Ed25519 { .. }) {
            return None;
        }
        let text = secret.text();
        let plain = text.strip_prefix(&*self.strip_prefix)?;
        let fits = !plain.is_empty() && !plain.chars().any(|c| c.is_ascii_control());
        fits.then(|| Zeroizing::new(plain.to_owned()))
    }

    fn decoded(&self, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let encoded = text.strip_prefix(&*self.strip_prefix)?;
        let bytes = match self.decode {
            Decode::Utf8 => encoded.as_bytes().to_vec(),
            Decode::Base64 => STANDARD.decode(encoded).ok()?,
            Decode::Hex => unhex(encoded)?,
        };
        Some(Zeroizing::new(bytes))
    }
}

/// The bytes of hexadecimal text in either case.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
