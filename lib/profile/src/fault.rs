//! What is wrong with a profile, and where.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a document, and the place of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A JSON Pointer (RFC 6901) into the document; empty for the document itself.
    pub pointer: String,
    /// What is wrong there, for its author.
    pub problem: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), problem: problem.into() }
    }

    /// The same fault in a document that holds this one at `place`, itself a pointer.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self { pointer: format!("{place}{}", self.pointer), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{place}: {}", self.problem)
    }
}
