//! An example of what a schema describes: what must be given, and no more. Pure.

use serde_json::{Map, Value, json};

/// The deepest an example goes; schemas may contain themselves.
const DEPTH_MAX: usize = 6;

/// An example of `schema`, whose references lead into `document`.
pub(super) fn of(schema: &Value, document: &Value) -> Value {
    example(schema, document, 0)
}

/// What a reference stands for.
pub(super) fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn example(schema: &Value, document: &Value, depth: usize) -> Value {
    let schema = resolved(schema, document);
    let first = |field: &str| schema.get(field).and_then(|all| all.get(0)).cloned();
    let given = schema.get("example").cloned().or_else(|| first("examples"));
    if let Some(given) = given.or_else(|| first("enum")).or_else(|| schema.get("default").cloned())
    {
        return given;
    }
    if depth == DEPTH_MAX {
        return Value::Null;
    }
    for combined in ["allOf", "oneOf", "anyOf"] {
        let choices = schema.get(combined).and_then(Value::as_array).into_iter().flatten();
        let mut choices = choices.filter(|choice| choice.get("type") != Some(&json!("null")));
        if let Some(choice) = choices.next() {
            return example(choice, document, depth + 1);
        }
    }
    match kind(schema) {
        Some("object") => object(schema, document, depth),
        Some("array") => {
            let item = schema.get("items").unwrap_or(&Value::Null);
            json!([example(item, document, depth + 1)])
        }
        Some("string") => match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => json!("2026-11-22T10:00:00Z"),
            Some("uri") => json!("https://example.com/hook"),
            _ => json!("text"),
        },
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        _ => json!({}),
    }
}

fn object(schema: &Value, document: &Value, depth: usize) -> Value {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let fields = required.filter_map(|name| {
        let name = name.as_str()?;
        let field = schema.get("properties")?.get(name)?;
        Some((name.to_owned(), example(field, document, depth + 1)))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The type of a schema, beside null.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_must_be_said() {
        let document = json!({"a": {"type": "object", "required": ["url", "of", "n"], "properties": {
            "url": {"type": "string", "format": "uri"},
            "of": {"oneOf": [{"type": "null"}, {"$ref": "#/b"}]},
            "n": {"type": ["integer", "null"], "minimum": 7},
            "more": {"type": "string"},
        }}, "b": {"type": "array", "items": {"enum": ["x", "y"]}},
            "loop": {"type": "object", "required": ["loop"], "properties": {"loop": {"$ref": "#/loop"}}}});
        let of = |name: &str| of(&json!({"$ref": format!("#/{name}")}), &document);
        assert_eq!(of("a"), json!({"url": "https://example.com/hook", "of": ["x"], "n": 7}));
        assert!(of("loop").to_string().len() < 100);
    }
}
