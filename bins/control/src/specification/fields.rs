//! What a schema says of its fields, as a table. Pure.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    example::resolved,
    html::{escaped, prose},
};

/// The fields of an object.
pub(super) fn table(schema: &Value, document: &Value) -> String {
    let schema = resolved(schema, document);
    let Some(Value::Object(properties)) = schema.get("properties") else {
        let shown = with_notes(schema);
        return if shown.is_empty() { String::new() } else { format!("<p>{shown}</p>\n") };
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let rows = properties.iter().map(|(name, field)| {
        let needed = if required.contains(&name.as_str()) { "required" } else { "" };
        row(name, needed, field)
    });
    let rows: String = rows.collect();
    if rows.is_empty() { String::new() } else { format!("<table>\n{rows}</table>\n") }
}

/// The parameters of an operation.
pub(super) fn parameters(parameters: &Value) -> String {
    let all = parameters.as_array().into_iter().flatten();
    let rows = all.map(|parameter| {
        let text = |field: &str| parameter.get(field).and_then(Value::as_str).unwrap_or_default();
        let mut schema = parameter.get("schema").cloned().unwrap_or_default();
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), text("description").into());
            schema.remove("deprecated");
        }
        row(text("name"), text("in"), &schema)
    });
    let rows: String = rows.collect();
    if rows.is_empty() {
        String::new()
    } else {
        format!("<h4>Parameters</h4>\n<table>\n{rows}</table>\n")
    }
}

fn row(name: &str, note: &str, schema: &Value) -> String {
    let note =
        if note.is_empty() { String::new() } else { format!(" <small>{}</small>", escaped(note)) };
    let gone = schema.get("deprecated") == Some(&Value::Bool(true));
    let gone = if gone { " <small>deprecated</small>" } else { "" };
    format!(
        "<tr><th scope=\"row\"><code>{}</code>{note}{gone}</th><td>{}</td></tr>\n",
        escaped(name),
        with_notes(schema),
    )
}

/// The type, what is said of it, and its bounds.
fn with_notes(schema: &Value) -> String {
    let mut html = format!("<span class=\"type\">{}</span>", kind(schema));
    let own = |schema: &Value| {
        let text = schema.get("description").and_then(Value::as_str)?;
        (!text.is_empty()).then(|| prose(text))
    };
    // What may be null is described where it is not null.
    let choices = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    if let Some(text) = own(schema).or_else(|| choices.into_iter().find_map(own)) {
        let _ = write!(html, " {text}");
    }
    let bounds = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "least length"),
        ("maxLength", "greatest length"),
        ("minItems", "least items"),
        ("maxItems", "most items"),
        ("pattern", "pattern"),
        ("default", "default"),
        ("enum", "one of"),
    ];
    let said = bounds.into_iter().filter_map(|(keyword, words)| {
        let value = schema.get(keyword).filter(|value| !value.is_null())?;
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Array(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        Some(format!("{words} <code>{}</code>", escaped(&value)))
    });
    let said: Vec<String> = said.collect();
    if !said.is_empty() {
        let _ = write!(html, " <small>{}</small>", said.join("; "));
    }
    html
}

/// The type in words; what has a name leads to it.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(name_of) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for combined in ["allOf", "oneOf", "anyOf"] {
        if let Some(Value::Array(all)) = schema.get(combined) {
            let all: Vec<String> = all.iter().map(kind).collect();
            return all.join(if combined == "allOf" { " and " } else { " or " });
        }
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    let kinds = kinds.into_iter().map(|kind| match kind {
        "array" => match schema.get("items") {
            Some(items) => format!("array of {}", self::kind(items)),
            None => "array".to_owned(),
        },
        "object" => match schema.get("additionalProperties").filter(|of| of.is_object()) {
            Some(of) => format!("map of {}", self::kind(of)),
            None => "object".to_owned(),
        },
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some(format) => format!("string ({})", escaped(format)),
            None => "string".to_owned(),
        },
        other => escaped(other),
    });
    kinds.collect::<Vec<_>>().join(" or ")
}

fn name_of(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}
