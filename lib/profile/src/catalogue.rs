//! What each system that we send for publishes: its event types, and a JSON Schema of the payload
//! of each, so that a producer's mistake is found before a receiver finds it.
//!
//! # Invariants
//! - A schema is of what the producer posts, which is a part of what is sent, never of the envelope
//!   around it; its dialect is JSON Schema 2020-12 and it refers to nothing outside itself.
//! - A field that is optional is left out where it is unknown. Fields that a schema does not name
//!   are allowed: sets of fields grow.
//! - Schemas and examples are kept as the text that they were written as, numbers included.
//!
//! Absent: validation, for which the caller has its own library, and the catalogue of an
//! organisation, which is what its owner makes of one of these.

use std::{collections::BTreeMap, sync::LazyLock};

use posthaste_domain::EventType;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The event types of one system.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// What it is asked for by, as `justwallet`.
    pub name: &'static str,
    /// What the system calls itself, as `Just Wallet`.
    pub title: String,
    /// In the order in which the system documents them. No name is there twice.
    pub event_types: Vec<CatalogueEntry>,
}

/// One event type of a system.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    /// What producers and subscriptions call it.
    pub name: EventType,
    /// When it is sent, for the merchant's developer.
    pub description: String,
    /// JSON Schema 2020-12 of the payload, complete in itself.
    pub schema: Box<RawValue>,
    /// The payload that the system documents, which its schema has too; `None` where it documents
    /// none.
    pub example: Option<Box<RawValue>>,
    /// What receivers call it, where that differs from the name.
    pub wire: Option<String>,
}

/// Each catalogue by its name, in the order of their names.
const EMBEDDED: [(&str, &str); 4] = [
    ("justt", include_str!("../catalogues/justt.json")),
    ("justwallet", include_str!("../catalogues/justwallet.json")),
    ("kloutit", include_str!("../catalogues/kloutit.json")),
    ("yoco", include_str!("../catalogues/yoco.json")),
];

static ALL: LazyLock<Vec<Catalogue>> = LazyLock::new(|| {
    let parsed = EMBEDDED.iter().map(|(name, text)| parse(name, text));
    #[expect(clippy::expect_used, reason = "the texts are fixed, and a test parses each")]
    parsed.collect::<Result<_, _>>().expect("the catalogues that are built in are catalogues")
});

impl Catalogue {
    /// The catalogue of this name among those that are built in: `justt`, `justwallet`, `kloutit`
    /// or `yoco`.
    #[must_use]
    pub fn builtin(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|catalogue| catalogue.name == name)
    }

    /// All that are built in, in the order of their names.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The entry of this event type.
    #[must_use]
    pub fn get(&self, name: &EventType) -> Option<&CatalogueEntry> {
        self.event_types.iter().find(|entry| entry.name == *name)
    }
}

/// A catalogue as it is written, with a schema that several event types share written once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    title: String,
    event_types: Vec<Row>,
    schemas: BTreeMap<String, Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: EventType,
    description: String,
    /// A name among `schemas`.
    schema: String,
    #[serde(default)]
    wire: Option<String>,
}

/// What is read of a schema: the rest is for whoever validates.
#[derive(Deserialize)]
struct Examples {
    #[serde(default)]
    examples: Vec<Box<RawValue>>,
}

fn parse(name: &'static str, text: &str) -> Result<Catalogue, serde_json::Error> {
    let Document { title, event_types, schemas } = serde_json::from_str(text)?;
    let entry = |Row { name, description, schema, wire }| {
        let schema = schemas
            .get(&schema)
            .ok_or_else(|| serde::de::Error::custom(format_args!("there is no schema {schema}")))?;
        let Examples { examples } = serde_json::from_str(schema.get())?;
        let example = examples.into_iter().next();
        Ok(CatalogueEntry { name, description, schema: schema.clone(), example, wire })
    };
    let event_types = event_types.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Catalogue { name, title, event_types })
}

#[cfg(test)]
mod tests;
