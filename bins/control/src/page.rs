//! Pages of a list.
//!
//! A list is sorted by a key, ascending in memory. A page begins after or before a key, so that
//! what is added or removed meanwhile neither repeats nor hides an item. Pure: it is given the
//! whole list and picks.

use std::ops::Range;

use posthaste_api::{Problem, ValidationFault};
use serde::{Deserialize, Serialize};

/// How many items a page has where the caller does not say.
const DEFAULT_LIMIT: usize = 50;
/// How many items a page may have.
const MAX_LIMIT: usize = 250;

/// The part of a list's query that every list has.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct PageQuery {
    limit: Option<u64>,
    iterator: Option<String>,
    order: Option<Order>,
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    limit: usize,
    order: Order,
    cursor: Cursor,
}

/// Where a page begins, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cursor {
    Start,
    After(String),
    Before(String),
}

/// One page, in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed<T> {
    data: Vec<T>,
    /// Where the next page begins. Present even when there is none, and `null` only for an empty
    /// page: clients require the key.
    iterator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_iterator: Option<String>,
    /// Whether nothing follows in the direction that was asked.
    done: bool,
}

impl PageQuery {
    /// Checks the query of a list whose keys satisfy `is_key`.
    pub(crate) fn validate(
        self,
        default_order: Order,
        is_key: impl Fn(&str) -> bool,
    ) -> Result<Page, Problem> {
        let mut faults = Vec::new();
        let limit = self.limit.map_or(DEFAULT_LIMIT, |n| usize::try_from(n).unwrap_or(usize::MAX));
        if limit > MAX_LIMIT {
            let msg = format!("Given limit must not exceed {MAX_LIMIT}");
            faults.push(ValidationFault::query(["limit", "limit"], msg));
        } else if limit == 0 {
            let msg = "Given limit must be at least 1";
            faults.push(ValidationFault::query(["limit", "limit"], msg));
        }
        let cursor = Cursor::parse(self.iterator.as_deref().unwrap_or_default());
        if let Cursor::After(key) | Cursor::Before(key) = &cursor
            && !is_key(key)
        {
            let msg = "The iterator must be one that a previous page gave";
            faults.push(ValidationFault::query(["iterator"], msg));
        }
        if faults.is_empty() {
            Ok(Page { limit, order: self.order.unwrap_or(default_order), cursor })
        } else {
            Err(Problem::validation(faults))
        }
    }
}

/// Marks a forward iterator whose key begins with the `-` that marks a backward one. No key
/// contains it.
const FORWARD: char = '~';

impl Cursor {
    fn parse(text: &str) -> Self {
        if text.is_empty() {
            Self::Start
        } else if let Some(key) = text.strip_prefix('-') {
            Self::Before(key.to_owned())
        } else {
            Self::After(text.strip_prefix(FORWARD).unwrap_or(text).to_owned())
        }
    }
}

fn forward(key: &str) -> String {
    if key.starts_with('-') { format!("{FORWARD}{key}") } else { key.to_owned() }
}

impl Page {
    /// The page of `ascending`, whose items are sorted by `key` and unique in it.
    pub(crate) fn of<T, U>(
        &self,
        ascending: &[T],
        key: impl Fn(&T) -> &str,
        show: impl Fn(&T) -> U,
    ) -> Listed<U> {
        let (range, from_low_end) = self.range(ascending, &key);
        let done = range.len() <= self.limit;
        let taken = if from_low_end {
            range.start..range.end.min(range.start + self.limit)
        } else {
            range.start.max(range.end.saturating_sub(self.limit))..range.end
        };
        let mut items: Vec<&T> = ascending[taken].iter().collect();
        if self.order == Order::Descending {
            items.reverse();
        }
        Listed {
            iterator: items.last().map(|item| forward(key(item))),
            prev_iterator: items.first().map(|item| format!("-{}", key(item))),
            data: items.into_iter().map(show).collect(),
            done,
        }
    }

    /// What lies in the wanted direction, and whether the page is its low end or its high end.
    fn range<T>(&self, ascending: &[T], key: &impl Fn(&T) -> &str) -> (Range<usize>, bool) {
        let all = ascending.len();
        let above = |at: &str| ascending.partition_point(|item| key(item) <= at)..all;
        let below = |at: &str| 0..ascending.partition_point(|item| key(item) < at);
        match (self.order, &self.cursor) {
            (Order::Ascending, Cursor::Start) => (0..all, true),
            (Order::Descending, Cursor::Start) => (0..all, false),
            (Order::Ascending, Cursor::After(at)) | (Order::Descending, Cursor::Before(at)) => {
                (above(at), true)
            }
            (Order::Ascending, Cursor::Before(at)) | (Order::Descending, Cursor::After(at)) => {
                (below(at), false)
            }
        }
    }
}

#[cfg(test)]
mod tests;
