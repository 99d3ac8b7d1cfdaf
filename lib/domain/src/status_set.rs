//! Sets of HTTP statuses, as a profile writes them: single ones and ranges.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const LOWEST: u16 = 200;
const HIGHEST: u16 = 599;
const WORDS: usize = (HIGHEST - LOWEST) as usize / 64 + 1;

/// Some of the statuses that can end an exchange: 200 to 599 (RFC 9110 §15). Never empty.
///
/// Written as a list of statuses and ranges, such as `["200-202", "204"]`; shown in order, with
/// what is adjacent joined. One bit a status, so it is copied freely and asked in constant time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusSet([u64; WORDS]);

/// Why a list is not a set of statuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusSetError {
    /// Nothing is listed.
    #[error("list at least one status")]
    Empty,
    /// More is listed than there are statuses.
    #[error("list at most {} statuses and ranges", StatusSet::MAX_ITEMS)]
    TooMany,
    /// An item is neither `200` nor `200-299`.
    #[error("{0:?} is not a status, such as 200, nor a range of them, such as 200-299")]
    Syntax(String),
    /// A status that cannot end an exchange.
    #[error("{0} is not a status from {LOWEST} to {HIGHEST}")]
    OutOfRange(u16),
    /// A range that ends before it begins.
    #[error("the range {0}-{1} ends before it begins")]
    Backwards(u16, u16),
}

impl StatusSet {
    /// The most items that a list may have.
    pub const MAX_ITEMS: usize = 64;
    /// The statuses that say that a request was taken: 200 to 299 (RFC 9110 §15.3).
    pub const SUCCESSFUL: Self = Self::span(200, 299);

    /// The set of everything that is listed.
    ///
    /// # Errors
    /// [`StatusSetError`] names the first item that is wrong.
    pub fn parse<S: AsRef<str>>(
        items: impl IntoIterator<Item = S>,
    ) -> Result<Self, StatusSetError> {
        let mut set = Self([0; WORDS]);
        for (count, item) in items.into_iter().enumerate() {
            if count == Self::MAX_ITEMS {
                return Err(StatusSetError::TooMany);
            }
            let (first, last) = range(item.as_ref())?;
            set = set.or(Self::span(first, last));
        }
        if set.0 == [0; WORDS] { Err(StatusSetError::Empty) } else { Ok(set) }
    }

    /// Whether `status` is in it.
    #[must_use]
    pub const fn contains(&self, status: u16) -> bool {
        if status < LOWEST || status > HIGHEST {
            return false;
        }
        let (word, bit) = place(status);
        self.0[word] & bit != 0
    }

    /// Whether the two have a status in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(ours, theirs)| ours & theirs != 0)
    }

    /// Its statuses as ranges, in order, none of which touches another.
    pub fn ranges(&self) -> impl Iterator<Item = (u16, u16)> {
        let mut from = LOWEST;
        std::iter::from_fn(move || {
            let first = (from..=HIGHEST).find(|status| self.contains(*status))?;
            let beyond = (first..=HIGHEST).find(|status| !self.contains(*status));
            let beyond = beyond.unwrap_or(HIGHEST + 1);
            from = beyond;
            Some((first, beyond - 1))
        })
    }

    /// Both ends included, which must be within the bounds.
    const fn span(first: u16, last: u16) -> Self {
        let mut words = [0; WORDS];
        let mut status = first;
        while status <= last {
            let (word, bit) = place(status);
            words[word] |= bit;
            status += 1;
        }
        Self(words)
    }

    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

/// The word and the bit of a status that is within the bounds.
const fn place(status: u16) -> (usize, u64) {
    let offset = (status - LOWEST) as usize;
    (offset / 64, 1 << (offset % 64))
}

fn range(item: &str) -> Result<(u16, u16), StatusSetError> {
    let syntax = || StatusSetError::Syntax(item.chars().take(32).collect());
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    let first = status(first, syntax)?;
    let last = status(last, syntax)?;
    if first > last { Err(StatusSetError::Backwards(first, last)) } else { Ok((first, last)) }
}

/// Three digits and nothing else (RFC 9110 §15).
fn status(text: &str, syntax: impl FnOnce() -> StatusSetError) -> Result<u16, StatusSetError> {
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(syntax());
    }
    let status = text.parse().map_err(|_| syntax())?;
    if (LOWEST..=HIGHEST).contains(&status) {
        Ok(status)
    } else {
        Err(StatusSetError::OutOfRange(status))
    }
}

/// One range as it is written.
struct Written((u16, u16));

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// As in `200-202, 204`.
impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, range) in self.ranges().enumerate() {
            let comma = if count == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Written(range))?;
        }
        Ok(())
    }
}

impl fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusSet({self})")
    }
}

/// The inverse of [`Display`](fmt::Display): items separated by commas, with or without spaces.
impl FromStr for StatusSet {
    type Err = StatusSetError;

    fn from_str(text: &str) -> Result<Self, StatusSetError> {
        Self::parse(text.split(',').map(str::trim).filter(|item| !item.is_empty()))
    }
}

impl Serialize for StatusSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.ranges().map(|range| Written(range).to_string()))
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Vec::<String>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
