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
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn page(
        items: &[String],
        limit: usize,
        order: Order,
        iterator: Option<String>,
    ) -> Listed<String> {
        let query = PageQuery { limit: Some(limit as u64), iterator, order: Some(order) };
        let page = query.validate(Order::Ascending, |_| true).unwrap();
        page.of(items, |item| item, Clone::clone)
    }

    fn status(query: &PageQuery) -> Option<u16> {
        let checked = query.clone().validate(Order::Ascending, |key| key.starts_with("ep_"));
        checked.err().map(|problem| problem.status().as_u16())
    }

    #[test]
    fn limits_and_iterators_are_checked() {
        let limit = |n| PageQuery { limit: Some(n), ..PageQuery::default() };
        assert_eq!(status(&PageQuery::default()), None);
        assert_eq!(status(&limit(250)), None);
        assert_eq!(status(&limit(251)), Some(422));
        assert_eq!(status(&limit(0)), Some(422));
        assert_eq!(status(&limit(u64::MAX)), Some(422));
        let iterator =
            |text: &str| PageQuery { iterator: Some(text.into()), ..PageQuery::default() };
        assert_eq!(status(&iterator("ep_1")), None);
        assert_eq!(status(&iterator("-ep_1")), None);
        assert_eq!(status(&iterator("")), None);
        assert_eq!(status(&iterator("--ep_1")), Some(422));
        assert_eq!(status(&iterator("app_1")), Some(422));
    }

    #[test]
    fn an_empty_list_has_a_null_iterator_and_no_previous_one() {
        let empty = page(&[], 5, Order::Ascending, None);
        let json = serde_json::to_string(&empty).unwrap();
        assert_eq!(json, r#"{"data":[],"iterator":null,"done":true}"#);
    }

    #[test]
    fn the_last_page_still_has_an_iterator() {
        let items = ["a".to_owned(), "b".to_owned()];
        let json = serde_json::to_string(&page(&items, 2, Order::Ascending, None)).unwrap();
        assert_eq!(json, r#"{"data":["a","b"],"iterator":"b","prevIterator":"-a","done":true}"#);
    }

    fn keys() -> impl Strategy<Value = Vec<String>> {
        let keys = prop::collection::btree_set("[-_.a-c]{1,4}", 0..40);
        keys.prop_map(|keys: BTreeSet<String>| keys.into_iter().collect())
    }

    fn orders() -> impl Strategy<Value = Order> {
        prop_oneof![Just(Order::Ascending), Just(Order::Descending)]
    }

    proptest! {
        #[test]
        fn walking_forward_shows_every_item_once_and_in_order(
            items in keys(), limit in 1_usize..10, order in orders(),
        ) {
            let mut wanted = items.clone();
            if order == Order::Descending {
                wanted.reverse();
            }
            let (mut seen, mut iterator) = (Vec::new(), None);
            loop {
                let listed = page(&items, limit, order, iterator);
                prop_assert!(listed.data.len() <= limit);
                prop_assert_eq!(listed.done, seen.len() + listed.data.len() == items.len());
                seen.extend(listed.data);
                iterator = listed.iterator;
                if listed.done {
                    break;
                }
            }
            prop_assert_eq!(seen, wanted);
        }

        #[test]
        fn the_page_before_a_page_is_the_one_it_followed(
            items in keys(), limit in 1_usize..10, order in orders(),
        ) {
            let first = page(&items, limit, order, None);
            if first.done {
                return Ok(());
            }
            let second = page(&items, limit, order, first.iterator.clone());
            let back = page(&items, limit, order, second.prev_iterator);
            prop_assert_eq!(back.data, first.data);
            prop_assert!(back.done);
        }

        #[test]
        fn a_key_that_has_gone_still_marks_its_place(
            items in keys(), gone in "[-_.a-c]{1,5}", limit in 1_usize..10,
        ) {
            let after = page(&items, limit, Order::Ascending, Some(format!("~{gone}")));
            let before = page(&items, limit, Order::Ascending, Some(format!("-{gone}")));
            prop_assert!(after.data.iter().all(|item| *item > gone));
            prop_assert!(before.data.iter().all(|item| *item < gone));
        }

        #[test]
        fn no_query_makes_it_panic(limit: Option<u64>, iterator: Option<String>, items in keys()) {
            let query = PageQuery { limit, iterator, order: None };
            if let Ok(page) = query.validate(Order::Descending, |_| true) {
                page.of(&items, |item| item, Clone::clone);
            }
        }
    }
}
