//! Makes a schema of a document self-contained.
//!
//! What it refers to is put in the place of the reference, but for what contains itself and what is
//! far down, which is kept once under `$defs`.
//!
//! # Invariants
//! - The time and the size of it are bounded, whatever refers to whatever: a small document can
//!   unfold without end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    Fault, dialect,
    reference::{escaped, follow, last_step, target},
};

/// What is deeper than this is kept under `$defs`.
const INLINE_DEPTH: usize = 24;
/// The deepest a schema may be; readers of JSON give up at 128.
const DEPTH_MAX: usize = 96;
/// The largest schema, and all schemas of a document together, in bytes of JSON.
const SCHEMA_MAX: usize = 256 * 1_024;
const SCHEMAS_MAX: usize = 16 * SCHEMA_MAX;

/// Makes schemas of a document self-contained.
pub(super) struct Resolver<'a> {
    document: &'a Value,
    /// How many bytes all of them may still have.
    left: usize,
}

impl<'a> Resolver<'a> {
    pub(super) const fn new(document: &'a Value) -> Self {
        Self { document, left: SCHEMAS_MAX }
    }

    pub(super) fn self_contained(&mut self, schema: &'a Value) -> Result<Value, Fault> {
        let own = follow(schema, self.document)?.get("$defs").and_then(Value::as_object);
        let room = self.left.min(SCHEMA_MAX);
        let mut walk = Walk {
            document: self.document,
            left: room,
            open: Vec::new(),
            own: own.into_iter().flat_map(Map::keys).map(String::as_str).collect(),
            kept: BTreeMap::new(),
            pending: Vec::new(),
        };
        let resolved = walk.whole(schema);
        // What failed took its time too.
        self.left -= room - walk.left;
        resolved
    }
}

/// One schema on its way.
struct Walk<'a> {
    document: &'a Value,
    /// How many bytes it may still have.
    left: usize,
    /// The names that the schema has under `$defs` itself.
    own: BTreeSet<&'a str>,
    /// The references that the place we are at is inside of.
    open: Vec<String>,
    /// The names under `$defs`, by reference.
    kept: BTreeMap<String, String>,
    /// Those of them that are not there yet.
    pending: Vec<(String, String)>,
}

impl<'a> Walk<'a> {
    fn whole(&mut self, schema: &'a Value) -> Result<Value, Fault> {
        let mut resolved = self.schema(schema, 0)?;
        let mut definitions = Map::new();
        while let Some((reference, name)) = self.pending.pop() {
            let schema = target(&reference, self.document)?;
            self.open = vec![reference];
            definitions.insert(name, self.schema(schema, 2)?);
        }
        if let Value::Object(root) = &mut resolved
            && !definitions.is_empty()
        {
            let own = root.entry("$defs").or_insert_with(|| json!({}));
            if let Value::Object(own) = own {
                own.extend(definitions);
            }
        }
        Ok(resolved)
    }

    fn schema(&mut self, schema: &'a Value, depth: usize) -> Result<Value, Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault::new("must not be nested so deeply"));
        }
        let Value::Object(keywords) = schema else { return self.copy(schema) };
        match keywords.get("$ref") {
            Some(Value::String(reference)) => self.reference(reference, keywords, depth),
            _ => self.keywords(keywords, depth),
        }
    }

    /// What a reference stands for, together with what is said beside it.
    fn reference(
        &mut self,
        reference: &'a str,
        beside: &'a Map<String, Value>,
        depth: usize,
    ) -> Result<Value, Fault> {
        let found = target(reference, self.document)?;
        let beside = self.keywords(beside, depth)?;
        let is_open = self.open.iter().any(|open| open == reference);
        let resolved = if is_open || depth >= INLINE_DEPTH {
            json!({"$ref": format!("#/$defs/{}", escaped(&self.name(reference)))})
        } else {
            self.open.push(reference.to_owned());
            let resolved = self.schema(found, depth);
            self.open.pop();
            resolved?
        };
        Ok(dialect::merged(resolved, beside))
    }

    /// The name that is kept under `$defs` for a reference.
    fn name(&mut self, reference: &str) -> String {
        if let Some(name) = self.kept.get(reference) {
            return name.clone();
        }
        let plain = last_step(reference);
        let taken = |name: &String| {
            self.own.contains(name.as_str()) || self.kept.values().any(|kept| kept == name)
        };
        let mut name = plain.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{plain}{number}");
            number += 1;
        }
        self.kept.insert(reference.to_owned(), name.clone());
        self.pending.push((reference.to_owned(), name.clone()));
        name
    }

    fn keywords(&mut self, keywords: &'a Map<String, Value>, depth: usize) -> Result<Value, Fault> {
        let mut resolved = Map::new();
        for (keyword, value) in keywords {
            self.spend(keyword.len() + 4)?;
            let step = match keyword.as_str() {
                "$ref" => continue,
                _ if dialect::is_openapi(keyword, value) => continue,
                "discriminator" => {
                    let name = value.get("propertyName").unwrap_or(&Value::Null);
                    json!({"propertyName": self.copy(name)?})
                }
                "properties" | "patternProperties" | "definitions" | "$defs"
                | "dependentSchemas" | "dependencies" => self.each(value, depth + 1)?,
                "items" | "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                    self.one_or_many(value, depth + 1)?
                }
                "additionalItems"
                | "additionalProperties"
                | "contains"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "contentSchema" => {
                    self.schema(value, depth + 1).map_err(|fault| fault.within(keyword))?
                }
                _ => self.copy(value)?,
            };
            resolved.insert(keyword.clone(), step);
        }
        if let Some(example) = keywords.get("example") {
            self.spend(size(example))?;
        }
        dialect::translate(keywords, &mut resolved);
        Ok(Value::Object(resolved))
    }

    /// A map of schemas; where they may be lists of names, those are copied.
    fn each(&mut self, value: &'a Value, depth: usize) -> Result<Value, Fault> {
        let Value::Object(schemas) = value else { return self.copy(value) };
        let mut resolved = Map::new();
        for (name, schema) in schemas {
            self.spend(name.len() + 4)?;
            let schema = self.schema(schema, depth + 1).map_err(|fault| fault.within(name))?;
            resolved.insert(name.clone(), schema);
        }
        Ok(Value::Object(resolved))
    }

    fn one_or_many(&mut self, value: &'a Value, depth: usize) -> Result<Value, Fault> {
        let Value::Array(schemas) = value else { return self.schema(value, depth) };
        schemas.iter().map(|schema| self.schema(schema, depth + 1)).collect()
    }

    fn copy(&mut self, value: &Value) -> Result<Value, Fault> {
        self.spend(size(value))?;
        Ok(value.clone())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| Fault::new("is too large with all that it refers to"))?;
        Ok(())
    }
}

/// About how many bytes it is as JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>() + 2
        }
    }
}
