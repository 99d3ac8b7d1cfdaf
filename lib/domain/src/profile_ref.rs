//! Which delivery profile is meant.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a profile: 2 to 32 lower-case letters, digits and hyphens, a letter first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileName(Arc<str>);

/// One version of a profile, written `name@version`. A version never changes once it is published,
/// so whoever remembers this remembers everything that the profile says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileRef {
    /// The profile.
    pub name: ProfileName,
    /// Which of its versions, 1 or more.
    pub version: u32,
}

/// Why a string names no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRefError {
    /// The name breaks the rule.
    #[error("a profile's name is 2 to 32 lower-case letters, digits and hyphens, a letter first")]
    Name,
    /// The version is not a number from 1, or there is none.
    #[error("expected name@version, the version being a number from 1")]
    Version,
}

impl ProfileName {
    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This version of the profile.
    #[must_use]
    pub const fn at(self, version: u32) -> ProfileRef {
        ProfileRef { name: self, version }
    }
}

impl FromStr for ProfileName {
    type Err = ProfileRefError;

    fn from_str(text: &str) -> Result<Self, ProfileRefError> {
        let fits = (2..=32).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(Arc::from(text))) } else { Err(ProfileRefError::Name) }
    }
}

impl FromStr for ProfileRef {
    type Err = ProfileRefError;

    fn from_str(text: &str) -> Result<Self, ProfileRefError> {
        let (name, version) = text.split_once('@').ok_or(ProfileRefError::Version)?;
        let digits = !version.starts_with('0') && version.bytes().all(|b| b.is_ascii_digit());
        let version = version.parse().ok().filter(|_| digits).ok_or(ProfileRefError::Version)?;
        Ok(Self { name: name.parse()?, version })
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ProfileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl fmt::Debug for ProfileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for ProfileName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for ProfileRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProfileRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written_and_anything_else_is_refused() {
        for text in ["justt@1", "a-2@4294967295"] {
            assert_eq!(text.parse::<ProfileRef>().unwrap().to_string(), text);
        }
        for text in ["justt", "justt@", "justt@0", "justt@01", "justt@+1", "justt@4294967296"] {
            assert_eq!(text.parse::<ProfileRef>(), Err(ProfileRefError::Version), "{text}");
        }
        for text in ["j@1", "Justt@1", "1a@1", "a_b@1", "@1", &format!("{}@1", "a".repeat(33))] {
            assert_eq!(text.parse::<ProfileRef>(), Err(ProfileRefError::Name), "{text}");
        }
    }
}
