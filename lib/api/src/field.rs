//! Fields that several resources have, and the rules for them. Pure.

use std::{collections::BTreeMap, fmt::Display};

use posthaste_domain::{NameError, Uid};

use crate::{Problem, ValidationFault};

/// The largest metadata, in bytes of JSON.
const MAX_METADATA: usize = 4_096;
/// The longest name of an application, in bytes. It is read in lists.
const MAX_NAME: usize = 1_024;
/// The longest description, in bytes.
const MAX_DESCRIPTION: usize = 16 * 1_024;

/// The platform's own notes on a thing.
pub type Metadata = BTreeMap<String, String>;

/// A rule that a field breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Nothing was given.
    #[error("must be at least one character")]
    Empty,
    /// More bytes than this.
    #[error("must be at most {0} bytes")]
    TooLong(usize),
    /// One of the characters that no text needs.
    #[error("Control characters 0x00-0x08 not allowed.")]
    ControlCharacter,
    /// 0 where that means nothing.
    #[error("must be at least 1 if set")]
    Zero,
    /// More than 4096 bytes.
    #[error("must be at most {MAX_METADATA} bytes as JSON")]
    MetadataTooLarge,
    /// Absent, or cleared, where there must be something.
    #[error("must be given, and not null")]
    Missing,
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Collects what is wrong with a body, so that a caller learns all of it at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<ValidationFault>);

impl Faults {
    /// Keeps a good value; notes the fault of a bad one.
    pub fn take<T>(&mut self, field: &str, checked: Result<T, impl Display>) -> Option<T> {
        checked.map_err(|error| self.add([field], error.to_string())).ok()
    }

    /// As [`take`](Self::take), for each item of a list.
    pub fn take_all<T, C: FromIterator<T>, E: Display>(
        &mut self,
        field: &str,
        texts: &[String],
        check: impl Fn(&str) -> Result<T, E>,
    ) -> C {
        let items = texts.iter().enumerate().filter_map(|(index, text)| {
            let add = |error: E| self.add([field, &format!("[{index}]")], error.to_string());
            check(text).map_err(add).ok()
        });
        items.collect()
    }

    /// Notes a fault.
    pub fn add<'a>(&mut self, path: impl IntoIterator<Item = &'a str>, msg: impl Into<String>) {
        self.0.push(ValidationFault::body(path, msg));
    }

    /// The first fault that was noted: where it is, and what it is.
    #[must_use]
    pub fn first(&self) -> Option<String> {
        let fault = self.0.first()?;
        Some(format!("{}: {}", fault.loc.join("."), fault.msg))
    }

    /// What `make` makes of the values, where none was bad.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn finish<T>(self, make: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        match make() {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::validation(self.0)),
        }
    }
}

/// A name: not empty, at most 1024 bytes, without control characters.
///
/// # Errors
/// The rule it breaks.
pub fn name(text: String) -> Result<String, FieldError> {
    if text.is_empty() {
        return Err(FieldError::Empty);
    }
    plain(text, MAX_NAME)
}

/// A description: at most 16 KiB, without control characters.
///
/// # Errors
/// The rule it breaks.
pub fn description(text: String) -> Result<String, FieldError> {
    plain(text, MAX_DESCRIPTION)
}

fn plain(text: String, max: usize) -> Result<String, FieldError> {
    if text.len() > max {
        Err(FieldError::TooLong(max))
    } else if text.bytes().any(|byte| byte <= 0x08) {
        Err(FieldError::ControlCharacter)
    } else {
        Ok(text)
    }
}

/// A uid that cannot be mistaken for an id beginning with `id_prefix`.
///
/// # Errors
/// The rule it breaks.
pub fn uid(text: &str, id_prefix: &str) -> Result<Uid, FieldError> {
    Ok(Uid::parse_beside(text, id_prefix)?)
}

/// A number that is not 0.
///
/// # Errors
/// [`FieldError::Zero`].
pub const fn at_least_one(number: u16) -> Result<u16, FieldError> {
    if number == 0 { Err(FieldError::Zero) } else { Ok(number) }
}

/// Metadata of at most 4096 bytes as JSON.
///
/// # Errors
/// [`FieldError::MetadataTooLarge`].
pub fn metadata(map: Metadata) -> Result<Metadata, FieldError> {
    // Quotes, colons and commas count too, so the length is that of the JSON itself.
    match serde_json::to_vec(&map) {
        Ok(json) if json.len() <= MAX_METADATA => Ok(map),
        Ok(_) | Err(_) => Err(FieldError::MetadataTooLarge),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_kept_as_given_or_refused(text: String) {
            let allowed = !text.is_empty() && !text.chars().any(|c| c <= '\u{8}');
            prop_assert_eq!(name(text.clone()).is_ok(), allowed);
            if let Ok(kept) = name(text.clone()) {
                prop_assert_eq!(kept, text);
            }
        }

        #[test]
        fn lengths_are_bounded(extra in 0_usize..3) {
            prop_assert_eq!(name("é".repeat(512) + &"x".repeat(extra)).is_ok(), extra == 0);
            prop_assert_eq!(description("x".repeat(16_384 + extra)).is_ok(), extra == 0);
            let map = Metadata::from([(String::new(), "x".repeat(4_089 + extra))]);
            prop_assert_eq!(metadata(map).is_ok(), extra == 0);
        }

        #[test]
        fn uids_are_never_ids(text in "(app_)?\\PC{0,20}") {
            if let Ok(uid) = uid(&text, "app_") {
                prop_assert_eq!(uid.as_str(), text.as_str());
                prop_assert!(!text.starts_with("app_"));
            }
        }

        #[test]
        fn every_bad_item_of_a_list_is_named(items in prop::collection::vec("[a$]", 0..9)) {
            let mut faults = Faults::default();
            let good: Vec<Uid> = faults.take_all("list", &items, str::parse);
            let bad = items.iter().filter(|item| *item == "$").count();
            prop_assert_eq!(good.len(), items.len() - bad);
            prop_assert_eq!(faults.0.len(), bad);
            for fault in faults.0 {
                let index: usize = fault.loc[2].trim_matches(['[', ']']).parse().unwrap();
                prop_assert_eq!(items[index].as_str(), "$");
            }
        }
    }
}
