//! Whether receivers that write a body again before they verify it get the bytes that were sent.

use super::form::{Digits, Form};
use super::{MAX_BODY_DEPTH, parser};

/// Which receivers that hash what they wrote again see exactly the body's bytes. One that hashes
/// the body as it came always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compatibility {
    /// Over `JSON.stringify(JSON.parse(body))`.
    pub js: bool,
    /// Over `json_encode(json_decode($body, true))` with default flags and depth.
    pub php: bool,
}

/// Tells in which receivers a signature over this body verifies.
///
/// A body that is no JSON or is nested beyond [`MAX_BODY_DEPTH`] verifies in neither: PHP refuses
/// it, and no body that a profile makes is so deep.
#[must_use]
pub fn compatibility(body: &[u8]) -> Compatibility {
    let value =
        std::str::from_utf8(body).ok().and_then(|json| parser::parse(json, MAX_BODY_DEPTH).ok());
    let Some(value) = value else {
        return Compatibility { js: false, php: false };
    };
    let mut again = Vec::with_capacity(body.len());
    let mut is_what = |form: Form| {
        again.clear();
        form.write(&value, &mut again).is_ok() && again == body
    };
    Compatibility {
        js: is_what(Form { digits: Digits::OfDouble, allows_lone_surrogates: true, ..Form::ECMA }),
        php: is_what(Form { digits: Digits::OfDouble, ..Form::PHP }),
    }
}

impl Compatibility {
    /// What to tell the sender of this payload; nothing where it verifies in all receivers.
    #[must_use]
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self { js: true, php: true } => None,
            Self { js: true, php: false } => Some(
                "this payload verifies only in receivers that hash the raw body \
                 or re-serialise it as JavaScript does",
            ),
            Self { js: false, php: true } => Some(
                "this payload verifies only in receivers that hash the raw body \
                 or re-serialise it as PHP does",
            ),
            Self { js: false, php: false } => {
                Some("this payload verifies only in receivers that hash the raw body")
            }
        }
    }
}
