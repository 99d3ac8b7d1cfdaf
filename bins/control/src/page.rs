//! Pages of a list.
//!
//! A list is sorted by a key, ascending in memory. A page begins after or before a key, so that
//! what is added or removed meanwhile neither repeats nor hides an item. Pure: it is given the
//! whole list and picks.

use std::ops::Range;

use posthaste_api::{Problem, ValidationFault};
use posthaste_history::{Cursor, Order, PageOf};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many items a page has where the caller does not say.
const DEFAULT_LIMIT: usize = 50;
/// How many items a page may have.
const MAX_LIMIT: usize = 250;

/// The part of a list's query that every list has.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many items at most.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u64>,
    /// The `iterator` of the page before this one, or its `prevIterator` to go back.
    iterator: Option<String>,
    /// Which end comes first.
    order: Option<Ordering>,
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ordering {
    Ascending,
    Descending,
}

impl From<Ordering> for Order {
    fn from(ordering: Ordering) -> Self {
        match ordering {
            Ordering::Ascending => Self::Ascending,
            Ordering::Descending => Self::Descending,
        }
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Page(pub(crate) posthaste_history::Page);

/// One page, in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ListResponse)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed<T> {
    /// The items.
    data: Vec<T>,
    /// Where the next page begins. Present even when there is none, and `null` only for an empty
    /// page: clients require the key.
    #[schema(required)]
    iterator: Option<String>,
    /// Where the page before this one ends; absent for an empty page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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
        let cursor = cursor(self.iterator.as_deref().unwrap_or_default());
        if let Cursor::After(key) | Cursor::Before(key) = &cursor
            && !is_key(key)
        {
            let msg = "The iterator must be one that a previous page gave";
            faults.push(ValidationFault::query(["iterator"], msg));
        }
        if faults.is_empty() {
            let order = self.order.map_or(default_order, Order::from);
            Ok(Page(posthaste_history::Page { limit, order, cursor }))
        } else {
            Err(Problem::validation(faults))
        }
    }
}

/// Marks a forward iterator whose key begins with the `-` that marks a backward one. No key
/// contains it.
const FORWARD: char = '~';

fn cursor(text: &str) -> Cursor {
    if text.is_empty() {
        Cursor::Start
    } else if let Some(key) = text.strip_prefix('-') {
        Cursor::Before(key.to_owned())
    } else {
        Cursor::After(text.strip_prefix(FORWARD).unwrap_or(text).to_owned())
    }
}

fn forward(key: &str) -> String {
    if key.starts_with('-') { format!("{FORWARD}{key}") } else { key.to_owned() }
}

impl<U> Listed<U> {
    /// A page that was found, whose items have `key`s.
    pub(crate) fn of<T>(found: PageOf<T>, key: impl Fn(&T) -> &str, show: impl Fn(T) -> U) -> Self {
        let PageOf { items, done } = found;
        Self {
            iterator: items.last().map(|item| forward(key(item))),
            prev_iterator: items.first().map(|item| format!("-{}", key(item))),
            data: items.into_iter().map(show).collect(),
            done,
        }
    }
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
        let limit = self.0.limit;
        let done = range.len() <= limit;
        let taken = if from_low_end {
            range.start..range.end.min(range.start + limit)
        } else {
            range.start.max(range.end.saturating_sub(limit))..range.end
        };
        let mut items: Vec<&T> = ascending[taken].iter().collect();
        if self.0.order == Order::Descending {
            items.reverse();
        }
        let found = PageOf { items, done };
        Listed::of(found, |item| key(item), show)
    }

    /// What lies in the wanted direction, and whether the page is its low end or its high end.
    fn range<T>(&self, ascending: &[T], key: &impl Fn(&T) -> &str) -> (Range<usize>, bool) {
        let all = ascending.len();
        let above = |at: &str| ascending.partition_point(|item| key(item) <= at)..all;
        let below = |at: &str| 0..ascending.partition_point(|item| key(item) < at);
        match (self.0.order, &self.0.cursor) {
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
