//! What callers say of an event beside its payload. Each reader notes the fault of what it cannot
//! read, and takes it as not given. Pure.

use posthaste_api::ValidationFault;
use posthaste_domain::{Mode, Occurrence, Timestamp};
use posthaste_profile::{Refusal, check_payload};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What is said of JSON that names half of a surrogate pair: it is no text, and every receiver
/// would make something else of it.
pub(crate) const LONE_SURROGATE: &str =
    "must not have an escape of a lone surrogate (\\ud800 to \\udfff), for it is no character";

/// Reads a value that is there, be it `null`: an `Option` alone would take `null` for absence.
pub(crate) fn given<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// When it happened. What lies outside of what we can tell is refused, rather than moved.
pub(crate) fn at(text: Option<&str>, faults: &mut Vec<ValidationFault>) -> Option<Timestamp> {
    let edges = [0, i64::MAX].map(Timestamp::from_micros);
    let fault = match text?.parse::<Timestamp>() {
        Ok(at) if edges.contains(&at) => "must be after 1970-01-01T00:00:00Z and before 10000",
        Ok(at) => return Some(at),
        Err(_) => "must be an RFC 3339 date and time",
    };
    faults.push(ValidationFault::body(["occurredAt"], fault));
    None
}

/// What it is about.
pub(crate) fn subject(text: Option<&str>, faults: &mut Vec<ValidationFault>) -> Option<String> {
    let text = text?;
    let mut fault = |msg: &str| faults.push(ValidationFault::body(["subject"], msg));
    let has_length = (1..=Occurrence::SUBJECT_MAX).contains(&text.len());
    let is_printable = !text.contains(char::is_control);
    if !has_length {
        fault(&format!("must be from 1 to {} bytes", Occurrence::SUBJECT_MAX));
    }
    if !is_printable {
        fault("must not have control characters");
    }
    (has_length && is_printable).then(|| text.to_owned())
}

/// More about it, byte for byte.
pub(crate) fn meta(json: Option<&RawValue>, faults: &mut Vec<ValidationFault>) -> Option<String> {
    let json = json?.get();
    let mut fault = |msg: &str| faults.push(ValidationFault::body(["meta"], msg));
    let fits = json.len() <= Occurrence::META_MAX;
    let unsendable = unsendable(json);
    if !fits {
        fault(&format!("must be at most {} bytes of JSON", Occurrence::META_MAX));
    }
    let is_sendable = unsendable.is_none();
    if let Some(msg) = unsendable {
        fault(&msg);
    }
    (fits && is_sendable).then(|| json.to_owned())
}

/// Why no request could ever hold this JSON; `None` where one can.
pub(crate) fn unsendable(json: &str) -> Option<String> {
    let refusal = check_payload(json).err()?;
    Some(match refusal {
        Refusal::LoneSurrogate => LONE_SURROGATE.to_owned(),
        other => other.to_string(),
    })
}

/// Whether it is for real.
pub(crate) fn mode(text: Option<&str>, faults: &mut Vec<ValidationFault>) -> Option<Mode> {
    let read = text?.parse();
    if read.is_err() {
        faults.push(ValidationFault::body(["mode"], "must be live or test"));
    }
    read.ok()
}
