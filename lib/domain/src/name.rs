//! Names that callers choose: 1 to 256 characters of `[a-zA-Z0-9-_.]`, some of them with a few more.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in bytes.
const MAX_LEN: usize = 256;

/// Why a string is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("must be at least one character")]
    Empty,
    /// More bytes than this.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// A character outside the alphabet, to which these belong beside letters and digits.
    #[error("must match the following pattern: ^[a-zA-Z0-9\\-_.{0}]+$.")]
    Alphabet(String),
    /// A uid that could be mistaken for an id.
    #[error("Uids are not allowed to have the same prefix as the ID. Prefix with _?")]
    LooksLikeAnId,
}

fn check(text: &str, max: usize, also: &[u8]) -> Result<Arc<str>, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > max {
        return Err(NameError::TooLong(max));
    }
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.') || also.contains(&b);
    if !text.bytes().all(allowed) {
        let also = std::str::from_utf8(also).unwrap_or_default();
        return Err(NameError::Alphabet(also.to_owned()));
    }
    Ok(Arc::from(text))
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        name!($(#[$doc])* $name, MAX_LEN, b"");
    };
    ($(#[$doc:meta])* $name:ident, $max:expr, $also:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text, $max, $also).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// What happened, for example `chargeback.created`.
    EventType
);
name!(
    /// The platform's own id of an event; unique per application within the dedup window.
    EventId
);
name!(
    /// A label that narrows which endpoints get a message.
    Channel, MAX_LEN, b":+"
);
name!(
    /// A label by which a message is found again, at most 128 characters.
    Tag, 128, b"/\\#"
);
name!(
    /// The platform's own name of an application or an endpoint, usable wherever the id is.
    Uid
);

impl Uid {
    /// Parses a uid that must not be mistaken for an id beginning with `id_prefix`.
    ///
    /// # Errors
    /// As [`FromStr`], and [`NameError::LooksLikeAnId`] where it begins with `id_prefix`.
    pub fn parse_beside(text: &str, id_prefix: &str) -> Result<Self, NameError> {
        if text.starts_with(id_prefix) {
            return Err(NameError::LooksLikeAnId);
        }
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uid_may_not_pass_for_an_id() {
        assert_eq!(Uid::parse_beside("app_1", "app_"), Err(NameError::LooksLikeAnId));
        assert!(Uid::parse_beside("_app_1", "app_").is_ok());
    }

    proptest! {
        #[test]
        fn every_name_is_made_of_the_alphabet(text in "\\PC{0,300}") {
            let fits = (1..=256).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            prop_assert_eq!(text.parse::<EventType>().is_ok(), fits);
        }
    }
}
