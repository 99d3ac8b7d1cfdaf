//! Why a JSON text has not the form asked for, and where.

use std::fmt;

use crate::Fault;

/// What is in the way of writing a JSON text in the form asked for, and its place. It is shown with
/// at most [`Fault::POINTER_MAX`] bytes of the pointer, for a member's name may be as long as a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SerializeError {
    /// A JSON Pointer (RFC 6901) to the innermost value that has it; empty for the document itself.
    /// A member's name stands for the name as well as for the value.
    pub pointer: String,
    /// What it is.
    pub refusal: Refusal,
}

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.pointer[..self.pointer.floor_char_boundary(Fault::POINTER_MAX)];
        let place = if place.is_empty() { "/" } else { place };
        write!(f, "{place}: {}", self.refusal)
    }
}

/// Why a JSON text is not written in some form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// RFC 8259 does not allow it.
    #[error("not valid JSON")]
    Syntax,
    /// It is nested beyond [`crate::MAX_BODY_DEPTH`], or [`crate::MAX_PAYLOAD_DEPTH`] for a payload.
    #[error("nested too deeply")]
    Depth,
    /// An escape names half of a surrogate pair: no Unicode text, and most parsers refuse it.
    #[error("a string has half of a surrogate pair")]
    LoneSurrogate,
    /// PHP would write `[]`.
    #[error("an empty object, which PHP would turn into an empty list")]
    EmptyObject,
    /// PHP would write a list: the members' names are 0, 1, 2 and so on, in order.
    #[error("an object whose names count up from 0, which PHP would turn into a list")]
    ListLikeObject,
    /// Its exponent has more than 18 digits, or it is beyond a double where it has to be one.
    #[error("a number beyond what can be written")]
    NumberRange,
    /// In the form asked for it would be longer than [`crate::BODY_MAX`].
    #[error("too long once it is written")]
    TooLong,
}

/// A refusal on its way out of the values around it.
#[derive(Debug)]
pub(super) struct Failure {
    /// The innermost first.
    path: Vec<String>,
    refusal: Refusal,
}

impl Failure {
    pub(super) fn within(mut self, segment: impl Into<String>) -> Self {
        self.path.push(segment.into());
        self
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { path: Vec::new(), refusal }
    }
}

impl From<Failure> for SerializeError {
    fn from(failure: Failure) -> Self {
        let mut pointer = String::new();
        for segment in failure.path.iter().rev() {
            pointer.push('/');
            pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
        }
        Self { pointer, refusal: failure.refusal }
    }
}
