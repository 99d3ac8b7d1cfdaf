//! What is wrong with a profile, and where.
//!
//! # Invariants
//! - A fault is small, however much of the document it repeats.

use std::fmt;

use serde::Serialize;

use crate::document::cut;

/// One thing that is wrong with a document, and the place of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A JSON Pointer (RFC 6901) into the document; empty for the document itself. Its first
    /// [`Fault::POINTER_MAX`] bytes, where it is longer.
    pub pointer: String,
    /// What is wrong there, for its author; its first [`Fault::PROBLEM_MAX`] bytes.
    pub problem: String,
}

impl Fault {
    /// The longest pointer, in bytes.
    pub const POINTER_MAX: usize = 256;
    /// The longest problem, in bytes: room for what is expected, and for some of what is there.
    pub const PROBLEM_MAX: usize = 200;

    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, problem: impl Into<String>) -> Self {
        let pointer = cut(pointer.into(), Self::POINTER_MAX);
        Self { pointer, problem: cut(problem.into(), Self::PROBLEM_MAX) }
    }

    /// The same fault in a document that holds this one at `place`, itself a pointer.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self::new(format!("{place}{}", self.pointer), self.problem)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{place}: {}", self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small_whatever_it_repeats() {
        let fault = Fault::new(format!("/{}", "é".repeat(500)), "ü".repeat(500));
        assert_eq!(fault.pointer, format!("/{}", "é".repeat(127)));
        assert_eq!(fault.problem, "ü".repeat(100));
        assert_eq!(fault.within(&"/ab".repeat(80)).pointer.len(), 255);
    }
}
