//! Signing: the formula, applied.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use posthaste_domain::{SigningKey, SigningSecret, Timestamp};
use ring::signature::Ed25519KeyPair;

use super::{
    Rotation, Scheme,
    compiled::{Header, Making, Textual},
    mac::Mac,
    template::{ContentVar, HeaderVar, Piece, Template},
};

/// What is signed, beside the key.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The id that the receiver sees: printable ASCII without spaces.
    pub id: &'a str,
    /// The moment of the attempt.
    pub at: Timestamp,
    /// The event type as the receiver knows it: printable ASCII without spaces.
    pub event_type: &'a str,
    /// The body as it is sent.
    pub body: &'a [u8],
}

/// Why a request cannot be signed. No header was set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The id cannot stand in a header, or among other text that is signed.
    #[error("the id is not printable ASCII")]
    Id,
    /// The event type cannot.
    #[error("the event type is not printable ASCII")]
    EventType,
    /// A message signature covers where the request goes, and that is not an absolute URI.
    #[error("the target is not an absolute URI")]
    Target,
    /// A message signature covers a header that the request has not.
    #[error("there is no header {0} to sign")]
    NoField(HeaderName),
    /// A message signature covers a header whose value is not ASCII text.
    #[error("header {0} is not text that can be signed")]
    Field(HeaderName),
}

/// What variables stand for, in one request.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) event_type: &'a str,
    pub(super) body: &'a [u8],
}

impl Signed<'_> {
    /// # Errors
    /// [`SignError::Id`] or [`SignError::EventType`] where one could break out of its place.
    pub(super) fn check(&self) -> Result<(), SignError> {
        let is_printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_printable(self.id) {
            return Err(SignError::Id);
        }
        if !is_printable(self.event_type) {
            return Err(SignError::EventType);
        }
        Ok(())
    }
}

impl Scheme {
    /// Signs with each key that fits, newest first as they are given, and sets the headers. The
    /// answer is how many keys signed; where it is none, no header was set.
    ///
    /// Where an earlier scheme of the same profile has set the header of the entries, and that
    /// header holds nothing else, the entries are joined to those there. Any other header of the
    /// scheme is replaced.
    ///
    /// # Errors
    /// [`SignError`] where the id or the event type cannot be sent.
    pub fn sign<'k>(
        &self,
        keys: impl Iterator<Item = &'k SigningSecret>,
        signed: &Signed<'_>,
        headers: &mut HeaderMap,
    ) -> Result<usize, SignError> {
        signed.check()?;
        let timestamp = self.time.count(signed.at).to_string();
        let Signed { id, event_type, body, .. } = *signed;
        let values = Values { id, timestamp: &timestamp, event_type, body };
        let most = if self.rotation == Rotation::NewestOnly { 1 } else { usize::MAX };
        let mut entries = String::with_capacity(ENTRY_LEN);
        let mut made = 0;
        for secret in keys {
            let before = entries.len();
            if made > 0 {
                entries.push_str(self.join.as_deref().unwrap_or_default());
            }
            if self.write_entry(secret, &values, &mut entries).is_none() {
                entries.truncate(before);
                continue;
            }
            made += 1;
            if made == most {
                break;
            }
        }
        if made > 0 {
            for header in &self.headers {
                let value = self.value(header, &values, &entries, headers.get(&header.name));
                headers.insert(&header.name, value);
            }
        }
        Ok(made)
    }

    /// Writes what one key makes; nothing of use where it does not fit.
    fn write_entry(
        &self,
        secret: &SigningSecret,
        values: &Values<'_>,
        out: &mut String,
    ) -> Option<()> {
        out.push_str(&self.entry.0);
        match &self.making {
            Making::Hmac { hash, content, encoding } => {
                let mut mac = Mac::new(*hash, &self.key.symmetric(secret)?);
                content.feed(values, |piece| mac.update(piece));
                mac.finish(|tag| encoding.write(tag, out));
            }
            Making::Ed25519 { content, encoding } => {
                let signature = key_pair(secret)?.sign(&content.bytes(values));
                encoding.write(signature.as_ref(), out);
            }
            Making::Static => out.push_str(&self.key.plain(secret)?),
        }
        out.push_str(&self.entry.1);
        Some(())
    }

    fn value(
        &self,
        header: &Header,
        values: &Values<'_>,
        entries: &str,
        present: Option<&HeaderValue>,
    ) -> HeaderValue {
        let is_signature = header.value.count(HeaderVar::Entries) > 0;
        let mut text = String::with_capacity(if is_signature { entries.len() + 32 } else { 32 });
        header.value.render(&mut text, |variable| match variable {
            HeaderVar::Id => values.id,
            HeaderVar::Timestamp => values.timestamp,
            HeaderVar::EventType => values.event_type,
            HeaderVar::Entries => entries,
        });
        let mut text = text.into_bytes();
        if is_signature
            && header.is_bare()
            && let (Some(present), Some(join)) = (present, &self.join)
        {
            text = [present.as_bytes(), join.as_bytes(), &text].concat();
        }
        #[expect(clippy::expect_used, reason = "literals are compiled, values and secrets checked")]
        let mut value = HeaderValue::try_from(text).expect("what is rendered is printable");
        value.set_sensitive(is_signature);
        value
    }
}

/// The longest entry of the known schemes, in characters: an HMAC-SHA-512 in hexadecimal.
const ENTRY_LEN: usize = 160;

impl Header {
    /// Whether it holds one variable and nothing else.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self.value.pieces(), [Piece::Value(_)])
    }
}

impl Template<ContentVar> {
    /// Hands the content over in pieces, none of which is a copy.
    pub(super) fn feed(&self, values: &Values<'_>, mut take: impl FnMut(&[u8])) {
        for piece in self.pieces() {
            take(match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Value(ContentVar::Id) => values.id.as_bytes(),
                Piece::Value(ContentVar::Timestamp) => values.timestamp.as_bytes(),
                Piece::Value(ContentVar::EventType) => values.event_type.as_bytes(),
                Piece::Value(ContentVar::Body) => values.body,
            });
        }
    }

    /// The content in one piece, as Ed25519 reads it twice.
    pub(super) fn bytes(&self, values: &Values<'_>) -> Vec<u8> {
        let mut content = Vec::with_capacity(values.body.len() + 128);
        self.feed(values, |piece| content.extend_from_slice(piece));
        content
    }
}

impl Textual {
    pub(super) fn write(self, bytes: &[u8], out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        match self {
            Self::Base64 => STANDARD.encode_string(bytes, out),
            Self::Hex => {
                let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
                out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
            }
        }
    }
}

/// The key pair of a secret that is one.
pub(super) fn key_pair(secret: &SigningSecret) -> Option<Ed25519KeyPair> {
    match secret.key() {
        SigningKey::Ed25519 { seed, public } => {
            Ed25519KeyPair::from_seed_and_public_key(seed, public).ok()
        }
        SigningKey::Symmetric(_) | SigningKey::Opaque(_) => None,
    }
}
