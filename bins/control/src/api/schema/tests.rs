//! What is a schema, and what is not.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

#[test]
fn schemas_are_schemas() {
    for good in [
        json!({}),
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": ["object", "null"],
            "title": "Longitude and Latitude Values",
            "required": ["latitude"],
            "properties": {
                "latitude": {"type": "number", "minimum": -90, "maximum": 90},
                "tags": {"type": "array", "items": [{"enum": []}, true], "maxItems": 3.0}
            },
            "dependencies": {"a": ["b"], "b": {"not": {}}},
            "oneOf": [{"if": true, "then": {}, "else": false}],
            "examples": [{"latitude": 1}],
            "default": null,
            "x-own": 15
        }),
    ] {
        assert_eq!(check(&good), Ok(()), "{good}");
    }
}

#[test]
fn a_document_of_2020_is_held_to_its_own_rules() {
    let of_2020 = |mut document: Value| {
        document["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        check(&document).map_err(|fault| fault.path)
    };
    let good = json!({
        "$defs": {"a": {"$anchor": "a"}},
        "prefixItems": [{"type": "string"}, true],
        "items": false,
        "dependentRequired": {"a": ["b"]},
        "unevaluatedProperties": {"minContains": 0},
        "additionalItems": "not a keyword any more",
    });
    assert_eq!(of_2020(good), Ok(()));
    for (bad, path) in [
        (json!({"items": [true]}), vec!["items"]),
        (json!({"$defs": {"a": 1}}), vec!["$defs", "a"]),
        (json!({"prefixItems": []}), vec!["prefixItems"]),
        (json!({"dependentRequired": {"a": [1]}}), vec!["dependentRequired", "a"]),
        (
            json!({"properties": {"a": {"contentSchema": 1}}}),
            vec!["properties", "a", "contentSchema"],
        ),
    ] {
        let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
        assert_eq!(of_2020(bad.clone()), Err(path), "{bad}");
        assert_eq!(check(&bad), Ok(()), "draft 7 knows it otherwise, or not: {bad}");
    }
}

#[test]
fn other_documents_are_not() {
    for (bad, path) in [
        (json!({"readOnly": 15}), vec!["readOnly"]),
        (json!(true), vec![]),
        (json!([]), vec![]),
        (json!("string"), vec![]),
        (json!({"type": "text"}), vec!["type"]),
        (json!({"type": []}), vec!["type"]),
        (json!({"required": ["a", "a"]}), vec!["required"]),
        (json!({"minLength": -1}), vec!["minLength"]),
        (json!({"minLength": 0.5}), vec!["minLength"]),
        (json!({"multipleOf": 0}), vec!["multipleOf"]),
        (json!({"allOf": []}), vec!["allOf"]),
        (json!({"properties": {"a": {"items": [{}, 1]}}}), vec!["properties", "a", "items", "[1]"]),
        (json!({"definitions": []}), vec!["definitions"]),
    ] {
        assert_eq!(check(&bad).unwrap_err().path, path, "{bad}");
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop::sample::select(vec![
            "type",
            "items",
            "properties",
            "required",
            "allOf",
            "not",
            "dependencies",
            "enum",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..4).prop_map(|map| {
                map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_fault_names_a_place_that_exists(document in documents()) {
        if let Err(fault) = check(&document) {
            let mut at = &document;
            for step in &fault.path {
                at = match step.strip_prefix('[') {
                    Some(index) if at.is_array() => &at[index.trim_end_matches(']').parse::<usize>().unwrap()],
                    _ => &at[step.as_str()],
                };
            }
            prop_assert!(!fault.wanted.is_empty());
        }
    }
}
