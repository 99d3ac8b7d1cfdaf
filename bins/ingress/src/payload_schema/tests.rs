//! What schemas say of payloads, and which are not used; `harm` is what schemas cannot do.

mod harm;

use posthaste_domain::Timestamp;
use serde_json::{Value, json};

use super::{
    compiled::{Compiled, FAULTS_MAX, SCHEMA_MAX, Unchecked, Unusable},
    *,
};

/// An event type with these schemas.
pub(super) fn definition(name: &str, schemas: &[(&str, &str)]) -> EventTypeDefinition {
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let schemas = schemas.iter().map(|(version, text)| ((*version).into(), (*text).into()));
    EventTypeDefinition {
        name: name.parse().unwrap(),
        org: "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
        description: String::new(),
        archived: false,
        deprecated: false,
        schemas: Some(schemas.collect()),
        feature_flags: <_>::default(),
        group_name: None,
        created_at: at,
        updated_at: at,
    }
}

fn compiled(schema: &Value) -> Compiled {
    Compiled::new(&schema.to_string()).unwrap()
}

fn faults(schema: &Value, payload: &Value) -> Result<Vec<PayloadFault>, Unchecked> {
    compiled(schema).faults(payload.to_string().as_bytes())
}

fn pointers(schema: &Value, payload: &Value) -> Vec<String> {
    faults(schema, payload).unwrap().into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn the_highest_number_is_the_newest() {
    let of = |versions: &[&'static str]| {
        let schemas: Vec<_> = versions.iter().map(|version| (*version, *version)).collect();
        newest(&definition("a", &schemas)).map(str::to_owned)
    };
    assert_eq!(of(&["1", "10", "9"]).as_deref(), Some("10"));
    assert_eq!(of(&["2", "draft", "v3"]).as_deref(), Some("2"));
    assert_eq!(of(&["draft"]), None);
    assert_eq!(of(&[]), None);
    assert_eq!(newest(&EventTypeDefinition { schemas: None, ..definition("a", &[]) }), None);
}

#[test]
fn every_fault_is_told_with_its_pointer_and_without_the_value() {
    let schema = json!({
        "type": "object", "required": ["id"],
        "properties": {
            "items": { "items": { "properties": { "a/b~": { "type": "integer" } } } },
            "kind": { "enum": ["x", "y"] },
        },
    });
    let secret = "hunter2";
    let payload = json!({ "kind": secret, "items": [{}, { "a/b~": secret }] });
    let mut found = faults(&schema, &payload).unwrap();
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 3, "{told:?}");
    assert!(!told.concat().contains(secret), "{told:?}");
    assert!(told[0].contains("\"id\""), "{told:?}");
    assert!(told[1].starts_with("/items/1/a~1b~0: "), "{told:?}");
    assert!(told[2].starts_with("/kind: "), "{told:?}");
    let refused = refused(&found[1]);
    assert_eq!(refused.loc, ["body", "payload", "items", "[1]", "a/b~"]);
    assert_eq!(refused.msg, told[1]);
    assert_eq!(super::refused(&found[0]).loc, ["body", "payload"]);
    assert_eq!(pointers(&schema, &json!({ "id": 1, "kind": "x" })), Vec::<String>::new());
}

#[test]
fn faults_are_few_and_their_words_short() {
    let schema = json!({ "items": { "type": "string" }, "additionalProperties": false });
    assert_eq!(pointers(&schema, &json!(vec![1; 100])).len(), FAULTS_MAX);
    // So many are not even gathered.
    assert_eq!(pointers(&schema, &json!(vec![1; 100_000])), ["/0"]);
    let key = "é".repeat(5_000);
    let deep = json!({ "properties": { "o": { "additionalProperties": { "type": "null" } } } });
    let found = faults(&deep, &json!({ "o": { key.clone(): 1 } })).unwrap();
    assert!(found[0].pointer.len() <= 256, "{found:?}");
    assert_eq!(refused(&found[0]).loc, ["body", "payload"]);
    assert!(faults(&schema, &json!({ key: 1 })).unwrap()[0].problem.len() <= 256);
}

#[test]
fn a_warning_is_a_short_line_of_ascii() {
    let fault = |pointer: &str, problem: &str| PayloadFault {
        pointer: pointer.to_owned(),
        problem: problem.to_owned(),
    };
    let told = |fault| warning(&[fault]).unwrap().to_str().unwrap().to_owned();
    assert_eq!(told(fault("/é\r\na", "b\0ad")), "/???a: b?ad");
    assert_eq!(told(fault("", &"x".repeat(9_999))).len(), 512);
    assert_eq!(warning(&[]), None);
}

#[test]
fn a_schema_that_does_not_stand_by_itself_is_not_used() {
    for schema in [
        json!({ "$ref": "https://acme.example/schema.json" }),
        json!({ "$ref": "file:///etc/passwd" }),
        json!({ "$ref": "http://json-schema.org/draft-07/schema#" }),
        json!({ "properties": { "a": { "$ref": "#/definitions/missing" } } }),
        json!({ "$defs": { "a": { "$id": "https://acme.example/a" } } }),
    ] {
        let compiled = Compiled::new(&schema.to_string());
        assert!(matches!(compiled, Err(Unusable::Elsewhere(_))), "{schema}");
    }
    for schema in [
        json!({ "type": "thing" }),
        json!({ "properties": [] }),
        json!({ "$schema": "https://acme.example/dialect" }),
        json!({ "pattern": "(" }),
        // It would need an engine that goes back and forth.
        json!({ "pattern": "^(?=a)(a+)+\\1$" }),
        json!(7),
    ] {
        let compiled = Compiled::new(&schema.to_string());
        assert!(matches!(compiled, Err(Unusable::NotASchema(_))), "{schema}");
    }
    assert!(matches!(Compiled::new("{broken"), Err(Unusable::Unread(_))));
    let large = json!({ "description": "x".repeat(SCHEMA_MAX) }).to_string();
    assert!(matches!(Compiled::new(&large), Err(Unusable::TooLarge)));
}

#[test]
fn a_schema_without_a_draft_is_of_draft_7() {
    let pair = json!({ "items": [{ "type": "integer" }, { "type": "string" }] });
    assert_eq!(pointers(&pair, &json!(["a", "b"])), ["/0"]);
    let newer = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "prefixItems": [{ "type": "integer" }], "unevaluatedItems": false,
    });
    assert_eq!(pointers(&newer, &json!([1])), Vec::<String>::new());
    assert_eq!(pointers(&newer, &json!(["a"])), ["/0"]);
}

#[test]
fn a_schema_may_refer_to_itself() {
    let tree = json!({
        "$ref": "#/definitions/node",
        "definitions": { "node": {
            "properties": {
                "name": { "type": "string" },
                "left": { "$ref": "#/definitions/node" },
                "right": { "$ref": "#/definitions/node" },
            },
        } },
    });
    let payload = json!({ "left": { "right": { "name": 7 } }, "right": { "name": "a" } });
    assert_eq!(pointers(&tree, &payload), ["/left/right/name"]);
    let deep = (0..120).fold(json!({ "name": 7 }), |inner, _| json!({ "left": inner }));
    assert_eq!(pointers(&tree, &deep).len(), 1);
}
