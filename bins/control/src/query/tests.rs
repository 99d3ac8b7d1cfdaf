//! Queries into filters.

use axum::extract::Query;
use http::Uri;
use posthaste_history::AttemptStatus;
use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::*;

const ID: &str = "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ";

fn read<T: DeserializeOwned>(query: &str) -> Option<T> {
    let uri: Uri = format!("/?{query}").parse().unwrap();
    Query::try_from_uri(&uri).ok().map(|Query(read)| read)
}

#[test]
fn statuses_and_classes_are_numbers_of_a_set() {
    let statuses = |query: &str| {
        let query: AttemptQuery = read(query)?;
        let asked = query.validate(EventTypes::default(), PageQuery::default()).unwrap();
        Some(asked.filter.map(|filter| (filter.statuses, filter.status_class)))
    };
    assert_eq!(statuses(""), Some(Some((vec![], None))));
    assert_eq!(statuses("status=0"), Some(Some((vec![AttemptStatus::Success], None))));
    let failed = vec![AttemptStatus::Fail, AttemptStatus::Sending];
    assert_eq!(statuses("status=2&status_code_class=500"), Some(Some((failed, Some(500)))));
    for never in ["status=1", "status=3&expanded_statuses=true", "status=4"] {
        assert_eq!(statuses(never), Some(None), "{never}");
    }
    for bad in ["status=5", "status=fail", "status_code_class=200.5", "status_code_class=600"] {
        assert_eq!(statuses(bad), None, "{bad}");
    }
}

#[test]
fn after_alone_begins_with_the_oldest_that_fits() {
    let cursor = |query: &str, iterator: Option<&str>| {
        let query: MessageQuery = read(query).unwrap();
        let page = read(&iterator.map(|it| format!("iterator={it}")).unwrap_or_default()).unwrap();
        let asked = query.validate(EventTypes::default(), page).unwrap();
        (asked.page.order, asked.page.cursor)
    };
    let (order, begun) = cursor("after=2026-11-22T10:00:00Z", None);
    assert!(matches!(begun, Cursor::Before(id) if id.parse::<MessageId>().is_ok()));
    assert_eq!(order, Order::Descending);
    let window = "after=2026-11-22T10:00:00Z&before=2026-11-23T10:00:00Z";
    assert_eq!(cursor(window, None).1, Cursor::Start);
    assert_eq!(cursor("", None).1, Cursor::Start);
    assert_eq!(cursor("after=2026-11-22T10:00:00Z", Some(ID)).1, Cursor::After(ID.into()));
}

#[test]
fn labels_must_be_names() {
    let status = |query: &str| {
        let query: MessageQuery = read(query).unwrap();
        let checked = query.validate(EventTypes::default(), PageQuery::default());
        checked.err().map(|problem| problem.status().as_u16())
    };
    assert_eq!(status("channel=eu&tag=batch/42"), None);
    assert_eq!(status("channel=$"), Some(422));
    assert_eq!(status("tag=%20"), Some(422));
}

proptest! {
    #[test]
    fn no_query_makes_it_panic(query in "[a-z_=&%0-9,\\[\\]T:.-]{0,80}") {
        let all = (read::<MessageQuery>(&query), read::<AttemptQuery>(&query));
        prop_assert!(all.0.is_none() || query.len() <= 80);
    }
}
