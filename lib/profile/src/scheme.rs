//! How a request is signed: a scheme is data, and one formula makes every one of them.
//!
//! For each key that fits, newest first: `sig = encode(algorithm(key, content))`; `entry` wraps it;
//! `join` strings the entries together; header templates place them. Which variables a text may
//! hold is a closed list, so that what compiles cannot fail to render.
//!
//! Read in this order: [`spec`](SchemeSpec) is what is written down, `compile` finds every fault in
//! it, `sign` and `verify` apply it. [`MessageSignatureSpec`] stands beside the formula: RFC 9421
//! signs the request's line and headers as well. [`Signatures`] is all that one profile does.
//!
//! # Invariants
//! - Pure: no I/O and no clock.
//! - A body is fed to an HMAC as it is, and never copied for it.
//! - A key that does not fit a scheme is passed over; where none fits, no header is set.
//! - What reaches a header is printable: ids and event types are checked, literals were compiled.
//! - Signatures are compared in constant time, and a static secret is marked sensitive.
//!
//! Absent: schemes that sign a URL or a list of headers, other than by RFC 9421; keys that are
//! looked up anywhere but in the endpoint's keyring.

mod builtin;
mod compile;
mod compiled;
mod header;
mod key;
mod mac;
mod message_signature;
mod sign;
mod signatures;
mod spec;
mod template;
mod time;
mod verify;

pub use compiled::Scheme;
pub use header::HeaderSpec;
pub use message_signature::{MessageSignature, MessageSignatureSpec, Parameter, Target};
pub use sign::{SignError, Signed};
pub use signatures::{SignatureSpec, Signatures};
pub use spec::{
    Algorithm, ContentForm, Decode, Encoding, KeySource, KeySpec, Rotation, SchemeSpec, TimeForm,
};
pub use verify::{TOLERANCE, VerifyError};

#[cfg(test)]
mod tests;
