//! What an event type may be told, and how it is shown.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::shape::EventTypeOut, *};

/// From text, because what is kept of a schema is its text.
fn draft(body: &Value) -> Result<(EventType, Draft), Problem> {
    serde_json::from_str::<EventTypeIn>(&body.to_string()).unwrap().validate()
}

fn change(body: &Value) -> Result<Change, Problem> {
    serde_json::from_str::<EventTypePatch>(&body.to_string()).unwrap().validate()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn example() -> EventTypeDefinition {
    let body = json!({
        "name": "user.signup", "description": "d", "archived": true, "deprecated": true,
        "schemas": {"1": {"type": "object"}}, "featureFlags": ["gamma", "beta", "beta"],
        "groupName": "user",
    });
    let (name, draft) = draft(&body).unwrap();
    draft.create(name, "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(), at(1))
}

#[test]
fn is_shown_as_clients_know_it() {
    let shown = serde_json::to_value(EventTypeOut::from(&example())).unwrap();
    let expected = json!({
        "name": "user.signup", "description": "d", "archived": true, "deprecated": true,
        "schemas": {"1": {"type": "object"}}, "featureFlag": "beta",
        "featureFlags": ["beta", "gamma"], "groupName": "user",
        "createdAt": "1970-01-01T00:00:00.000001Z", "updatedAt": "1970-01-01T00:00:00.000001Z",
    });
    assert_eq!(shown, expected);
    let bare = serde_json::to_value(EventTypeOut::without_schemas(&example())).unwrap();
    assert_eq!(bare["schemas"], Value::Null);
    // What is shown may be sent back as it is.
    let (name, again) = draft(&shown).unwrap();
    assert_eq!(again.create(name, example().org, at(1)), example());
}

#[test]
fn a_schema_keeps_its_text() {
    let text = r#"{"name":"a","description":"","schemas":{"1":{ "z" : 1.0, "a": true }}}"#;
    let body: EventTypeIn = serde_json::from_str(text).unwrap();
    let (name, draft) = body.validate().unwrap();
    let kept = draft.create(name, example().org, at(1));
    assert_eq!(kept.schemas.as_ref().unwrap()["1"], r#"{ "z" : 1.0, "a": true }"#);
    let shown = serde_json::to_string(&EventTypeOut::from(&kept)).unwrap();
    assert!(shown.contains(r#""schemas":{"1":{ "z" : 1.0, "a": true }}"#), "{shown}");
}

#[test]
fn every_rule_is_checked() {
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "a", "description": "d"});
        body[field] = value;
        body
    };
    for body in [
        with("name", json!("$")),
        with("description", json!("\u{2}")),
        with("schemas", json!({"1": {"readOnly": 15}})),
        with("schemas", json!({"1": "text"})),
        with("featureFlag", json!("a b")),
        with("featureFlags", json!(["a", "b c"])),
        with("featureFlags", json!([])),
        with("featureFlags", (0..101).map(|n| n.to_string()).collect()),
        with("groupName", json!("a b")),
    ] {
        assert_eq!(draft(&body).unwrap_err().status().as_u16(), 422, "{body}");
    }
    assert_eq!(change(&json!({"description": null})).unwrap_err().status().as_u16(), 422);
    let deep = format!("{}{}", r#"{"not":"#.repeat(200), "true") + &"}".repeat(200);
    let body = format!(r#"{{"name":"a","description":"","schemas":{{"1":{deep}}}}}"#);
    let body: EventTypeIn = serde_json::from_str(&body).unwrap();
    assert_eq!(body.validate().unwrap_err().status().as_u16(), 422);
}

#[test]
fn one_flag_of_old_is_a_set_of_one_and_the_newer_form_wins() {
    let flags = |body: Value| {
        let mut all = json!({"name": "a", "description": "d"});
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let flags = draft(&all).unwrap().1.feature_flags;
        flags.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(flags(json!({"featureFlag": "old"})), ["old"]);
    assert_eq!(flags(json!({"featureFlag": "old", "featureFlags": null})), ["old"]);
    assert_eq!(flags(json!({"featureFlag": "old", "featureFlags": ["b", "a"]})), ["a", "b"]);
    assert!(flags(json!({"featureFlag": null})).is_empty());
}

#[test]
fn a_patch_changes_only_what_it_names() {
    let patched = |body: Value| change(&body).unwrap().apply(&example(), at(9));
    let touched = EventTypeDefinition { updated_at: at(9), ..example() };
    assert_eq!(patched(json!({})), touched);
    let back = EventTypeDefinition { archived: false, ..touched.clone() };
    assert_eq!(patched(json!({"archived": false})), back);
    let unflagged = EventTypeDefinition { feature_flags: BTreeSet::new(), ..touched.clone() };
    assert_eq!(patched(json!({"featureFlag": null})), unflagged);
    assert_eq!(patched(json!({"featureFlags": null, "featureFlag": "x"})), unflagged);
    let alone = EventTypeDefinition { group_name: None, ..touched.clone() };
    assert_eq!(patched(json!({"groupName": null})), alone);
    let none = EventTypeDefinition { schemas: None, ..touched.clone() };
    assert_eq!(patched(json!({"schemas": null})), none);
    let empty = EventTypeDefinition { schemas: Some(BTreeMap::new()), ..touched };
    assert_eq!(patched(json!({"schemas": {}})), empty);
}

proptest! {
    #[test]
    fn whatever_is_given_is_kept_or_refused(
        name: String, description: String, flag: Option<String>, flags: Option<Vec<String>>,
    ) {
        let body = json!({
            "name": name, "description": description, "featureFlag": flag, "featureFlags": flags,
        });
        if let Ok((kept, draft)) = draft(&body) {
            prop_assert_eq!(kept.as_str(), name);
            prop_assert_eq!(draft.description, description);
            prop_assert!(flags.is_none_or(|flags| !flags.is_empty()));
        }
    }
}
