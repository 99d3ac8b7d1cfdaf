//! Whether a JSON document is a JSON Schema, draft 7.
//!
//! It is checked against the rules of the draft's own meta-schema, written out below. Formats
//! (`uri-reference`, `regex`) are not looked into, and unknown keywords are allowed, as the draft
//! says. Pure.

use serde_json::Value;

/// The first place where a document is no schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotASchema {
    /// The way to it: property names, and `[i]` for list items.
    pub(super) path: Vec<String>,
    /// What it should be.
    pub(super) wanted: &'static str,
}

type Checked = Result<(), NotASchema>;

/// Checks a whole document.
pub(super) fn check(document: &Value) -> Checked {
    schema(document)
}

fn schema(value: &Value) -> Checked {
    match value {
        Value::Bool(_) => Ok(()),
        Value::Object(keywords) => {
            keywords.iter().try_for_each(|(name, value)| within(name, keyword(name, value)))
        }
        _ => fail("an object or a boolean"),
    }
}

fn keyword(name: &str, value: &Value) -> Checked {
    match name {
        "$id" | "$schema" | "$ref" | "$comment" | "title" | "description" | "pattern"
        | "format" | "contentMediaType" | "contentEncoding" => {
            expect(value.is_string(), "a string")
        }
        "readOnly" | "writeOnly" | "uniqueItems" => expect(value.is_boolean(), "a boolean"),
        "multipleOf" => expect(value.as_f64().is_some_and(|n| n > 0.0), "a number above 0"),
        "maximum" | "exclusiveMaximum" | "minimum" | "exclusiveMinimum" => {
            expect(value.is_number(), "a number")
        }
        "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties" => {
            expect(is_count(value), "a whole number of 0 or more")
        }
        "examples" | "enum" => expect(value.is_array(), "an array"),
        "required" => names(value),
        "type" => types(value),
        "additionalItems"
        | "contains"
        | "additionalProperties"
        | "propertyNames"
        | "not"
        | "if"
        | "then"
        | "else" => schema(value),
        "items" if value.is_array() => schemas(value),
        "items" => schema(value),
        "allOf" | "anyOf" | "oneOf" => schemas(value),
        "definitions" | "properties" | "patternProperties" => each(value, schema),
        "dependencies" => {
            each(
                value,
                |dependency| {
                    if dependency.is_array() { names(dependency) } else { schema(dependency) }
                },
            )
        }
        _ => Ok(()),
    }
}

fn each(value: &Value, check: impl Fn(&Value) -> Checked) -> Checked {
    let Some(properties) = value.as_object() else { return fail("an object") };
    properties.iter().try_for_each(|(name, value): (_, _)| within(name, check(value)))
}

fn schemas(value: &Value) -> Checked {
    match value.as_array() {
        Some(items) if !items.is_empty() => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| within(&format!("[{index}]"), schema(item))),
        _ => fail("an array of at least one schema"),
    }
}

fn names(value: &Value) -> Checked {
    let are_names = value
        .as_array()
        .is_some_and(|items| items.iter().all(Value::is_string) && are_unique(items));
    expect(are_names, "an array of strings, each once")
}

fn types(value: &Value) -> Checked {
    let is_type = |value: &Value| {
        let known = ["array", "boolean", "integer", "null", "number", "object", "string"];
        value.as_str().is_some_and(|name| known.contains(&name))
    };
    let are_types = match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_type) && are_unique(items),
        single => is_type(single),
    };
    expect(are_types, "a JSON type, or an array of them, each once")
}

/// Counts may be written as `3.0`.
fn is_count(value: &Value) -> bool {
    value.is_u64() || value.as_f64().is_some_and(|n| n >= 0.0 && n.fract() == 0.0)
}

fn are_unique(strings: &[Value]) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(strings.len());
    strings.iter().filter_map(Value::as_str).all(|text| seen.insert(text))
}

fn expect(holds: bool, wanted: &'static str) -> Checked {
    if holds { Ok(()) } else { fail(wanted) }
}

const fn fail(wanted: &'static str) -> Checked {
    Err(NotASchema { path: Vec::new(), wanted })
}

fn within(name: &str, checked: Checked) -> Checked {
    checked.map_err(|mut fault| {
        fault.path.insert(0, name.to_owned());
        fault
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn schemas_are_schemas() {
        for good in [
            json!(true),
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
    fn other_documents_are_not() {
        for (bad, path) in [
            (json!({"readOnly": 15}), vec!["readOnly"]),
            (json!([]), vec![]),
            (json!("string"), vec![]),
            (json!({"type": "text"}), vec!["type"]),
            (json!({"type": []}), vec!["type"]),
            (json!({"required": ["a", "a"]}), vec!["required"]),
            (json!({"minLength": -1}), vec!["minLength"]),
            (json!({"minLength": 0.5}), vec!["minLength"]),
            (json!({"multipleOf": 0}), vec!["multipleOf"]),
            (json!({"allOf": []}), vec!["allOf"]),
            (
                json!({"properties": {"a": {"items": [{}, 1]}}}),
                vec!["properties", "a", "items", "[1]"],
            ),
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
}
