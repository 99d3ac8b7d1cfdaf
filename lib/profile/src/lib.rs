//! What a request to a receiver carries beside its body: the Standard Webhooks headers and the
//! signatures in them.
//!
//! # Invariants
//! - Pure: no I/O and no clock. The moment of the attempt, and `now` when verifying, are arguments.
//! - The body is signed and sent as the bytes it is; nothing here parses or renders it.
//! - A key is never formatted, and signatures are compared in constant time.
//!
//! Absent: any other scheme than Standard Webhooks.

mod answers;
mod body;
mod catalogue;
mod derived_id;
mod document;
mod fault;
mod headers;
mod json;
mod merchant_surface;
mod moment;
mod plain;
mod preset;
mod profile;
mod render;
mod retry;
pub mod scheme;
mod secret_policy;
mod signature;
mod signing;
mod subscription;
mod transport;
mod variable;

pub use catalogue::{Catalogue, CatalogueEntry};
pub use fault::Fault;
pub use headers::{HeaderNames, HeaderNamesError, is_reserved, signed_headers};
pub use json::{
    CanonicalError, Compatibility, MAX_BODY_DEPTH, MAX_DEPTH, Refusal, SerializeError, Serializer,
    canonical_digest, compatibility, has_lone_surrogate,
};
pub use merchant_surface::{RegistrationApi, VerifyCallback};
pub use plain::Plain;
pub use preset::Preset;
pub use profile::{PROFILE_MAX, Profile};
pub use render::{Ids, Occasion, Outgoing, RenderError};
pub use secret_policy::{Reveal, SecretKind, SecretPolicy, SecretRefused, SecretSource};
pub use signature::{TOLERANCE, VerifyError, sign, verify};
pub use subscription::{ModeScope, Modes, Subscription};
