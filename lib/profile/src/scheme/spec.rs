//! A scheme as it is written down.

use serde::{Deserialize, Serialize};

use super::header::HeaderSpec;

/// One way to sign a request.
///
/// Texts hold variables as `{{name}}`: `content` may hold `id`, `timestamp`, `event_type` and
/// `body`; `entry` one `sig`, or one `secret` where the secret itself is sent; the headers `id`,
/// `timestamp`, `event_type` and, once among them, `entries`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeSpec {
    /// What people call it: a lower-case letter, then up to 31 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// What makes a signature of a key and the content.
    pub algorithm: Algorithm,
    /// What key a secret makes.
    pub key: KeySpec,
    /// What is signed; empty where nothing is.
    pub content: String,
    /// In which form the body is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_form: Option<ContentForm>,
    /// How a signature is written.
    pub encoding: Encoding,
    /// What is written for each key.
    pub entry: String,
    /// What stands between entries; none where a header has room for one only.
    #[serde(default)]
    pub join: Option<String>,
    /// Where the entries go, and what else is sent beside them.
    pub header: HeaderSpec,
    /// How the moment of the attempt is written; in seconds where this is not said.
    #[serde(default)]
    pub time: Option<TimeForm>,
    /// Which of the valid keys sign.
    pub rotation: Rotation,
}

/// What makes a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 2104, FIPS 180-4).
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// Nothing: the secret itself is sent, for whoever sees one request to use again.
    Static,
}

/// What key a secret makes: `strip_prefix` is taken off its text, which a secret without it does
/// not fit; the rest is decoded, and the first `take` bytes of that are the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    /// Whose secret it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<KeySource>,
    /// What the secret's text begins with and the key does not.
    #[serde(default)]
    pub strip_prefix: String,
    /// How the rest makes bytes.
    pub decode: Decode,
    /// How many bytes are the key; all of them where this is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<usize>,
}

/// Whose secret signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The endpoint's own.
    EndpointSecret,
}

/// How text makes the bytes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decode {
    /// Its characters are the bytes, in UTF-8.
    Utf8,
    /// Base64 with the standard alphabet and padding (RFC 4648 §4).
    Base64,
    /// Two hexadecimal digits a byte, in either case.
    Hex,
}

/// In which form the body is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentForm {
    /// The bytes that are sent.
    AsSent,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Base64 with the standard alphabet and padding.
    Base64,
    /// Not at all, which only a static secret is fit for.
    Raw,
}

/// How the moment of an attempt is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// Whole seconds since 1970, rounded down.
    #[default]
    UnixSeconds,
    /// Whole milliseconds since 1970, rounded down.
    UnixMillis,
}

/// Which of the keys that are valid at once sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Each of them, newest first, so that a receiver may hold either.
    AllActive,
    /// The newest that fits, for a header with room for one value.
    NewestOnly,
}
