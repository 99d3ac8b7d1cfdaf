//! Where the references of a schema lead: places of the same document, by a pointer or an anchor.
//! Pure.
//!
//! Absent: other documents, and documents within the document; a schema that has either is not
//! used.

use std::collections::HashMap;

use serde_json::Value;

/// Keywords whose values are data, and hold no schemas.
const DATA: [&str; 5] = ["const", "enum", "default", "example", "examples"];
/// Keywords whose values are schemas by names that mean nothing.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// The references of a schema, as they are written there, and the pointers that they stand for.
#[derive(Debug, Default)]
pub(super) struct References(HashMap<String, String>);

/// A schema that does not stand by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Elsewhere {
    /// A reference that leads nowhere within it.
    #[error("the reference {0:?} leads to no place of the schema itself")]
    Reference(String),
    /// A subschema with an address of its own, or two with one name.
    #[error("a part of the schema has an address (`$id`) of its own, or the anchor of another")]
    Embedded,
}

/// What is found on the way through a document.
#[derive(Default)]
struct Found<'a> {
    references: Vec<&'a str>,
    anchors: HashMap<&'a str, String>,
    is_embedding: bool,
}

impl References {
    /// # Errors
    /// [`Elsewhere`] where not all that the document refers to is in it.
    pub(super) fn of(document: &Value) -> Result<Self, Elsewhere> {
        let says = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        // Draft 4 had another name for it.
        let id = if says("$schema").contains("draft-04") { "id" } else { "$id" };
        let mut found = Found::default();
        found.schema(document, id, "");
        if found.is_embedding {
            return Err(Elsewhere::Embedded);
        }
        let own = says(id).trim_end_matches('#');
        let pointer = |reference: &str| {
            let fragment = match reference.strip_prefix(own).unwrap_or(reference) {
                "" => "",
                rest => rest.strip_prefix('#')?,
            };
            if fragment.is_empty() || fragment.starts_with('/') {
                document.pointer(fragment).map(|_| fragment.to_owned())
            } else {
                found.anchors.get(fragment).cloned()
            }
        };
        let target = |reference: &&str| match pointer(reference) {
            Some(pointer) => Ok(((*reference).to_owned(), pointer)),
            None => Err(Elsewhere::Reference(reference.chars().take(128).collect())),
        };
        found.references.iter().map(target).collect::<Result<_, _>>().map(Self)
    }

    /// Where a reference of the document leads.
    pub(super) fn target<'a>(&self, document: &'a Value, reference: &str) -> Option<&'a Value> {
        document.pointer(self.0.get(reference)?)
    }
}

impl<'a> Found<'a> {
    /// Looks through a schema, or a list of them; `id` is what the draft calls an address. A
    /// document is no deeper than its reader allows, so this comes to an end.
    fn schema(&mut self, schema: &'a Value, id: &str, pointer: &str) {
        let below = |step: &str| format!("{pointer}/{}", escaped(step));
        match schema {
            Value::Object(keywords) => {
                for (name, value) in keywords {
                    match value {
                        Value::String(text) => self.keyword(name, text, id, pointer),
                        Value::Object(named) if NAMED.contains(&&**name) => {
                            for (key, one) in named {
                                let pointer = format!("{}/{}", below(name), escaped(key));
                                self.schema(one, id, &pointer);
                            }
                        }
                        _ if DATA.contains(&&**name) => {}
                        _ => self.schema(value, id, &below(name)),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.schema(item, id, &below(&index.to_string()));
                }
            }
            _ => {}
        }
    }

    fn keyword(&mut self, name: &str, text: &'a str, id: &str, pointer: &str) {
        if REFERENCES.contains(&name) {
            self.references.push(text);
        } else if matches!(name, "$anchor" | "$dynamicAnchor") {
            self.anchor(text, pointer);
        } else if name == id {
            match text.strip_prefix('#') {
                Some(anchor) if !anchor.is_empty() => self.anchor(anchor, pointer),
                _ => self.is_embedding |= !pointer.is_empty(),
            }
        }
    }

    fn anchor(&mut self, name: &'a str, pointer: &str) {
        self.is_embedding |= self.anchors.insert(name, pointer.to_owned()).is_some();
    }
}

/// A name as a step of a JSON Pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_and_anchors_lead_to_their_places() {
        let document = json!({
            "$id": "https://acme.example/a.json",
            "$defs": { "a/b": { "$anchor": "here" }, "old": { "$id": "#there" } },
            "allOf": [
                { "$ref": "#" }, { "$ref": "#/$defs/a~1b" }, { "$ref": "#here" },
                { "$ref": "#there" }, { "$dynamicRef": "#here" },
                { "$ref": "https://acme.example/a.json#/$defs/old" },
                { "$ref": "https://acme.example/a.json" },
            ],
            "properties": { "$ref": { "type": "string" }, "$id": {}, "enum": { "$ref": "#" } },
            "enum": [{ "$ref": "nothing to follow" }],
            "not": { "$ref": "#/properties/enum" },
        });
        let references = References::of(&document).unwrap();
        for (reference, pointer) in [
            ("#", ""),
            ("#/$defs/a~1b", "/$defs/a~1b"),
            ("#here", "/$defs/a~1b"),
            ("#/properties/enum", "/properties/enum"),
            ("#there", "/$defs/old"),
            ("https://acme.example/a.json#/$defs/old", "/$defs/old"),
            ("https://acme.example/a.json", ""),
        ] {
            let there = references.target(&document, reference).unwrap();
            assert!(std::ptr::eq(there, document.pointer(pointer).unwrap()), "{reference}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_found() {
        for reference in
            ["#/nowhere", "#nobody", "https://acme.example", "file:///etc/passwd", "other.json", ""]
        {
            let document = json!({ "properties": { "a": { "$ref": reference } } });
            let expected = Elsewhere::Reference(reference.to_owned());
            let found = References::of(&document);
            if reference.is_empty() {
                assert!(found.is_ok(), "the document itself");
            } else {
                assert_eq!(found.unwrap_err(), expected);
            }
        }
        let embedded = json!({ "$defs": { "a": { "$id": "https://acme.example/" } } });
        let twice = json!({ "$defs": { "a": { "$anchor": "x" }, "b": { "$anchor": "x" } } });
        for document in [embedded, twice] {
            assert_eq!(References::of(&document).unwrap_err(), Elsewhere::Embedded);
        }
    }
}
