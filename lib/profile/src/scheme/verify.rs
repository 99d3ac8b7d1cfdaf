//! Verifying: what a receiver does, for tests and for tools.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use posthaste_domain::{SigningKey, SigningSecret, Timestamp};
use ring::signature::{ED25519, UnparsedPublicKey};
use subtle::ConstantTimeEq as _;

use super::{
    Scheme,
    compiled::{Making, Textual},
    key::unhex,
    mac::Mac,
    sign::Values,
    template::{ContentVar, HeaderVar, Piece, Template},
};

/// How far a timestamp may lie from `now` on either side: the five minutes that the Standard
/// Webhooks libraries use.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Why a received request is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A header that the scheme needs is missing, or not of its form.
    #[error("a header that the signature needs is missing or malformed")]
    Missing,
    /// The timestamp is not a whole positive number.
    #[error("the timestamp is not a number")]
    Timestamp,
    /// Signed longer ago than the tolerance: perhaps a replay.
    #[error("the timestamp is too old")]
    TooOld,
    /// Signed further in the future than the tolerance.
    #[error("the timestamp is too new")]
    TooNew,
    /// The secret is of a kind that this scheme does not sign with.
    #[error("the secret does not fit the scheme")]
    UnfitSecret,
    /// No entry was made with this secret over these bytes.
    #[error("no signature matches")]
    NoMatch,
}

/// What the headers say, as far as they do.
#[derive(Clone, Copy, Default)]
struct Found<'a> {
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
    event_type: Option<&'a str>,
    entries: &'a str,
}

impl Scheme {
    /// Checks a received request against one secret, as a careful receiver does: the timestamp
    /// first, where there is one, then whether any entry matches; entries that are not of this
    /// scheme's form are passed over.
    ///
    /// Where the scheme signs an id or a timestamp without sending it, it is looked for beside the
    /// signature: `webhook-id` and `webhook-timestamp` beside `webhook-signature`.
    ///
    /// # Errors
    /// [`VerifyError`] says which check failed.
    pub fn verify(
        &self,
        secret: &SigningSecret,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<(), VerifyError> {
        let found = self.read(headers)?;
        let said = |variable, value: Option<_>| match value {
            None if self.signs(variable) => Err(VerifyError::Missing),
            value => Ok(value.unwrap_or_default()),
        };
        let id = said(ContentVar::Id, found.id)?;
        let event_type = said(ContentVar::EventType, found.event_type)?;
        let timestamp = said(ContentVar::Timestamp, found.timestamp)?;
        if found.timestamp.is_some() {
            self.time.check(timestamp, now, tolerance)?;
        }
        let values = Values { id, timestamp, event_type, body };
        if self.any_matches(secret, &values, found.entries)? {
            Ok(())
        } else {
            Err(VerifyError::NoMatch)
        }
    }

    fn any_matches(
        &self,
        secret: &SigningSecret,
        values: &Values<'_>,
        entries: &str,
    ) -> Result<bool, VerifyError> {
        let mut claims = self.claims(entries);
        Ok(match &self.making {
            Making::Hmac { hash, content, encoding } => {
                let key = self.key.symmetric(secret).ok_or(VerifyError::UnfitSecret)?;
                let mut mac = Mac::new(*hash, &key);
                content.feed(values, |piece| mac.update(piece));
                claims.filter_map(|one| encoding.read(one)).any(|tag| mac.clone().is(&tag))
            }
            Making::Ed25519 { content, encoding } => {
                let SigningKey::Ed25519 { public, .. } = secret.key() else {
                    return Err(VerifyError::UnfitSecret);
                };
                let public = UnparsedPublicKey::new(&ED25519, public);
                let content = content.bytes(values);
                let mut signatures = claims.filter_map(|one| encoding.read(one));
                signatures.any(|one| public.verify(&content, &one).is_ok())
            }
            Making::Static => {
                let plain = self.key.plain(secret).ok_or(VerifyError::UnfitSecret)?;
                claims.any(|one| one.as_bytes().ct_eq(plain.as_bytes()).into())
            }
        })
    }

    /// What stands between the literals of each entry that has them.
    fn claims<'a>(&'a self, entries: &'a str) -> impl Iterator<Item = &'a str> {
        let (before, after) = &self.entry;
        let (first, rest) = match &self.join {
            Some(join) => (None, Some(entries.split(&**join))),
            None => (Some(entries), None),
        };
        let each = first.into_iter().chain(rest.into_iter().flatten());
        each.filter_map(|entry| entry.strip_prefix(&**before)?.strip_suffix(&**after))
    }

    fn read<'a>(&self, headers: &'a HeaderMap) -> Result<Found<'a>, VerifyError> {
        let mut found = Found::default();
        let mut beside = None;
        for header in &self.headers {
            let value = text(headers, &header.name).ok_or(VerifyError::Missing)?;
            header.value.read(value, &mut found).ok_or(VerifyError::Missing)?;
            if header.value.count(HeaderVar::Entries) > 0 {
                beside = header.name.as_str().strip_suffix("signature");
            }
        }
        let beside = |what| {
            let name = HeaderName::try_from(format!("{}{what}", beside?)).ok()?;
            text(headers, &name)
        };
        found.id = found.id.or_else(|| beside("id"));
        found.timestamp = found.timestamp.or_else(|| beside("timestamp"));
        Ok(found)
    }
}

/// A header's value as text; a static secret may hold any.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

impl Template<HeaderVar> {
    /// Takes a value apart: from the left up to the entries, and what follows them from the right,
    /// for the entries may hold any text between.
    fn read<'a>(&self, value: &'a str, found: &mut Found<'a>) -> Option<()> {
        let pieces = self.pieces();
        let entries = Piece::Value(HeaderVar::Entries);
        let middle = pieces.iter().position(|piece| *piece == entries).unwrap_or(pieces.len());
        let (left, right) = pieces.split_at(middle);
        let mut rest = value;
        let mut left = left.iter().peekable();
        while let Some(piece) = left.next() {
            rest = match (piece, left.peek()) {
                (Piece::Text(text), _) => rest.strip_prefix(&**text)?,
                (Piece::Value(one), Some(Piece::Text(text))) => {
                    let at = rest.find(&**text)?;
                    found.take(*one, &rest[..at]);
                    &rest[at..]
                }
                (Piece::Value(one), _) => {
                    found.take(*one, rest);
                    ""
                }
            };
        }
        let Some((_, right)) = right.split_first() else { return rest.is_empty().then_some(()) };
        let mut right = right.iter().rev().peekable();
        while let Some(piece) = right.next() {
            rest = match (piece, right.peek()) {
                (Piece::Text(text), _) => rest.strip_suffix(&**text)?,
                (Piece::Value(one), Some(Piece::Text(text))) => {
                    let at = rest.rfind(&**text)? + text.len();
                    found.take(*one, &rest[at..]);
                    &rest[..at]
                }
                (Piece::Value(_), _) => return None,
            };
        }
        found.entries = rest;
        Some(())
    }
}

impl<'a> Found<'a> {
    const fn take(&mut self, variable: HeaderVar, value: &'a str) {
        match variable {
            HeaderVar::Id => self.id = Some(value),
            HeaderVar::Timestamp => self.timestamp = Some(value),
            HeaderVar::EventType => self.event_type = Some(value),
            HeaderVar::Entries => self.entries = value,
        }
    }
}

impl Textual {
    fn read(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => unhex(text),
            Self::Base64 => STANDARD.decode(text).ok(),
        }
    }
}
