//! What an endpoint may be told, and how it is shown.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::shape::EndpointOut, *};

fn new(body: Value) -> Result<New, Problem> {
    serde_json::from_value::<EndpointIn>(body).unwrap().validate()
}

fn draft(body: Value) -> Result<Draft, Problem> {
    new(body).map(|new| new.draft)
}

fn update(body: Value) -> Result<Draft, Problem> {
    serde_json::from_value::<EndpointUpdate>(body).unwrap().validate()
}

fn change(body: Value) -> Result<Change, Problem> {
    serde_json::from_value::<EndpointPatch>(body).unwrap().validate()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn example() -> Endpoint {
    let body = json!({
        "url": "HTTP://Example.com", "description": "d", "uid": "hook", "version": 2,
        "disabled": true, "eventTypes": ["b", "a"], "channels": ["eu"], "throttleRate": 5,
        "metadata": {"a": "b"},
    });
    let id = "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
    draft(body).unwrap().create(id, "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(), at(1))
}

#[test]
fn only_a_url_must_be_given() {
    let nulls = json!({
        "url": "https://example.com/x", "description": null, "uid": null, "version": null,
        "disabled": null, "eventTypes": null, "filterTypes": null, "channels": null,
        "secret": null, "headers": null, "throttleRate": null, "rateLimit": null,
        "metadata": null,
    });
    for body in [json!({"url": "https://example.com/x"}), nulls] {
        let New { draft, secret, headers } = new(body).unwrap();
        assert!(secret.is_none() && headers.is_empty());
        let id = "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        let app = "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        let shown = serde_json::to_value(EndpointOut::from(&draft.create(id, app, at(1)))).unwrap();
        let expected = json!({
            "id": "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "metadata": {}, "description": "",
            "rateLimit": null, "throttleRate": null, "uid": null, "url": "https://example.com/x",
            "version": 1, "disabled": false, "eventTypes": null, "filterTypes": null,
            "channels": null, "pausedAt": null, "createdAt": "1970-01-01T00:00:00.000001Z",
            "updatedAt": "1970-01-01T00:00:00.000001Z",
        });
        assert_eq!(shown, expected);
    }
}

#[test]
fn both_names_of_a_field_are_read_and_written() {
    let shown = serde_json::to_value(EndpointOut::from(&example())).unwrap();
    assert_eq!(shown["eventTypes"], json!(["a", "b"]));
    assert_eq!(shown["filterTypes"], json!(["a", "b"]));
    assert_eq!((&shown["rateLimit"], &shown["throttleRate"]), (&json!(5), &json!(5)));
    assert_eq!(shown["url"], "http://example.com/");
    let older = draft(json!({"url": "http://x/", "filterTypes": ["a"], "rateLimit": 3})).unwrap();
    assert_eq!(older.event_types.unwrap().len(), 1);
    assert_eq!(older.throttle_rate, Some(3));
    // What is shown may be sent back as it is.
    let again = update(shown).unwrap();
    assert_eq!(again.replace(&example(), at(1)), example());
}

#[test]
fn every_rule_is_checked() {
    let with = |field: &str, value: Value| {
        let mut body = json!({"url": "http://x/"});
        body[field] = value;
        body
    };
    for body in [
        with("url", json!("invalid url")),
        with("url", json!("ftp://x/")),
        with("url", json!(format!("http://x/{}", "a".repeat(65_536)))),
        with("version", json!(0)),
        with("throttleRate", json!(0)),
        with("rateLimit", json!(0)),
        with("uid", json!("ep_1")),
        with("uid", json!("")),
        with("eventTypes", json!(["a", "&&b"])),
        with("eventTypes", json!(vec!["a"; 1_025])),
        with("channels", json!(["a b"])),
        with("channels", json!((0..11).map(|n| n.to_string()).collect::<Vec<_>>())),
        with("headers", json!({"content-type": "text/plain"})),
        with("headers", json!({"x-shop": "two\nlines"})),
        with("description", json!("\u{1}")),
        with("metadata", json!({"k": "x".repeat(5_000)})),
    ] {
        let status = draft(body.clone()).map(|_| ()).unwrap_err().status().as_u16();
        assert_eq!(status, 422, "{body}");
        if body.get("headers").is_none() {
            assert_eq!(update(body.clone()).unwrap_err().status().as_u16(), 422, "{body}");
            assert_eq!(change(body.clone()).unwrap_err().status().as_u16(), 422, "{body}");
        }
    }
}

#[test]
fn an_empty_choice_is_no_filter() {
    let empty = json!({"url": "http://x/", "filterTypes": [], "channels": []});
    for draft in [draft(empty.clone()).unwrap(), update(empty).unwrap()] {
        assert_eq!((draft.event_types, draft.channels), (None, None));
    }
    let emptied = json!({"eventTypes": [], "channels": []});
    let patched = change(emptied).unwrap().apply(&example(), at(9));
    assert_eq!((patched.event_types, patched.channels), (None, None));
}

#[test]
fn secret_and_headers_are_taken_by_post_alone() {
    let body = json!({
        "url": "http://x/", "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "headers": {"X-Shop": "7"},
    });
    let taken = new(body.clone()).unwrap();
    assert!(taken.secret.is_some());
    assert_eq!(taken.headers, Headers::from([("X-Shop".into(), "7".into())]));
    // A PUT does not even read them.
    update(json!({"url": "http://x/", "secret": 1, "headers": [2]})).unwrap();
}

#[test]
fn neither_put_nor_patch_resumes_what_is_paused() {
    let paused = Endpoint { paused_at: Some(at(3)), ..example() };
    let put = update(json!({"url": "http://x/", "pausedAt": null})).unwrap();
    assert_eq!(put.replace(&paused, at(9)).paused_at, Some(at(3)));
    let patched = change(json!({"pausedAt": null})).unwrap().apply(&paused, at(9));
    assert_eq!(patched.paused_at, Some(at(3)));
    assert_eq!(
        serde_json::to_value(EndpointOut::from(&patched)).unwrap()["pausedAt"],
        json!(at(3))
    );
}

#[test]
fn a_patch_changes_only_what_it_names() {
    let patched = |body| change(body).unwrap().apply(&example(), at(9));
    let touched = Endpoint { updated_at: at(9), ..example() };
    assert_eq!(patched(json!({})), touched);
    let moved = EndpointUrl::parse("http://y/").unwrap();
    assert_eq!(patched(json!({"url": "http://y"})), Endpoint { url: moved, ..touched.clone() });
    let nulls = json!({
        "description": null, "uid": null, "version": null, "disabled": null, "eventTypes": null,
        "channels": null, "throttleRate": null, "metadata": null,
    });
    let cleared = Endpoint {
        description: String::new(),
        uid: None,
        version: 1,
        disabled: false,
        event_types: None,
        channels: None,
        throttle_rate: None,
        metadata: Metadata::new(),
        ..touched
    };
    assert_eq!(patched(nulls), cleared);
    assert_eq!(change(json!({"url": null})).unwrap_err().status().as_u16(), 422);
}

#[test]
fn a_change_tells_which_types_it_asks_for() {
    let asked = |body| change(body).unwrap().event_types().count();
    assert_eq!(asked(json!({"eventTypes": ["a", "b"]})), 2);
    assert_eq!(asked(json!({"filterTypes": ["a"]})), 1);
    assert_eq!(asked(json!({"eventTypes": null})), 0);
    assert_eq!(asked(json!({})), 0);
}

proptest! {
    #[test]
    fn whatever_is_given_is_kept_or_refused(
        url in prop_oneof![any::<String>(), "https?://[a-z.:@#/?]{0,20}"],
        uid: Option<String>,
        types in prop::option::of(prop::collection::vec(prop_oneof!["[a-c.]{0,3}", any::<String>()], 0..4)),
        channels in prop::option::of(prop::collection::vec("[a-c ]{0,3}", 0..13)),
    ) {
        let body = json!({"url": url, "uid": uid, "eventTypes": types, "channels": channels});
        if let Ok(draft) = draft(body.clone()) {
            prop_assert!(matches!(draft.url.as_url().scheme(), "http" | "https"));
            prop_assert_eq!(draft.uid.as_ref().map(Uid::as_str), uid.as_deref());
            let kept = draft.event_types.map(|all| all.iter().map(|t| t.as_str().to_owned()).collect());
            let given: Option<BTreeSet<String>> =
                types.filter(|all| !all.is_empty()).map(|all| all.into_iter().collect());
            prop_assert_eq!(kept, given);
        }
        prop_assert_eq!(draft(body.clone()).is_ok(), change(body).is_ok());
    }
}
