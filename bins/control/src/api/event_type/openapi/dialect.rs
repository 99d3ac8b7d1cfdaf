//! What OpenAPI says of schemas in words of its own, said as JSON Schema says it.

use serde_json::{Map, Value, json};

/// Whether a keyword is one of OpenAPI alone, which [`translate`] says otherwise or nobody needs.
pub(super) fn is_openapi(keyword: &str, value: &Value) -> bool {
    match keyword {
        "nullable" | "example" | "xml" => true,
        "exclusiveMinimum" | "exclusiveMaximum" => value.is_boolean(),
        _ => false,
    }
}

/// Adds to `schema` what `keywords`, of which it was made, say in the words of OpenAPI.
pub(super) fn translate(keywords: &Map<String, Value>, schema: &mut Map<String, Value>) {
    let says = |keyword: &str| keywords.get(keyword) == Some(&Value::Bool(true));
    if says("nullable")
        && let Some(Value::String(kind)) = keywords.get("type")
    {
        schema.insert("type".to_owned(), json!([kind, "null"]));
    }
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if says(exclusive)
            && let Some(limit) = schema.remove(bound)
        {
            schema.insert(exclusive.to_owned(), limit);
        }
    }
    if let Some(example) = keywords.get("example") {
        schema.entry("examples").or_insert_with(|| json!([example]));
    }
}

/// A schema with what was said beside the reference to it. Notes replace notes; a rule stands
/// beside another of its name.
pub(super) fn merged(resolved: Value, beside: Value) -> Value {
    let Value::Object(beside) = beside else { return resolved };
    if beside.is_empty() {
        return resolved;
    }
    let is_note = |keyword: &str| {
        matches!(keyword, "title" | "description" | "examples" | "default" | "deprecated")
    };
    match resolved {
        Value::Object(mut schema)
            if !schema.contains_key("$ref")
                && beside.keys().all(|key| is_note(key) || !schema.contains_key(key)) =>
        {
            schema.extend(beside);
            Value::Object(schema)
        }
        resolved => {
            let mut whole = beside;
            match whole.entry("allOf").or_insert_with(|| json!([])) {
                Value::Array(all) => all.push(resolved),
                _ => return resolved,
            }
            Value::Object(whole)
        }
    }
}
