//! What an application may be told, and how it is shown.

use posthaste_domain::CutOff;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn draft(body: Value) -> Result<Draft, Problem> {
    serde_json::from_value::<ApplicationIn>(body).unwrap().validate()
}

fn change(body: Value) -> Result<Change, Problem> {
    serde_json::from_value::<ApplicationPatch>(body).unwrap().validate()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn example() -> Application {
    let created =
        draft(json!({"name": "n", "uid": "shop", "throttleRate": 5, "metadata": {"a": "b"}}))
            .unwrap()
            .create(
                "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
                "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
                at(1),
            );
    let cut_off = CutOff { made_before: at(1), ends_at: at(1), sessions: [].into() };
    let token_cut_offs = CutOffs::default().with(cut_off, at(1)).unwrap();
    Application { token_cut_offs, ..created }
}

#[test]
fn nulls_are_absences_and_defaults_hold() {
    let nulls = json!({"name": "n", "uid": null, "throttleRate": null, "rateLimit": null, "metadata": null});
    for body in [json!({"name": "n"}), nulls] {
        let draft = draft(body).unwrap();
        assert_eq!((draft.uid, draft.throttle_rate), (None, None));
        assert!(draft.metadata.is_empty());
    }
    let older = draft(json!({"name": "n", "rateLimit": 7})).unwrap();
    assert_eq!(older.throttle_rate, Some(7));
    let both = draft(json!({"name": "n", "rateLimit": 7, "throttleRate": 8})).unwrap();
    assert_eq!(both.throttle_rate, Some(8));
}

#[test]
fn every_rule_is_checked_and_all_faults_are_told_at_once() {
    for body in [
        json!({"name": ""}),
        json!({"name": "a\u{0}"}),
        json!({"name": "n", "throttleRate": 0}),
        json!({"name": "n", "uid": "$"}),
        json!({"name": "n", "uid": "app_1"}),
        json!({"name": "n", "metadata": {"k": "x".repeat(5_000)}}),
    ] {
        assert_eq!(draft(body.clone()).unwrap_err().status().as_u16(), 422, "{body}");
    }
    let all = draft(json!({"name": "", "uid": "$", "rateLimit": 0})).unwrap_err();
    let text = format!("{all:?}");
    assert!(["name", "uid", "throttleRate"].iter().all(|field| text.contains(field)), "{text}");
}

#[test]
fn shows_what_it_has_and_leaves_out_what_clients_expect_left_out() {
    let shown = serde_json::to_value(ApplicationOut::from(&example())).unwrap();
    let expected = json!({
        "uid": "shop", "name": "n", "rateLimit": 5, "throttleRate": 5,
        "id": "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "metadata": {"a": "b"},
        "createdAt": "1970-01-01T00:00:00.000001Z", "updatedAt": "1970-01-01T00:00:00.000001Z",
    });
    assert_eq!(shown, expected);
    let bare = Application { uid: None, throttle_rate: None, ..example() };
    let shown = serde_json::to_value(ApplicationOut::from(&bare)).unwrap();
    assert_eq!(shown.get("uid"), None);
    assert_eq!(shown.get("rateLimit"), None);
    assert_eq!(shown["throttleRate"], Value::Null);
}

#[test]
fn a_put_by_uid_keeps_its_address() {
    let plain = || draft(json!({"name": "n"})).unwrap();
    assert_eq!(plain().addressed_by("shop").uid.unwrap().as_str(), "shop");
    assert_eq!(plain().addressed_by("app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ").uid, None);
    assert_eq!(plain().addressed_by("no name").uid, None);
    let named = draft(json!({"name": "n", "uid": "other"})).unwrap();
    assert_eq!(named.addressed_by("shop").uid.unwrap().as_str(), "other");
}

#[test]
fn a_put_replaces_all_but_id_birth_and_what_ended() {
    let replaced = draft(json!({"name": "new"})).unwrap().replace(&example(), at(9));
    let expected = Application {
        name: "new".into(),
        uid: None,
        throttle_rate: None,
        metadata: Metadata::new(),
        updated_at: at(9),
        ..example()
    };
    assert_eq!(replaced, expected);
}

#[test]
fn a_patch_changes_only_what_it_names() {
    let patched = |body| change(body).unwrap().apply(&example(), at(9));
    let touched = Application { updated_at: at(9), ..example() };
    assert_eq!(patched(json!({})), touched);
    assert_eq!(patched(json!({"uid": null})), Application { uid: None, ..touched.clone() });
    let slower = Application { throttle_rate: Some(1), ..touched.clone() };
    assert_eq!(patched(json!({"rateLimit": 1})), slower);
    let free = Application { throttle_rate: None, ..touched.clone() };
    assert_eq!(patched(json!({"throttleRate": null, "rateLimit": 3})), free);
    let unnoted = Application { metadata: Metadata::new(), ..touched };
    assert_eq!(patched(json!({"metadata": null})), unnoted);
    assert_eq!(change(json!({"name": null})).unwrap_err().status().as_u16(), 422);
}

proptest! {
    #[test]
    fn whatever_text_is_given_is_kept_or_refused(
        name: String, uid: Option<String>, rate: Option<u16>, notes: std::collections::BTreeMap<String, String>,
    ) {
        let body = json!({"name": name, "uid": uid, "throttleRate": rate, "metadata": notes});
        if let Ok(draft) = draft(body.clone()) {
            prop_assert_eq!(&draft.name, &name);
            prop_assert_eq!(draft.uid.as_ref().map(Uid::as_str), uid.as_deref());
            prop_assert_eq!(&draft.metadata, &notes);
        }
        // A body of POST is a body of PATCH, and what one refuses the other does, but for null.
        prop_assert_eq!(draft(body.clone()).is_ok(), change(body).is_ok());
    }
}
