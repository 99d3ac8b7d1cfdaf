//! One digest for all texts of a document: SHA-256 of its canonical form (RFC 8785).

use sha2::{Digest as _, Sha256};

use super::error::SerializeError;
use super::form::{Digits, Form, Order};
use super::{MAX_BODY_DEPTH, parser};

/// Why a document has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// It is not in UTF-8.
    #[error("not in UTF-8")]
    Encoding,
    /// It is no JSON, or not of the kind that every language reads alike (RFC 7493): a number is
    /// beyond a double, or a string is no Unicode.
    #[error(transparent)]
    Document(#[from] SerializeError),
}

/// SHA-256 over the canonical form of a JSON document: members sorted by the UTF-16 code units of
/// their names, numbers as ECMAScript writes the doubles that they are read as, no white space.
/// Of members of the same name the last counts.
///
/// # Errors
/// Where the document has no canonical form.
pub fn canonical_digest(json: &[u8]) -> Result<[u8; 32], CanonicalError> {
    Ok(Sha256::digest(canonical(json)?).into())
}

pub(super) fn canonical(json: &[u8]) -> Result<Vec<u8>, CanonicalError> {
    let json = std::str::from_utf8(json).map_err(|_| CanonicalError::Encoding)?;
    let value = parser::parse(json, MAX_BODY_DEPTH)?;
    let mut out = Vec::with_capacity(json.len());
    Form { digits: Digits::OfDouble, order: Order::Utf16, ..Form::ECMA }.write(&value, &mut out)?;
    Ok(out)
}
