//! Which headers are taken, and what a change makes of them.

use proptest::prelude::*;

use super::*;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn fits(headers: &Headers) -> bool {
    let mut faults = Faults::default();
    check(&mut faults, headers);
    faults.finish(|| Some(())).is_ok()
}

fn change(set: &[(&str, Option<&str>)], delete: &[&str]) -> Option<Change> {
    let mut faults = Faults::default();
    let set = set.iter().map(|(name, value)| ((*name).into(), value.map(str::to_owned))).collect();
    let delete: Vec<_> = delete.iter().map(|name| (*name).to_owned()).collect();
    let change = Change::check(&mut faults, set, &delete);
    faults.finish(|| Some(change)).ok()
}

#[test]
fn rules_are_told_apart() {
    for (name, value, rule) in [
        ("X-Shop", "7", Ok(())),
        ("Authorization", "Bearer sesame", Ok(())),
        ("x-empty", "", Ok(())),
        ("x-tab", "a\tb", Ok(())),
        ("", "7", Err(HeaderError::Name)),
        ("x shop", "7", Err(HeaderError::Name)),
        ("x-shöp", "7", Err(HeaderError::Name)),
        ("x\r\nhost", "7", Err(HeaderError::Name)),
        ("Host", "7", Err(HeaderError::Reserved)),
        ("WEBHOOK-Signature", "v1,", Err(HeaderError::Reserved)),
        ("X-Googlebot", "7", Err(HeaderError::Reserved)),
        ("x-shop", "a\nb", Err(HeaderError::Value)),
        ("x-shop", "a\u{7f}", Err(HeaderError::Value)),
        ("x-shop", "\u{0}", Err(HeaderError::Value)),
    ] {
        assert_eq!(header(name, value), rule, "{name}");
    }
    assert_eq!(header(&"x".repeat(MAX_NAME), &"x".repeat(MAX_VALUE)), Ok(()));
    assert_eq!(header(&"x".repeat(MAX_NAME + 1), ""), Err(HeaderError::Name));
    assert_eq!(header("x", &"x".repeat(MAX_VALUE + 1)), Err(HeaderError::TooLong));
}

#[test]
fn a_name_stands_once_and_there_are_so_many() {
    assert!(!fits(&headers(&[("X-A", "1"), ("x-a", "2")])));
    let many = |n: usize| (0..n).map(|n| (format!("x-{n}"), String::new())).collect();
    assert!(fits(&many(MAX_HEADERS)));
    assert!(!fits(&many(MAX_HEADERS + 1)));
    // What is there already counts.
    let one_more = change(&[("y", Some(""))], &[]).unwrap();
    assert_eq!(one_more.apply(&many(MAX_HEADERS)), Err(TooMany));
    let in_place = change(&[("X-0", Some("new"))], &[]).unwrap();
    assert_eq!(in_place.apply(&many(MAX_HEADERS)).unwrap()["X-0"], "new");
}

#[test]
fn a_change_sets_and_deletes_whatever_the_case() {
    let current = headers(&[("X-A", "1"), ("X-B", "2"), ("X-C", "3")]);
    let changed = change(&[("x-a", Some("9")), ("x-b", None)], &["X-c", "x-none"]).unwrap();
    assert_eq!(changed.apply(&current), Ok(headers(&[("x-a", "9")])));
    assert_eq!(change(&[], &[]).unwrap().apply(&current), Ok(current));
    assert!(change(&[("X-A", Some("1"))], &["x-a"]).is_none(), "set or deleted?");
    assert!(change(&[("X-A", Some("1")), ("x-a", None)], &[]).is_none());
    assert!(change(&[("x-a", Some("\n"))], &[]).is_none());
}

proptest! {
    #[test]
    fn what_is_taken_can_be_sent(name in "[a-zA-Z-]{0,12}|\\PC{0,8}", value in "\\PC{0,20}|.{0,20}") {
        if header(&name, &value).is_ok() {
            prop_assert!(name.parse::<HeaderName>().is_ok());
            prop_assert!(value.parse::<HeaderValue>().is_ok());
        }
    }

    #[test]
    fn a_fault_never_repeats_the_value(name in "[a-z ]{1,8}", value in "[0-9]{12,20}\n") {
        let mut faults = Faults::default();
        check(&mut faults, &headers(&[(&name, &value)]));
        let shown = format!("{faults:?}");
        prop_assert!(!shown.contains(value.trim()));
        prop_assert!(faults.finish(|| Some(())).is_err());
    }

    #[test]
    fn no_change_leaves_a_name_twice(
        current in prop::collection::btree_map("[aAbB]{1,2}", "[0-9]", 0..6),
        set in prop::collection::btree_map("[aAbB]{1,2}", prop::option::of("[0-9]"), 0..6),
        delete in prop::collection::vec("[aAbB]{1,2}", 0..4),
    ) {
        prop_assume!(fits(&current));
        let mut faults = Faults::default();
        let change = Change::check(&mut faults, set.clone(), &delete);
        if faults.finish(|| Some(())).is_ok() {
            let next = change.apply(&current).unwrap();
            prop_assert!(fits(&next));
            for (name, value) in set {
                match value {
                    Some(value) => prop_assert_eq!(&next[&name], &value),
                    None => prop_assert!(!next.keys().any(|key| key.eq_ignore_ascii_case(&name))),
                }
            }
            for name in delete {
                prop_assert!(!next.keys().any(|key| key.eq_ignore_ascii_case(&name)));
            }
        }
    }
}
