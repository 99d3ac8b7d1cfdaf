//! The event types that an OpenAPI document describes: those of `webhooks` (OpenAPI 3.1) and of
//! `x-webhooks`, in which older documents put the same. Pure.
//!
//! A webhook is named by its key. Its operation says what it means and whether it is on its way
//! out, and the JSON body of that operation has the schema and the example. References must lead to
//! a place of the same document; nothing is fetched.

mod dialect;
mod reference;
mod resolve;

use std::collections::BTreeMap;

use posthaste_api::{
    Problem,
    field::{self, Faults},
};
use posthaste_domain::EventType;
use serde_json::{Map, Value, json};

use self::{reference::follow, resolve::Resolver};
use super::super::schema;

/// The most event types of a document.
const EVENT_TYPES_MAX: usize = 1_000;
/// Where they are; what the first says of a name counts.
const SECTIONS: [&str; 2] = ["webhooks", "x-webhooks"];
/// The methods of an operation, the likeliest first.
const METHODS: [&str; 8] = ["post", "put", "patch", "delete", "get", "head", "options", "trace"];

/// What a document says of an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) description: String,
    pub(super) deprecated: bool,
    /// The JSON text of the schema of its payload, which needs nothing outside it.
    pub(super) schema: Option<String>,
}

/// Every event type of `document`, which came in the body as `field`.
///
/// # Errors
/// 422 with every place of the document that is not understood.
pub(super) fn read(
    document: &Value,
    field: &str,
) -> Result<BTreeMap<EventType, Described>, Problem> {
    let mut faults = Faults::default();
    let sections: Vec<_> = SECTIONS
        .into_iter()
        .filter_map(|section| Some((section, document.get(section)?.as_object()?)))
        .collect();
    if sections.is_empty() {
        faults.add([field], "must have `webhooks` or `x-webhooks`");
    }
    let count: usize = sections.iter().map(|(_, items)| items.len()).sum();
    if count > EVENT_TYPES_MAX {
        faults.add([field], format!("must have at most {EVENT_TYPES_MAX} webhooks"));
    }
    let mut found = BTreeMap::new();
    let mut resolver = Resolver::new(document);
    if count <= EVENT_TYPES_MAX {
        for (section, items) in sections {
            for (name, item) in items {
                let place = [field, section, name];
                match name.parse::<EventType>() {
                    Err(error) => faults.add(place, error.to_string()),
                    Ok(name) if found.contains_key(&name) => {}
                    Ok(parsed) => match described(item, document, &mut resolver) {
                        Ok(described) => drop(found.insert(parsed, described)),
                        Err(Fault { path, msg }) => {
                            faults
                                .add(place.into_iter().chain(path.iter().map(String::as_str)), msg);
                        }
                    },
                }
            }
        }
    }
    faults.finish(|| Some(found))
}

/// A place that is not understood.
#[derive(Debug)]
struct Fault {
    path: Vec<String>,
    msg: String,
}

impl Fault {
    fn new(msg: impl Into<String>) -> Self {
        Self { path: Vec::new(), msg: msg.into() }
    }

    /// The same, seen from one step further out.
    fn within(mut self, step: &str) -> Self {
        self.path.insert(0, step.to_owned());
        self
    }
}

fn described<'a>(
    item: &'a Value,
    document: &'a Value,
    resolver: &mut Resolver<'a>,
) -> Result<Described, Fault> {
    let item = follow(item, document)?;
    let operation = METHODS.into_iter().find_map(|method| Some((method, item.get(method)?)));
    let Some((method, operation)) = operation else {
        return Err(Fault::new("must have an operation, such as `post`"));
    };
    let body = match operation.get("requestBody") {
        Some(body) => {
            follow(body, document).map_err(|fault| fault.within("requestBody").within(method))?
        }
        None => &Value::Null,
    };
    let words = [(operation, "description"), (operation, "summary"), (body, "description")];
    let items = [(item, "description"), (item, "summary")];
    let text = words.into_iter().chain(items).find_map(|(of, field)| of.get(field)?.as_str());
    let description = field::description(text.unwrap_or_default().to_owned());
    let description = description
        .map_err(|error| Fault::new(error.to_string()).within("description").within(method))?;
    let deprecated = operation.get("deprecated").and_then(Value::as_bool).unwrap_or_default();
    let schema = json_content(body)
        .map(|(kind, media)| {
            schema_of(media, document, resolver).map_err(|fault| {
                ["schema", kind, "content", "requestBody", method]
                    .into_iter()
                    .fold(fault, Fault::within)
            })
        })
        .transpose()?
        .flatten();
    Ok(Described { description, deprecated, schema })
}

/// The content of a body that is JSON, with its media type.
fn json_content(body: &Value) -> Option<(&str, &Value)> {
    let content = body.get("content")?.as_object()?;
    let exact = content.get_key_value("application/json");
    let found = exact.or_else(|| {
        content.iter().find(|(kind, _)| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence == "application/json" || essence.ends_with("+json") || essence == "*/*"
        })
    });
    found.map(|(kind, media)| (kind.as_str(), media))
}

fn schema_of<'a>(
    media: &'a Value,
    document: &'a Value,
    resolver: &mut Resolver<'a>,
) -> Result<Option<String>, Fault> {
    let resolved = media.get("schema").map(|schema| resolver.self_contained(schema)).transpose()?;
    let example = example(media, document)?;
    // The two say the same, and only the object has a place for an example.
    let any = |schema| if schema == json!(true) { json!({}) } else { schema };
    let resolved = match (resolved.map(any), example) {
        (None, None) => return Ok(None),
        (Some(Value::Object(mut schema)), Some(example)) => {
            schema.entry("examples").or_insert_with(|| json!([example]));
            Value::Object(schema)
        }
        (Some(resolved), _) => resolved,
        (None, Some(example)) => {
            Value::Object(Map::from_iter([("examples".to_owned(), json!([example]))]))
        }
    };
    schema::check(&resolved).map_err(|fault| {
        let msg = fault.to_string();
        Fault { path: fault.path, msg }
    })?;
    Ok(Some(resolved.to_string()))
}

/// The example of a body, or the first of several.
fn example<'a>(media: &'a Value, document: &'a Value) -> Result<Option<&'a Value>, Fault> {
    if let Some(example) = media.get("example") {
        return Ok(Some(example));
    }
    let examples = media.get("examples").and_then(Value::as_object);
    match examples.and_then(|all| all.values().next()) {
        Some(first) => Ok(follow(first, document)?.get("value")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
