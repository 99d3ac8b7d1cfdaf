//! What is written to the streams, beside the payload.
//!
//! A message's body is the producer's payload, byte for byte; what we know of it is one JSON
//! object in one header. Deliveries and attempts have no payload, so their JSON is the body.

use async_nats::HeaderMap;
use serde::{Serialize, de::DeserializeOwned};

/// The head of an event: [`posthaste_domain::Event`].
pub(crate) const EVENT: &str = "Posthaste-Event";
/// The delivery to resume, on an event that was put in again for one endpoint.
pub(crate) const RESUME: &str = "Posthaste-Resume";
/// The lane in which such a delivery waits; without it, the bulk lane.
pub(crate) const LANE: &str = "Posthaste-Lane";
/// The head of a dead letter: [`posthaste_domain::DeadLetter`].
pub(crate) const DEAD_LETTER: &str = "Posthaste-Dead-Letter";
/// What a revision of a bucket's key is about, for whoever follows the revisions.
pub(crate) const NOTE: &str = "Posthaste-Note";

/// A message that is not in the form we write.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A header is missing.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// It would be larger than its place.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// Not the JSON we expect.
    #[error("not the JSON that was expected")]
    Json(#[from] serde_json::Error),
}

/// Puts `value` into the header `name`.
///
/// JSON text has no line breaks of its own and escapes those in strings, so it is always one
/// header line.
pub(crate) fn put_head<T: Serialize>(
    headers: &mut HeaderMap,
    name: &'static str,
    value: &T,
) -> Result<(), WireError> {
    headers.insert(name, serde_json::to_string(value)?);
    Ok(())
}

/// Reads the header `name`.
pub(crate) fn head<T: DeserializeOwned>(
    headers: Option<&HeaderMap>,
    name: &'static str,
) -> Result<T, WireError> {
    let text = headers.and_then(|all| all.get(name)).ok_or(WireError::Missing(name))?;
    Ok(serde_json::from_str(text.as_str())?)
}

/// Reads the header `name` where there is one.
pub(crate) fn optional_head<T: DeserializeOwned>(
    headers: Option<&HeaderMap>,
    name: &'static str,
) -> Result<Option<T>, WireError> {
    match headers.and_then(|all| all.get(name)) {
        Some(text) => Ok(Some(serde_json::from_str(text.as_str())?)),
        None => Ok(None),
    }
}
