//! Delivery profiles: everything that one system promised its receivers, as data, and the pure
//! functions that keep the promise.
//!
//! A [`Profile`] says which envelope a message travels in and how it is written, under which ids and
//! headers, by which schemes it is signed, which answers count as delivered, how long an attempt may
//! take and when the next one follows, how receivers are connected to, what an endpoint's secret is
//! and who may see it, and which messages an endpoint gets. An endpoint that names none is called by
//! [`Profile::plain`].
//!
//! # Read in this order
//! 1. `presets/yoco.json`, to see one; [`Preset`] holds all that ship with the binary, and `plain`
//!    the one of endpoints without any.
//! 2. `profile` reads a document, section by section: `answers`, `retry`, `transport`,
//!    `secret_policy`, `subscription`, `merchant_surface`, `request_form`, `event_types`, `signing`.
//!    `document` is what they read with: every problem becomes a [`Fault`] among the `faults`, with
//!    the JSON Pointer of its place, and reading goes on to the next; what the sections demand of
//!    each other is `agreement`.
//! 3. `render` makes a request of a profile and a message: [`Profile::body`] fills the template of
//!    `body` with the closed set of `variable`, in the forms of `derived_id` and `moment`, and has
//!    `json` write it; [`Profile::headers`] is what each attempt adds.
//! 4. [`scheme`] signs: one formula for every scheme, RFC 9421 beside it, and the verifying that
//!    tests and tools do.
//! 5. `catalogue`, apart from all of these: the event types of each system, with schemas and
//!    examples.
//!
//! # Invariants
//! - Pure: no I/O and no clock. The moment of an attempt, and `now` when verifying, are arguments.
//! - What has been read cannot fail for the profile's sake: all that may be wrong with a document is
//!   found when it is read, and all of it at once.
//! - A producer's JSON is spliced in, never parsed and written as numbers: no digit is lost.
//! - The body depends on nothing that an attempt changes; what an attempt changes is only in headers.
//! - Ids are derived from the message and the endpoint, so that nobody has to store them.
//! - The body that is signed is the bytes that are sent. A request whose profile wants it signed is
//!   signed, or there is none.
//! - A key is never formatted, and signatures are compared in constant time.
//!
//! Absent: where profiles are stored and which one is in force, sending and retrying, the schemas'
//! validation of payloads, and templates with conditions, loops or arithmetic.

mod admission;
mod agreement;
mod answers;
mod body;
mod catalogue;
mod derived_id;
mod document;
mod event_types;
mod fault;
mod faults;
mod headers;
mod json;
mod merchant_surface;
mod moment;
mod plain;
mod preset;
mod profile;
mod render;
mod request_form;
mod retry;
pub mod scheme;
mod secret_policy;
mod signing;
mod subscription;
mod transport;
mod variable;

pub use body::BODY_MAX;
pub use catalogue::{Catalogue, CatalogueEntry};
pub use fault::Fault;
pub use headers::{HeaderNames, HeaderNamesError, is_reserved};
pub use json::{
    CanonicalError, Compatibility, MAX_BODY_DEPTH, MAX_PAYLOAD_DEPTH, Refusal, SerializeError,
    Serializer, canonical_digest, check_payload, compatibility,
};
pub use merchant_surface::{RegistrationApi, VerifyCallback};
pub use plain::Plain;
pub use preset::Preset;
pub use profile::{PROFILE_MAX, Profile};
pub use render::{Ids, Occasion, Outgoing, RenderError};
pub use scheme::{TOLERANCE, VerifyError};
pub use secret_policy::{Reveal, SecretKind, SecretPolicy, SecretRefused, SecretSource};
pub use subscription::{ModeScope, Modes, Subscription};
