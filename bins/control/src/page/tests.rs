//! Walks over lists, both ways.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn page(items: &[String], limit: usize, order: Order, iterator: Option<String>) -> Listed<String> {
    let ordering = match order {
        Order::Ascending => Ordering::Ascending,
        Order::Descending => Ordering::Descending,
    };
    let query = PageQuery { limit: Some(limit as u64), iterator, order: Some(ordering) };
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
    let iterator = |text: &str| PageQuery { iterator: Some(text.into()), ..PageQuery::default() };
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
