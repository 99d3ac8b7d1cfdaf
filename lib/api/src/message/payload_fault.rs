//! Where a payload does not fit its schema.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// One place of a payload that does not fit the schema of its event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PayloadFault {
    /// A JSON Pointer (RFC 6901) into the payload; empty for the payload itself.
    #[schema(example = "/items/0/amount")]
    pub pointer: String,
    /// What is wrong there, for a human.
    #[schema(example = "value is not of type \"integer\"")]
    pub problem: String,
}

impl fmt::Display for PayloadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, problem } = self;
        if pointer.is_empty() { f.write_str(problem) } else { write!(f, "{pointer}: {problem}") }
    }
}
