//! What a request to a receiver carries beside its body: the Standard Webhooks headers and the
//! signatures in them.
//!
//! # Invariants
//! - Pure: no I/O and no clock. The moment of the attempt, and `now` when verifying, are arguments.
//! - The body is signed and sent as the bytes it is; nothing here parses or renders it.
//! - A key is never formatted, and signatures are compared in constant time.
//!
//! Absent: any other scheme than Standard Webhooks.

mod headers;
mod signature;

pub use headers::{HeaderNames, HeaderNamesError, is_reserved, signed_headers};
pub use signature::{TOLERANCE, VerifyError, sign, verify};
