//! A schema made ready, and what it says of a payload. Pure.

use std::sync::atomic::{AtomicBool, Ordering};

use jsonschema::{Draft, PatternOptions, Validator};
use posthaste_api::message::PayloadFault;
use serde_json::Value;

use super::{
    effort::effort,
    references::{Elsewhere, References},
};

/// The largest schema that is used, in bytes of JSON.
pub(super) const SCHEMA_MAX: usize = 256 * 1024;
/// The largest payload that is looked at, in bytes: read, it takes up to fifty times its size.
pub(super) const PAYLOAD_MAX: usize = 1 << 20;
/// The most that a payload may cost, about a tenth of a second.
const STEPS_MAX: u32 = 1_000_000;
/// Up to this cost all faults are gathered; beyond it, where they could fill the memory, it is the
/// first one.
const STEPS_GATHERED: u32 = 50_000;
/// The most faults that are told.
pub(super) const FAULTS_MAX: usize = 16;
/// The longest words of a fault, and the longest pointer, in bytes.
const WORDS_MAX: usize = 256;
/// What stands at the end of what was cut.
const CUT: char = '…';
/// The most that one regular expression of a schema may take when it is compiled, in bytes.
const PATTERN_MAX: usize = 4 << 20;
/// The most that matching it may take besides.
const MATCHING_MAX: usize = 512 * 1024;

/// A schema, ready for use.
#[derive(Debug)]
pub(super) struct Compiled {
    document: Value,
    references: References,
    validator: Validator,
    was_too_costly: AtomicBool,
}

/// Why a schema is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// Its text is too long.
    #[error("the schema is larger than {SCHEMA_MAX} bytes")]
    TooLarge,
    /// Its text is not JSON that can be read.
    #[error("the schema cannot be read")]
    Unread(#[from] serde_json::Error),
    /// It does not stand by itself.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// It is JSON and no schema of its draft, or has a pattern that cannot be matched in a time
    /// that grows with the text alone.
    #[error("the schema cannot be used: {0}")]
    NotASchema(String),
    /// The validator did not survive it.
    #[error("the schema breaks the validator")]
    Broken,
}

/// Why a payload cannot be held against a schema that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unchecked {
    /// It is too large, too deep, or has numbers beyond those that a schema can speak of.
    #[error("the payload cannot be read")]
    Payload,
    /// The two together would take too long.
    #[error("the schema and a payload together would take too long")]
    TooCostly,
}

impl Compiled {
    /// Makes a schema ready. One that does not name its draft is of draft 7, as the catalogue takes
    /// it.
    ///
    /// # Errors
    /// [`Unusable`].
    pub(super) fn new(text: &str) -> Result<Self, Unusable> {
        if text.len() > SCHEMA_MAX {
            return Err(Unusable::TooLarge);
        }
        let document: Value = serde_json::from_str(text)?;
        let references = References::of(&document)?;
        let patterns = PatternOptions::regex().size_limit(PATTERN_MAX).dfa_size_limit(MATCHING_MAX);
        let mut options = jsonschema::options().offline().with_pattern_options(patterns);
        if document.get("$schema").is_none() {
            options = options.with_draft(Draft::Draft7);
        }
        let validator = options.build(&document).map_err(|error| {
            let place = error.instance_path().as_str();
            Unusable::NotASchema(cut(format!("{place} {}", error.masked())))
        })?;
        Ok(Self { document, references, validator, was_too_costly: AtomicBool::new(false) })
    }

    /// What of `payload` does not fit: at most [`FAULTS_MAX`] places, none where all of it does.
    ///
    /// # Errors
    /// [`Unchecked`].
    pub(super) fn faults(&self, payload: &[u8]) -> Result<Vec<PayloadFault>, Unchecked> {
        let size = payload.len();
        let payload = Some(payload).filter(|_| size <= PAYLOAD_MAX).ok_or(Unchecked::Payload)?;
        let payload: Value = serde_json::from_slice(payload).map_err(|_| Unchecked::Payload)?;
        let steps = effort(&self.document, &self.references, &payload, STEPS_MAX)
            .map_err(|_| Unchecked::TooCostly)?;
        if self.validator.is_valid(&payload) {
            Ok(Vec::new())
        } else if steps <= STEPS_GATHERED {
            Ok(self.validator.iter_errors(&payload).take(FAULTS_MAX).map(told).collect())
        } else {
            Ok(self.validator.validate(&payload).err().map(told).into_iter().collect())
        }
    }

    /// Whether this is the first time that it is said to cost too much.
    pub(super) fn first_too_costly(&self) -> bool {
        !self.was_too_costly.swap(true, Ordering::Relaxed)
    }
}

/// A fault without the value itself, which may be long and is nobody's to repeat.
fn told(error: jsonschema::ValidationError<'_>) -> PayloadFault {
    let pointer = cut(error.instance_path().as_str().to_owned());
    PayloadFault { pointer, problem: cut(error.masked().to_string()) }
}

fn cut(mut text: String) -> String {
    if text.len() > WORDS_MAX {
        text.truncate(text.floor_char_boundary(WORDS_MAX - CUT.len_utf8()));
        text.push(CUT);
    }
    text
}

/// Whether a text of this length was cut, rather than ends like that.
pub(super) fn is_cut(text: &str) -> bool {
    text.len() > WORDS_MAX - 2 * CUT.len_utf8() && text.ends_with(CUT)
}
