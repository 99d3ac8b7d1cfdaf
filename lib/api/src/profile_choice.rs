//! Which profile somebody asks for.

use std::str::FromStr;

use posthaste_domain::{ProfileName, ProfileRef, ProfileRefError};

/// `name@version`, or a name alone for the newest version that there is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileChoice {
    /// This version.
    Exact(ProfileRef),
    /// The newest version, whichever that is.
    Newest(ProfileName),
}

/// Why nobody can be called by a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileUnfit {
    /// Nothing is published under it.
    #[error("there is no such profile")]
    Unknown,
    /// Its last attempt would find its event gone.
    #[error("its retries take longer than events are kept here")]
    TooLong,
}

impl FromStr for ProfileChoice {
    type Err = ProfileRefError;

    fn from_str(text: &str) -> Result<Self, ProfileRefError> {
        if text.contains('@') {
            text.parse().map(Self::Exact)
        } else {
            text.parse().map(Self::Newest)
        }
    }
}

impl ProfileChoice {
    /// The version that is meant, where `known` are all that there are.
    ///
    /// # Errors
    /// [`ProfileUnfit::Unknown`].
    pub fn among<'a>(
        &self,
        known: impl IntoIterator<Item = &'a ProfileRef>,
    ) -> Result<ProfileRef, ProfileUnfit> {
        let fits = |reference: &&ProfileRef| match self {
            Self::Exact(wanted) => *reference == wanted,
            Self::Newest(name) => reference.name == *name,
        };
        known.into_iter().filter(fits).max().cloned().ok_or(ProfileUnfit::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_its_newest_version() {
        let known: Vec<ProfileRef> =
            ["ours@2", "ours@10", "ours-2@11"].map(|text| text.parse().unwrap()).to_vec();
        let chosen = |text: &str| {
            let choice: ProfileChoice = text.parse().unwrap();
            choice.among(&known).map(|found| found.to_string())
        };
        assert_eq!(chosen("ours").as_deref(), Ok("ours@10"));
        assert_eq!(chosen("ours@2").as_deref(), Ok("ours@2"));
        assert_eq!(chosen("ours@3"), Err(ProfileUnfit::Unknown));
        assert_eq!(chosen("theirs"), Err(ProfileUnfit::Unknown));
        assert_eq!("Ours".parse::<ProfileChoice>(), Err(ProfileRefError::Name));
    }
}
