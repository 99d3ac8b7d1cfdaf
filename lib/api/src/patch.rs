//! The three states of a field in a PATCH body.

use serde::{Deserialize, Deserializer};

/// Left alone (absent), cleared (`null`) or set. Wants `#[serde(default)]` on the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not in the body: it stays.
    #[default]
    Absent,
    /// `null`: it goes.
    Clear,
    /// Given: it becomes this.
    Set(T),
}

impl<T> Patch<T> {
    /// This, or `other` where this is absent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Absent => other,
            said => said,
        }
    }

    /// Changes what is set.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(change(value)),
        }
    }

    /// Changes what is set, or fails to.
    ///
    /// # Errors
    /// What `check` says.
    pub fn try_map<U, E>(self, check: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self.map(check) {
            Patch::Absent => Patch::Absent,
            Patch::Clear => Patch::Clear,
            Patch::Set(checked) => Patch::Set(checked?),
        })
    }
}

impl<T: Clone> Patch<T> {
    /// What a field that may be empty becomes.
    #[must_use]
    pub fn over(&self, current: &Option<T>) -> Option<T> {
        match self {
            Self::Absent => current.clone(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// What a field that always has a value becomes; cleared, it is `default` again.
    #[must_use]
    pub fn over_default(&self, current: &T, default: T) -> T {
        match self {
            Self::Absent => current.clone(),
            Self::Clear => default,
            Self::Set(value) => value.clone(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Body {
        uid: Patch<String>,
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let read = |text: &str| serde_json::from_str::<Body>(text).unwrap().uid;
        assert_eq!(read("{}"), Patch::Absent);
        assert_eq!(read(r#"{"uid":null}"#), Patch::Clear);
        assert_eq!(read(r#"{"uid":"a"}"#), Patch::Set("a".to_owned()));
        assert_eq!(Patch::Absent.or(Patch::Set(1)), Patch::Set(1));
        assert_eq!(Patch::Clear.or(Patch::Set(1)), Patch::Clear);
    }

    proptest! {
        #[test]
        fn only_what_is_said_changes(current: Option<u8>, value: u8) {
            prop_assert_eq!(Patch::Absent.over(&current), current);
            prop_assert_eq!(Patch::Clear.over(&current), None);
            prop_assert_eq!(Patch::Set(value).over(&current), Some(value));
            prop_assert_eq!(Patch::Clear.over_default(&value, 7), 7);
            prop_assert_eq!(Patch::Absent.over_default(&value, 7), value);
        }
    }
}
