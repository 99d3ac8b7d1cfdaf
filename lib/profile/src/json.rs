//! JSON text as a receiver has to see it.
//!
//! A receiver that verifies a signature over what it parsed and wrote again sees the sender's bytes
//! only if they are in the one form that its language writes. So a producer's JSON is brought into
//! that form from text to text, and whether a body has that form can be told.
//!
//! # Invariants
//! - What is written has every digit that was read. A float only decides what a receiver would do,
//!   and makes the digits of the canonical form, which RFC 8785 defines by it.
//! - Time and space are linear in the text, but for indentation, and what is written is at most
//!   [`BODY_MAX`] bytes; the stack is bounded by [`MAX_BODY_DEPTH`].
//! - A payload that [`check_payload`] lets through is written in any envelope, but where PHP would
//!   lose an object of it.
//! - Text that is no JSON is an error and never a panic.
//!
//! Absent: templates, and what is done with a body that does not verify everywhere.

mod canonical;
mod compatibility;
mod double;
mod error;
mod form;
mod lookup;
mod number;
mod parser;
mod payload;
mod text;
mod value;
mod writer;

use serde::{Deserialize, Serialize};

pub use canonical::{CanonicalError, canonical_digest};
pub use compatibility::{Compatibility, compatibility};
pub use error::{Refusal, SerializeError};
pub(crate) use lookup::text_at;
pub use payload::check_payload;

use form::Form;

use crate::body::{BODY_MAX, DEPTH_MAX};

/// How many arrays and objects a body may have around its innermost value: as much as PHP reads and
/// writes again by default.
pub const MAX_BODY_DEPTH: usize = 511;

/// The same for a payload, which leaves room for the deepest envelope: the innermost of a template's
/// levels is the payload itself.
pub const MAX_PAYLOAD_DEPTH: usize = MAX_BODY_DEPTH - (DEPTH_MAX - 1);

/// The form in which a producer's JSON is written into a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serializer {
    /// The bytes as the producer sent them, white space and all.
    #[default]
    Preserve,
    /// As `JSON.stringify(JSON.parse(text))` of JavaScript writes it, but for numbers that a double
    /// does not hold: they keep all their digits, in the same notation.
    Compact,
    /// As `json_encode(json_decode($text, true))` of PHP 8 writes it with default flags, with three
    /// differences: numbers keep all their digits; negative zero is `0`, because the `-0` that PHP
    /// writes it does not read back as such; and an object that PHP would turn into a list is
    /// refused ([`Refusal::EmptyObject`], [`Refusal::ListLikeObject`]).
    Php,
    /// As [`Serializer::Compact`], with line breaks and two blanks for each level. For people only.
    Pretty2,
}

impl Serializer {
    /// Appends the value that `json` is to `out`, in this form. [`Serializer::Preserve`] does not
    /// look into it.
    ///
    /// # Errors
    /// Where the text has no such form, or one of more than [`BODY_MAX`] bytes, and why; then `out`
    /// is as it was.
    pub fn write(self, json: &str, out: &mut Vec<u8>) -> Result<(), SerializeError> {
        let form = match self {
            Self::Preserve => {
                out.extend_from_slice(json.as_bytes());
                return Ok(());
            }
            Self::Compact => Form::ECMA,
            Self::Php => Form::PHP,
            Self::Pretty2 => Form { is_indented: true, ..Form::ECMA },
        };
        let before = out.len();
        let form = Form { longest: before.saturating_add(BODY_MAX), ..form };
        let written = parser::parse(json, MAX_BODY_DEPTH).and_then(|value| form.write(&value, out));
        if written.is_err() {
            out.truncate(before);
        }
        written
    }
}

#[cfg(test)]
mod tests;
