//! Which headers an endpoint may have its requests carry, and how they are changed. Pure.
//!
//! # Invariants
//! - What is stored can be sent: names and values are checked when they are written, so no later
//!   reader can stumble over them.
//! - No header of ours, of the message's framing or of a hop on the way can be set.
//! - A name stands once, whatever its case; it is shown as it was written.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue};
use posthaste_api::field::Faults;
use posthaste_profile::is_reserved;
use posthaste_registry::Headers;

/// How many an endpoint may have.
pub(crate) const MAX_HEADERS: usize = 50;
/// The longest name, in bytes.
const MAX_NAME: usize = 256;
/// The longest value, in bytes.
const MAX_VALUE: usize = 4_096;

/// Names whose values are credentials.
const SENSITIVE: [&str; 6] = [
    "authorization",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "x-api-key",
    "x-auth-token",
];

/// A rule that a header breaks. Never says the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("must be a header name of at most {MAX_NAME} bytes")]
    Name,
    #[error("this header cannot be set")]
    Reserved,
    #[error("the value must be at most {MAX_VALUE} bytes")]
    TooLong,
    #[error("the value must be what a header can hold: no control characters but a tab")]
    Value,
    #[error("named twice; upper and lower case are the same")]
    Twice,
}

/// More than [`MAX_HEADERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint may have at most {MAX_HEADERS} headers")]
pub(crate) struct TooMany;

/// A change of some headers.
#[derive(Clone)]
pub(crate) struct Change {
    set: Headers,
    /// Names to remove, in lower case.
    delete: BTreeSet<String>,
}

/// Whether a value is to be kept from readers.
pub(crate) fn is_sensitive(name: &str) -> bool {
    SENSITIVE.iter().any(|sensitive| sensitive.eq_ignore_ascii_case(name))
}

/// Notes what is wrong with the `headers` of a body.
pub(crate) fn check(faults: &mut Faults, headers: &Headers) {
    if headers.len() > MAX_HEADERS {
        // Naming each would repeat the whole body.
        return faults.add(["headers"], TooMany.to_string());
    }
    let mut seen = BTreeSet::new();
    for (name, value) in headers {
        let once = seen.insert(name.to_ascii_lowercase());
        let checked = header(name, value).and(if once { Ok(()) } else { Err(HeaderError::Twice) });
        if let Err(error) = checked {
            note(faults, name, error);
        }
    }
}

fn note(faults: &mut Faults, name: &str, error: HeaderError) {
    let shown = &name[..name.floor_char_boundary(MAX_NAME)];
    faults.add(["headers", shown], error.to_string());
}

fn header(name: &str, value: &str) -> Result<(), HeaderError> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::Name)?;
    let lower = parsed.as_str();
    if lower.len() > MAX_NAME {
        Err(HeaderError::Name)
    } else if is_reserved(lower) {
        Err(HeaderError::Reserved)
    } else if value.len() > MAX_VALUE {
        Err(HeaderError::TooLong)
    } else if HeaderValue::from_str(value).is_err() {
        Err(HeaderError::Value)
    } else {
        Ok(())
    }
}

impl Change {
    /// Checks a body that sets headers, or deletes them by `null` or by name. Deleting what is
    /// not there changes nothing.
    pub(crate) fn check(
        faults: &mut Faults,
        headers: BTreeMap<String, Option<String>>,
        delete: &[String],
    ) -> Self {
        let mut deleted: BTreeSet<_> =
            delete.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut set = Headers::new();
        for (name, value) in headers {
            match value {
                Some(value) => drop(set.insert(name, value)),
                None => drop(deleted.insert(name.to_ascii_lowercase())),
            }
        }
        check(faults, &set);
        if set.len() <= MAX_HEADERS {
            for name in set.keys().filter(|name| deleted.contains(&name.to_ascii_lowercase())) {
                note(faults, name, HeaderError::Twice);
            }
        }
        Self { set, delete: deleted }
    }

    /// What `current` becomes.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(crate) fn apply(&self, current: &Headers) -> Result<Headers, TooMany> {
        let set: BTreeSet<_> = self.set.keys().map(|name| name.to_ascii_lowercase()).collect();
        let goes = |name: &str| {
            let name = name.to_ascii_lowercase();
            self.delete.contains(&name) || set.contains(&name)
        };
        let stay = current.iter().filter(|(name, _)| !goes(name));
        let next: Headers =
            stay.chain(&self.set).map(|(name, value)| (name.clone(), value.clone())).collect();
        if next.len() > MAX_HEADERS { Err(TooMany) } else { Ok(next) }
    }
}

#[cfg(test)]
mod tests;
