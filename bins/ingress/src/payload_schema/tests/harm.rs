//! Schemas and payloads that are up to something.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{definition, faults, pointers};
use crate::payload_schema::{
    cache::{Cache, Entry},
    compiled::{Compiled, FAULTS_MAX, PAYLOAD_MAX, Unchecked},
    look,
};

/// Sixty definitions, of which each refers twice to the next.
fn doubling() -> Value {
    let mut definitions = serde_json::Map::new();
    for n in 0..60 {
        let next = json!({ "$ref": format!("#/definitions/d{}", n + 1) });
        definitions.insert(format!("d{n}"), json!({ "allOf": [next, next] }));
    }
    definitions.insert("d60".to_owned(), json!({ "required": ["x"] }));
    json!({ "$ref": "#/definitions/d0", "definitions": definitions })
}

#[test]
fn a_schema_that_never_ends_is_given_up_before_it_is_begun() {
    let chain = |length: usize| {
        let mut definitions = serde_json::Map::new();
        for n in 0..length {
            let next = json!({ "$ref": format!("#/definitions/d{}", n + 1) });
            definitions.insert(format!("d{n}"), next);
        }
        definitions.insert(format!("d{length}"), json!({ "required": ["x"] }));
        json!({ "$ref": "#/definitions/d0", "definitions": definitions })
    };
    let branching = json!({
        "anyOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": { "a": { "$ref": "#" } } }],
    });
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "a": inner }));
    let wide = json!({ "items": { "anyOf": vec![json!({ "type": "null" }); 1_000] } });
    for (schema, payload) in [
        (doubling(), json!({})),
        (branching, deep),
        (json!({ "$ref": "#" }), json!({})),
        (json!({ "allOf": [{ "$ref": "#" }] }), json!({})),
        (wide, json!(vec![1; 10_000])),
        (chain(5_000), json!({})),
    ] {
        assert_eq!(faults(&schema, &payload), Err(Unchecked::TooCostly));
    }
    // On the stack that it has in life, also where the compiler spares no room on it.
    let on_a_thread = std::thread::Builder::new().stack_size(2 << 20);
    let longest = on_a_thread.spawn(move || faults(&chain(500), &json!({}))).unwrap();
    assert_eq!(longest.join().unwrap().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_read_is_not_held_against_the_sender() {
    let compiled = super::compiled(&json!({ "type": "object", "maxProperties": 1 }));
    let nest = format!(r#"{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(PAYLOAD_MAX));
    for payload in [nest, large, r#"{"n":1e400}"#.to_owned()] {
        assert_eq!(compiled.faults(payload.as_bytes()), Err(Unchecked::Payload));
    }
}

#[test]
fn a_pattern_takes_time_that_grows_with_the_text_alone() {
    let schema = json!({ "properties": { "s": { "pattern": "^(a+)+$" } } });
    let evil = "a".repeat(100_000) + "!";
    assert_eq!(pointers(&schema, &json!({ "s": evil })), ["/s"]);
}

#[test]
fn what_is_not_used_is_kept_as_such() {
    let cache = Cache::default();
    let of = definition("a", &[("1", r#"{"type":"thing"}"#)]);
    for _ in 0..2 {
        assert_eq!(look(&cache, &of, b"{}"), None);
        assert!(matches!(cache.get(&of).as_deref(), Some(Entry::Unusable)));
    }
    let costly = definition("b", &[("1", &doubling().to_string())]);
    assert_eq!(look(&cache, &costly, b"{}"), None);
    let entry = cache.get(&costly).unwrap();
    let Entry::Usable(compiled) = &*entry else { panic!("it compiles") };
    assert!(!compiled.first_too_costly(), "it was said when it was met");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..9_i64).prop_map(Value::from),
        prop::sample::select(vec!["#", "#/allOf/0", "string", "integer", "a", "^a"])
            .prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "a",
        "b",
        "$ref",
        "type",
        "allOf",
        "anyOf",
        "not",
        "properties",
        "items",
        "enum",
        "if",
        "additionalProperties",
        "patternProperties",
        "required",
        "minimum",
        "unevaluatedProperties",
        "propertyNames",
        "contains",
        "dependencies",
        "const",
        "$id",
        "$anchor",
    ]);
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..5).prop_map(|map| {
                map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    /// Neither ends the process, and what fits has no faults.
    #[test]
    fn no_schema_and_no_payload_do_any_harm(schema in any_json(), payload in any_json()) {
        if let Ok(compiled) = Compiled::new(&schema.to_string())
            && let Ok(faults) = compiled.faults(payload.to_string().as_bytes())
        {
            prop_assert!(faults.len() <= FAULTS_MAX);
            for fault in faults {
                prop_assert!(payload.pointer(&fault.pointer).is_some(), "{}", fault);
            }
        }
    }
}
