//! HTTP Message Signatures (RFC 9421): one signature over the request's line, chosen headers and,
//! by `Content-Digest` (RFC 9530), the body.
//!
//! # Invariants
//! - `created` is the moment of the attempt, and always signed.
//! - The newest key that fits signs; a receiver knows it by `keyid`, so there is nothing to rotate
//!   within one header.
//!
//! Absent: parameters of components (`;sf`, `;bs`, `;tr`), responses, nonces and expiry.

mod base;
mod compile;
mod component;
mod verify;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use posthaste_domain::{SigningSecret, Timestamp};
use serde::{Deserialize, Serialize};

use self::component::Component;
use super::{
    Algorithm, KeySpec, SignError, Signed,
    mac::{Hash, Mac},
    sign::key_pair,
};

static SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
static SIGNATURE: HeaderName = HeaderName::from_static("signature");
static CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// A message signature as it is written down, under the name `rfc9421`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename = "rfc9421")]
pub struct MessageSignatureSpec {
    /// HMAC-SHA-256 or Ed25519; RFC 9421 has no HMAC with another hash.
    pub algorithm: Algorithm,
    /// What key a secret makes; for an HMAC `whsec_` and base64 where this is not said, and for
    /// a key pair there is nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeySpec>,
    /// What tells this signature from others in the same headers, a key of RFC 8941 §3.2.
    pub label: String,
    /// How the receiver finds the key; printable ASCII.
    pub keyid: String,
    /// What is covered, in order: `@method`, `@target-uri`, `@authority`, `@scheme`,
    /// `@request-target`, `@path`, `@query`, and names of headers in lower case.
    pub components: Vec<String>,
    /// What is said of the signature, in order; all three where this is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<Parameter>>,
}

/// A parameter of a signature (RFC 9421 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    /// The Unix time in seconds at which it was made.
    Created,
    /// Which key made it.
    Keyid,
    /// By which algorithm.
    Alg,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The absolute URI, as it is requested.
    pub uri: &'a str,
}

/// A message signature that is ready to sign and to verify with.
#[derive(Clone, Debug)]
pub struct MessageSignature {
    label: Box<str>,
    /// None for a key pair.
    key: Option<KeySpec>,
    components: Vec<Component>,
    /// The parameters, before the moment and after it, with the covered components.
    parameters: (Box<str>, Box<str>),
}

impl MessageSignature {
    /// What tells it from others in the same headers.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether a secret makes a key of this signature.
    #[must_use]
    pub fn accepts(&self, secret: &SigningSecret) -> bool {
        match &self.key {
            None => key_pair(secret).is_some(),
            Some(key) => key.symmetric(secret).is_some(),
        }
    }

    /// The headers that it covers and that others must have set, each with its place among the
    /// components.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (usize, &HeaderName)> {
        self.components.iter().enumerate().filter_map(|(at, component)| match component {
            Component::Field(name) => Some((at, name)),
            _ => None,
        })
    }

    /// The headers it sets, and how they are spelt.
    pub fn header_names(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        let both = [(&SIGNATURE_INPUT, "Signature-Input"), (&SIGNATURE, "Signature")];
        let digest = self.covers_body().then_some((&CONTENT_DIGEST, "Content-Digest"));
        digest.into_iter().chain(both)
    }

    /// Signs with the first key that fits, and sets `Signature-Input`, `Signature` and, where it
    /// is covered, `Content-Digest`. Every other header that is covered is set before. The answer
    /// is how many keys signed, one or none; where it is none, no header was set.
    ///
    /// # Errors
    /// [`SignError`] where something that is covered is not there, or cannot be signed.
    pub fn sign<'k>(
        &self,
        mut keys: impl Iterator<Item = &'k SigningSecret>,
        signed: &Signed<'_>,
        target: &Target<'_>,
        headers: &mut HeaderMap,
    ) -> Result<usize, SignError> {
        let parameters = self.parameters(signed.at);
        let digest = self.covers_body().then(|| base::digest(signed.body));
        let base = self.base(&parameters, signed.body, digest.as_deref(), target, headers)?;
        let Some(signature) = keys.find_map(|secret| self.signature(secret, &base)) else {
            return Ok(0);
        };
        if let Some(digest) = digest {
            headers.insert(&CONTENT_DIGEST, value(digest));
        }
        let label = &self.label;
        join(headers, &SIGNATURE_INPUT, format!("{label}={parameters}"));
        join(headers, &SIGNATURE, format!("{label}=:{signature}:"));
        Ok(1)
    }

    fn covers_body(&self) -> bool {
        self.components.contains(&Component::Digest)
    }

    /// The covered components and the parameters, as they are signed and sent.
    fn parameters(&self, at: Timestamp) -> String {
        format!("{}{}{}", self.parameters.0, at.unix_seconds(), self.parameters.1)
    }

    fn signature(&self, secret: &SigningSecret, base: &str) -> Option<String> {
        match &self.key {
            None => Some(STANDARD.encode(key_pair(secret)?.sign(base.as_bytes()))),
            Some(key) => {
                let mut mac = Mac::new(Hash::Sha256, &key.symmetric(secret)?);
                mac.update(base.as_bytes());
                let mut signature = String::new();
                mac.finish(|tag| STANDARD.encode_string(tag, &mut signature));
                Some(signature)
            }
        }
    }
}

/// Adds a member to a dictionary of RFC 8941, in one header line.
fn join(headers: &mut HeaderMap, name: &HeaderName, member: String) {
    let joined = match headers.get(name).and_then(|present| present.to_str().ok()) {
        Some(present) => format!("{present}, {member}"),
        None => member,
    };
    headers.insert(name, value(joined));
}

fn value(text: String) -> HeaderValue {
    #[expect(clippy::expect_used, reason = "labels and key ids are compiled, the rest is base64")]
    HeaderValue::try_from(text).expect("what is rendered is printable")
}
