//! What it would cost to hold a payload against a schema, found out beforehand at a bounded cost.
//! Pure.
//!
//! A validator cannot be stopped, and a small schema can ask for a lot: ten definitions of which
//! each refers twice to the next are a thousand checks of one value, and sixty more than can ever
//! be made. So its way is walked first, without checking anything, until the end or until the
//! steps are used up. Keywords count as if all that they may apply to were so: what is found is no
//! less than what is done, up to a small factor.

use serde_json::{Map, Value};

use super::references::References;

/// How deep checks may be nested in one another, for each takes some of the stack.
const DEPTH_MAX: u16 = 512;
/// How many bytes of a text are one step of whoever reads them.
const STEP_BYTES: usize = 32;

/// It would be too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// A walk through a schema.
pub(super) struct Walk<'a> {
    document: &'a Value,
    references: &'a References,
    steps: u32,
    steps_max: u32,
}

type Walked = Result<(), TooMuch>;

/// How many steps `payload` takes, where they are at most `steps_max`.
///
/// # Errors
/// [`TooMuch`] where they are more, or too deep.
pub(super) fn effort(
    document: &Value,
    references: &References,
    payload: &Value,
    steps_max: u32,
) -> Result<u32, TooMuch> {
    let mut walk = Walk { document, references, steps: 0, steps_max };
    walk.schema(document, payload, DEPTH_MAX)?;
    Ok(walk.steps)
}

impl<'a> Walk<'a> {
    fn spend(&mut self, steps: usize) -> Walked {
        self.steps = self.steps.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.steps <= self.steps_max { Ok(()) } else { Err(TooMuch) }
    }

    /// `schema` applied to `value`, with `depth` more levels allowed below it.
    fn schema(&mut self, schema: &'a Value, value: &Value, depth: u16) -> Walked {
        let depth = depth.checked_sub(1).ok_or(TooMuch)?;
        let Some(keywords) = schema.as_object() else { return self.spend(1) };
        self.spend(1 + keywords.len())?;
        // What is left unevaluated is found by going the same ways once more.
        let ways = ["unevaluatedItems", "unevaluatedProperties"];
        let times = if ways.iter().any(|name| keywords.contains_key(*name)) { 2 } else { 1 };
        for (name, keyword) in keywords {
            for _ in 0..times {
                self.in_place(name, keyword, value, depth)?;
            }
            match value {
                Value::Object(members) => self.members(keywords, name, keyword, members, depth)?,
                Value::Array(items) => self.items(name, keyword, items, depth)?,
                Value::String(text) => self.text(name, text)?,
                _ => {}
            }
            if name == "enum" {
                self.spend(keyword.as_array().map_or(0, Vec::len))?;
            }
        }
        Ok(())
    }

    /// Keywords that apply schemas to the same value.
    fn in_place(&mut self, name: &str, keyword: &'a Value, value: &Value, depth: u16) -> Walked {
        match name {
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                let Some(reference) = keyword.as_str() else { return Ok(()) };
                // Whatever is not known to end is taken not to.
                let target = self.references.target(self.document, reference).ok_or(TooMuch)?;
                self.schema(target, value, depth)
            }
            "not" | "if" | "then" | "else" => self.schema(keyword, value, depth),
            "allOf" | "anyOf" | "oneOf" => keyword
                .as_array()
                .into_iter()
                .flatten()
                .try_for_each(|one| self.schema(one, value, depth)),
            "dependentSchemas" | "dependencies" => {
                let mut schemas = keyword.as_object().into_iter().flatten();
                schemas.try_for_each(|(_, one)| self.schema(one, value, depth))
            }
            _ => Ok(()),
        }
    }

    /// Keywords that apply schemas to members of an object.
    fn members(
        &mut self,
        keywords: &Map<String, Value>,
        name: &str,
        keyword: &'a Value,
        members: &Map<String, Value>,
        depth: u16,
    ) -> Walked {
        match name {
            "properties" => {
                self.spend(members.len())?;
                members.iter().try_for_each(|(name, member)| {
                    keyword.get(name).map_or(Ok(()), |one| self.schema(one, member, depth))
                })
            }
            "patternProperties" => {
                for (name, member) in members {
                    for (_, one) in keyword.as_object().into_iter().flatten() {
                        self.spend(1 + name.len() / STEP_BYTES)?;
                        self.schema(one, member, depth)?;
                    }
                }
                Ok(())
            }
            "additionalProperties" | "unevaluatedProperties" => {
                let named = keywords.get("properties");
                let is_named = |name: &String| named.is_some_and(|named| named.get(name).is_some());
                let mut others = members.iter().filter(|(name, _)| !is_named(name));
                others.try_for_each(|(_, member)| self.schema(keyword, member, depth))
            }
            "propertyNames" => members.keys().try_for_each(|name| {
                self.spend(1 + name.len() / STEP_BYTES)?;
                self.schema(keyword, &Value::Null, depth)
            }),
            _ => Ok(()),
        }
    }

    /// Keywords that apply schemas to the items of an array.
    fn items(&mut self, name: &str, keyword: &'a Value, items: &[Value], depth: u16) -> Walked {
        match (name, keyword) {
            ("prefixItems" | "items", Value::Array(schemas)) => {
                let mut pairs = schemas.iter().zip(items);
                pairs.try_for_each(|(one, item)| self.schema(one, item, depth))
            }
            ("items" | "additionalItems" | "unevaluatedItems" | "contains", _) => {
                items.iter().try_for_each(|item| self.schema(keyword, item, depth))
            }
            ("uniqueItems", _) => self.spend(items.len()),
            _ => Ok(()),
        }
    }

    /// Keywords that read a text.
    fn text(&mut self, name: &str, text: &str) -> Walked {
        match name {
            "pattern" | "format" | "minLength" | "maxLength" | "contentEncoding"
            | "contentMediaType" => self.spend(text.len() / STEP_BYTES),
            _ => Ok(()),
        }
    }
}
