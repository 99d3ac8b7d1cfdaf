//! What a client would notice.

use super::{
    document::{Document, Schema},
    expected::{Contract, Field, Kind, Model, Operation, Shape},
};

/// Who writes a value, and who reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The client writes and we read: we must take whatever it may send.
    In,
    /// We write and the client reads: it must understand whatever we may send.
    Out,
}

pub(super) struct Comparison<'a> {
    contract: &'a Contract,
    document: &'a Document,
    found: Vec<String>,
    /// The models that are being compared, so that one that holds itself ends.
    under_way: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) const fn new(contract: &'a Contract, document: &'a Document) -> Self {
        Self { contract, document, found: Vec::new(), under_way: Vec::new() }
    }

    pub(super) fn differences(mut self) -> Vec<String> {
        for operation in &self.contract.operations {
            self.operation(operation);
        }
        self.found
    }

    fn operation(&mut self, expected: &Operation) {
        let Operation { method, path, query, body, answers } = expected;
        let place = format!("{method} {path}");
        let Some(ours) = self.document.operation(method, path) else {
            return self.found.push(format!("{place}: no such operation"));
        };
        for (name, kind) in query {
            match self.document.parameter(ours, name) {
                // A parameter has no way to be null: it is absent.
                Some(schema) => {
                    let kind = Kind { is_nullable: false, ..kind.clone() };
                    self.value(&format!("{place} query"), name, &kind, schema, Way::In);
                }
                None => self.found.push(format!("{place}: no query parameter {name}")),
            }
        }
        if let Some(kind) = body {
            match self.document.content(&ours["requestBody"]) {
                Some(schema) => self.value(&format!("{place} body"), "", kind, schema, Way::In),
                None => self.found.push(format!("{place}: no body")),
            }
        }
        for (status, kind) in answers {
            let Some(answer) = ours["responses"].get(status) else {
                self.found.push(format!("{place}: no answer {status}"));
                continue;
            };
            let at = format!("{place} answer {status}");
            match (kind, self.document.content(answer)) {
                (Some(kind), Some(schema)) => self.value(&at, "", kind, schema, Way::Out),
                (Some(_), None) => self.found.push(format!("{at}: nothing in it")),
                (None, _) => {}
            }
        }
    }

    fn value(&mut self, place: &str, name: &str, kind: &Kind, ours: Schema<'_>, way: Way) {
        let mut differs = |how: String| {
            let field = if name.is_empty() { String::new() } else { format!(" {name}") };
            self.found.push(format!("{place}:{field} {how}"));
        };
        match way {
            Way::In if kind.is_nullable && !ours.is_nullable() && ours.plain().is_some() => {
                differs("may not be null".to_owned());
            }
            Way::Out if ours.is_nullable() && !kind.is_nullable => {
                differs("may be null".to_owned());
            }
            Way::In | Way::Out => {}
        }
        match &kind.shape {
            Shape::Any => {}
            Shape::Plain(plain) => {
                let fits = match (plain.as_str(), ours.plain()) {
                    (wanted, Some(found)) if wanted == found => true,
                    ("number", Some("integer")) => way == Way::Out,
                    ("integer", Some("number")) => way == Way::In,
                    (_, None) => way == Way::In || plain == "object",
                    _ => false,
                };
                if !fits {
                    let found = ours.plain().unwrap_or("anything");
                    differs(format!("is not taken as {plain} but is {found}"));
                }
            }
            Shape::List(item) => match ours.items() {
                Some(items) => self.value(place, &format!("{name}[]"), item, items, way),
                None => differs("is no list".to_owned()),
            },
            Shape::Map(value) => {
                if ours.plain() != Some("object") {
                    differs("is no map".to_owned());
                } else if let Some(values) = ours.map_values() {
                    self.value(place, &format!("{name}{{}}"), value, values, way);
                } else if way == Way::Out {
                    differs("is a map of anything".to_owned());
                }
            }
            Shape::Model(model) => self.model(place, name, model, ours, way),
        }
    }

    fn model(&mut self, place: &str, name: &str, model: &str, ours: Schema<'_>, way: Way) {
        if self.under_way.iter().any(|one| one == model) {
            return;
        }
        let expected = &self.contract.models[model];
        self.under_way.push(model.to_owned());
        match expected {
            Model::Alias(kind) => self.value(place, name, kind, ours, way),
            Model::Enum(values) => self.closed_set(place, name, values, ours, way),
            Model::Object(fields) => {
                let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
                for field in fields {
                    self.field(place, &prefix, field, ours, way);
                }
                if way == Way::In {
                    for required in ours.required() {
                        let sent = fields.iter().find(|field| field.name == required);
                        if !sent.is_some_and(|field| field.is_required) {
                            self.found.push(format!("{place}: {prefix}{required} is required"));
                        }
                    }
                }
            }
        }
        self.under_way.pop();
    }

    fn field(&mut self, place: &str, prefix: &str, field: &Field, ours: Schema<'_>, way: Way) {
        let name = format!("{prefix}{}", field.name);
        let Some(property) = ours.property(&field.name) else {
            return self.found.push(format!("{place}: no field {name}"));
        };
        if way == Way::Out && field.is_required && !ours.required().contains(&field.name.as_str()) {
            self.found.push(format!("{place}: {name} may be absent"));
        }
        // What may be absent may be null: clients read both as nothing.
        let is_nullable = field.kind.is_nullable || (way == Way::Out && !field.is_required);
        let kind = Kind { is_nullable, ..field.kind.clone() };
        self.value(place, &name, &kind, property, way);
    }

    fn closed_set(
        &mut self,
        place: &str,
        name: &str,
        expected: &[String],
        ours: Schema<'_>,
        way: Way,
    ) {
        let Some(ours) = ours.values() else {
            if way == Way::Out {
                self.found.push(format!("{place}: {name} is no closed set"));
            }
            return;
        };
        let (sent, known, whose) = match way {
            Way::In => (expected, ours.as_slice(), "refused"),
            Way::Out => (ours.as_slice(), expected, "unknown to clients"),
        };
        for value in sent.iter().filter(|value| !known.contains(value)) {
            self.found.push(format!("{place}: {name} {value} is {whose}"));
        }
    }
}
