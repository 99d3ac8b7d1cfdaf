//! Whether a JSON document is a JSON Schema, of draft 7 or of 2020-12.
//!
//! It is checked against the rules of the draft's own meta-schema, written out below: those of
//! 2020-12 where `$schema` names it, else those of draft 7, which most documents of 2020-12 keep
//! too. Formats (`uri-reference`, `regex`) are not looked into, and unknown keywords are allowed, as
//! both drafts say. Pure.

use std::fmt;

use serde_json::Value;

/// What the `$schema` of a document of 2020-12 says, with or without a `#` at its end.
const DRAFT_2020: &str = "https://json-schema.org/draft/2020-12/schema";

/// The rules that a document is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Draft {
    Seven,
    Of2020,
}

/// The first place where a document is no schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotASchema {
    /// The way to it: property names, and `[i]` for list items.
    pub(super) path: Vec<String>,
    /// What it should be.
    wanted: &'static str,
}

impl fmt::Display for NotASchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be {} in a JSON Schema", self.wanted)
    }
}

type Checked = Result<(), NotASchema>;

/// Checks a whole document. It must be an object: `true` and `false` are schemas too, but clients
/// read an object, and a payload is described by neither.
pub(super) fn check(document: &Value) -> Checked {
    expect(document.is_object(), "an object")?;
    let says = document.get("$schema").and_then(Value::as_str).unwrap_or_default();
    let of_2020 = says.trim_end_matches('#') == DRAFT_2020;
    let draft = if of_2020 { Draft::Of2020 } else { Draft::Seven };
    draft.schema(document)
}

impl Draft {
    fn schema(self, value: &Value) -> Checked {
        match value {
            Value::Bool(_) => Ok(()),
            Value::Object(keywords) => keywords
                .iter()
                .try_for_each(|(name, value)| within(name, self.keyword(name, value))),
            _ => fail("an object or a boolean"),
        }
    }

    fn keyword(self, name: &str, value: &Value) -> Checked {
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
            "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties"
            | "minProperties" => expect(is_count(value), "a whole number of 0 or more"),
            "examples" | "enum" => expect(value.is_array(), "an array"),
            "required" => names(value),
            "type" => types(value),
            "contains"
            | "additionalProperties"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else" => self.schema(value),
            "allOf" | "anyOf" | "oneOf" => self.schemas(value),
            "definitions" | "properties" | "patternProperties" => {
                each(value, |schema| self.schema(schema))
            }
            "dependencies" => each(value, |dependency| {
                if dependency.is_array() { names(dependency) } else { self.schema(dependency) }
            }),
            "items" => match self {
                Self::Seven if value.is_array() => self.schemas(value),
                Self::Seven | Self::Of2020 => self.schema(value),
            },
            _ => match self {
                Self::Seven if name == "additionalItems" => self.schema(value),
                Self::Seven => Ok(()),
                Self::Of2020 => self.newer_keyword(name, value),
            },
        }
    }

    /// A keyword that came after draft 7.
    fn newer_keyword(self, name: &str, value: &Value) -> Checked {
        match name {
            "$anchor" | "$dynamicAnchor" | "$dynamicRef" => expect(value.is_string(), "a string"),
            "$vocabulary" => each(value, |wanted| expect(wanted.is_boolean(), "a boolean")),
            "deprecated" => expect(value.is_boolean(), "a boolean"),
            "minContains" | "maxContains" => expect(is_count(value), "a whole number of 0 or more"),
            "prefixItems" => self.schemas(value),
            "unevaluatedItems" | "unevaluatedProperties" | "contentSchema" => self.schema(value),
            "$defs" | "dependentSchemas" => each(value, |schema| self.schema(schema)),
            "dependentRequired" => each(value, names),
            _ => Ok(()),
        }
    }

    fn schemas(self, value: &Value) -> Checked {
        match value.as_array() {
            Some(items) if !items.is_empty() => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| within(&format!("[{index}]"), self.schema(item))),
            _ => fail("an array of at least one schema"),
        }
    }
}

fn each(value: &Value, check: impl Fn(&Value) -> Checked) -> Checked {
    let Some(properties) = value.as_object() else { return fail("an object") };
    properties.iter().try_for_each(|(name, value): (_, _)| within(name, check(value)))
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
mod tests;
