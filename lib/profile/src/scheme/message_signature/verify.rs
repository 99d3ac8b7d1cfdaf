//! Verifying what was signed with the same specification, for tests and for tools.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use posthaste_domain::{SigningKey, SigningSecret, Timestamp};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::{CONTENT_DIGEST, MessageSignature, SIGNATURE, SIGNATURE_INPUT, Target, base};
use crate::scheme::{
    TimeForm, VerifyError,
    mac::{Hash, Mac},
};

impl MessageSignature {
    /// Checks a received request: that its signature of this label covers what it should, was made
    /// no further than `tolerance` from `now`, and is of this secret; and that the digest is of
    /// the body, where it is covered.
    ///
    /// # Errors
    /// [`VerifyError`] says which check failed.
    pub fn verify(
        &self,
        secret: &SigningSecret,
        target: &Target<'_>,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<(), VerifyError> {
        let (before, after) = &self.parameters;
        let label = &self.label;
        let input = text(headers, &SIGNATURE_INPUT)?;
        let said = member(input, &format!("{label}={before}")).ok_or(VerifyError::Missing)?;
        let digits = said.find(|c: char| !c.is_ascii_digit()).unwrap_or(said.len());
        let (created, rest) = said.split_at(digits);
        let rest = rest.strip_prefix(&**after).ok_or(VerifyError::Missing)?;
        if !(rest.is_empty() || rest.starts_with(',')) {
            return Err(VerifyError::Missing);
        }
        TimeForm::UnixSeconds.check(created, now, tolerance)?;
        let signature = member(text(headers, &SIGNATURE)?, &format!("{label}=:"));
        let signature = signature.and_then(|rest| STANDARD.decode(rest.split_once(':')?.0).ok());
        let signature = signature.ok_or(VerifyError::Missing)?;
        let digest = if self.covers_body() { Some(text(headers, &CONTENT_DIGEST)?) } else { None };
        if digest.is_some_and(|digest| digest != base::digest(body)) {
            return Err(VerifyError::NoMatch);
        }
        let parameters = format!("{before}{created}{after}");
        let base = self.base(&parameters, body, digest, target, headers);
        let base = base.map_err(|_| VerifyError::Missing)?;
        let matches = match (&self.key, secret.key()) {
            (None, SigningKey::Ed25519 { public, .. }) => {
                UnparsedPublicKey::new(&ED25519, public).verify(base.as_bytes(), &signature).is_ok()
            }
            (None, _) => return Err(VerifyError::UnfitSecret),
            (Some(key), _) => {
                let key = key.symmetric(secret).ok_or(VerifyError::UnfitSecret)?;
                let mut mac = Mac::new(Hash::Sha256, &key);
                mac.update(base.as_bytes());
                mac.is(&signature)
            }
        };
        if matches { Ok(()) } else { Err(VerifyError::NoMatch) }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, VerifyError> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(VerifyError::Missing)
}

/// What follows `start` in the member of a dictionary that begins with it.
fn member<'a>(dictionary: &'a str, start: &str) -> Option<&'a str> {
    dictionary
        .match_indices(start)
        .map(|(at, _)| dictionary.split_at(at))
        .find(|(before, _)| before.is_empty() || before.ends_with(", "))
        .and_then(|(_, found)| found.strip_prefix(start))
}
