//! What is a set of statuses and what is not, and what is in one.

use proptest::{collection::vec, prelude::*};

use super::*;

#[test]
fn a_list_is_the_union_of_its_items() {
    let set = StatusSet::parse(["200-202", "204"]).unwrap();
    let held: Vec<_> = (0..=u16::MAX).filter(|status| set.contains(*status)).collect();
    assert_eq!(held, [200, 201, 202, 204]);
    assert_eq!(StatusSet::parse(["200-299"]).unwrap(), StatusSet::SUCCESSFUL);
    let ends = StatusSet::parse(["599", "200"]).unwrap();
    assert!(ends.contains(200) && ends.contains(599) && !ends.contains(201) && !ends.contains(600));
}

#[test]
fn what_is_not_a_list_of_statuses_is_refused() {
    let refused = |items: &[&str]| StatusSet::parse(items).unwrap_err();
    assert_eq!(refused(&[]), StatusSetError::Empty);
    assert_eq!(refused(&["200"; StatusSet::MAX_ITEMS + 1]), StatusSetError::TooMany);
    for item in ["", "2xx", "20", "2000", "+200", " 200", "200-", "-299", "200-204-206", "²00"] {
        assert_eq!(refused(&["200", item]), StatusSetError::Syntax(item.to_owned()), "{item}");
    }
    for status in [0, 100, 199, 600, 999] {
        assert_eq!(refused(&[&format!("{status:03}")]), StatusSetError::OutOfRange(status));
    }
    assert_eq!(refused(&["200-600"]), StatusSetError::OutOfRange(600));
    assert_eq!(refused(&["299-200"]), StatusSetError::Backwards(299, 200));
}

#[test]
fn is_written_as_a_list_of_strings() {
    let set: StatusSet = serde_json::from_str(r#"["204", "200-201", "202"]"#).unwrap();
    assert_eq!(serde_json::to_string(&set).unwrap(), r#"["200-202","204"]"#);
    assert_eq!(set.to_string(), "200-202, 204");
    let error = serde_json::from_str::<StatusSet>(r#"["all"]"#).unwrap_err().to_string();
    assert!(error.contains("\"all\" is not a status"), "{error}");
}

#[test]
fn sets_that_share_a_status_intersect() {
    let set = |text: &str| text.parse::<StatusSet>().unwrap();
    assert!(set("200-204").intersects(&set("204,500")));
    assert!(!set("200-299").intersects(&set("300-399")));
}

proptest! {
    #[test]
    fn a_set_holds_what_was_listed_and_reads_back_as_it_is_shown(
        spans in vec((200..=599_u16, 0..40_u16), 1..20),
    ) {
        let spans: Vec<_> = spans.iter().map(|(at, len)| (*at, (at + len).min(599))).collect();
        let items = spans.iter().map(|(first, last)| format!("{first}-{last}"));
        let set = StatusSet::parse(items).unwrap();
        for status in 0..=1_000 {
            let is_listed = spans.iter().any(|(first, last)| (*first..=*last).contains(&status));
            prop_assert_eq!(set.contains(status), is_listed);
        }
        prop_assert_eq!(set.to_string().parse::<StatusSet>().unwrap(), set);
        let json = serde_json::to_string(&set).unwrap();
        prop_assert_eq!(serde_json::from_str::<StatusSet>(&json).unwrap(), set);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = text.parse::<StatusSet>();
    }
}
