//! A scheme in the form in which it is applied: nothing in it can fail any more.

use http::HeaderName;
use posthaste_domain::SigningSecret;

use super::{
    KeySpec, Rotation, TimeForm,
    mac::Hash,
    sign::key_pair,
    template::{ContentVar, HeaderVar, Template},
};

/// A scheme that is ready to sign and to verify with.
#[derive(Clone, Debug)]
pub struct Scheme {
    pub(super) name: Box<str>,
    pub(super) making: Making,
    pub(super) key: KeySpec,
    /// The literal text before and after what a key makes.
    pub(super) entry: (Box<str>, Box<str>),
    pub(super) join: Option<Box<str>>,
    pub(super) headers: Vec<Header>,
    pub(super) time: TimeForm,
    pub(super) rotation: Rotation,
}

/// What stands between the literals of an entry.
#[derive(Clone, Debug)]
pub(super) enum Making {
    Hmac { hash: Hash, content: Template<ContentVar>, encoding: Textual },
    Ed25519 { content: Template<ContentVar>, encoding: Textual },
    Static,
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Textual {
    Hex,
    Base64,
}

#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: HeaderName,
    pub(super) as_written: Box<str>,
    pub(super) value: Template<HeaderVar>,
}

impl Scheme {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The headers it sets, and how they are to be spelt on the wire.
    pub fn header_names(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.headers.iter().map(|header| (&header.name, &*header.as_written))
    }

    /// Whether a secret makes a key of this scheme.
    #[must_use]
    pub fn accepts(&self, secret: &SigningSecret) -> bool {
        match &self.making {
            Making::Hmac { .. } => self.key.symmetric(secret).is_some(),
            Making::Ed25519 { .. } => key_pair(secret).is_some(),
            Making::Static => self.key.plain(secret).is_some(),
        }
    }

    /// In which unit it signs the moment of an attempt.
    pub(crate) const fn time(&self) -> TimeForm {
        self.time
    }

    /// Whether an id is signed that no header of the scheme tells, so that another must.
    #[must_use]
    pub fn needs_id(&self) -> bool {
        self.needs(ContentVar::Id, HeaderVar::Id)
    }

    /// Whether a moment is signed that no header of the scheme tells, so that another must.
    #[must_use]
    pub fn needs_timestamp(&self) -> bool {
        self.needs(ContentVar::Timestamp, HeaderVar::Timestamp)
    }

    fn needs(&self, signed: ContentVar, sent: HeaderVar) -> bool {
        self.signs(signed) && self.headers.iter().all(|header| header.value.count(sent) == 0)
    }

    pub(super) fn signs(&self, variable: ContentVar) -> bool {
        match &self.making {
            Making::Hmac { content, .. } | Making::Ed25519 { content, .. } => {
                content.count(variable) > 0
            }
            Making::Static => false,
        }
    }
}
