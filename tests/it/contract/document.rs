//! Our specification, as the comparison asks about it.

use serde_json::Value;

/// An OpenAPI 3.1 document.
pub(super) struct Document(Value);

/// A schema of it, its references followed.
#[derive(Clone, Copy)]
pub(super) struct Schema<'a> {
    document: &'a Document,
    value: &'a Value,
    is_nullable: bool,
}

impl Document {
    pub(super) const fn new(value: Value) -> Self {
        Self(value)
    }

    pub(super) fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        self.0["paths"].get(path)?.get(method.to_lowercase())
    }

    pub(super) fn parameter<'a>(&'a self, operation: &'a Value, name: &str) -> Option<Schema<'a>> {
        let all = operation["parameters"].as_array()?;
        let found = all.iter().find(|one| one["name"] == name && one["in"] == "query")?;
        Some(self.schema(&found["schema"]))
    }

    /// The JSON of a body or of an answer.
    pub(super) fn content<'a>(&'a self, holder: &'a Value) -> Option<Schema<'a>> {
        let schema = holder.get("content")?.get("application/json")?.get("schema")?;
        Some(self.schema(schema))
    }

    /// Follows references, and takes `null` out of a choice.
    fn schema<'a>(&'a self, mut value: &'a Value) -> Schema<'a> {
        let mut is_nullable = false;
        loop {
            if let Some(path) = value.get("$ref").and_then(Value::as_str) {
                let pointer = path.trim_start_matches('#');
                value = self.0.pointer(pointer).unwrap_or_else(|| panic!("{path} leads nowhere"));
                continue;
            }
            let choice =
                value.get("oneOf").or_else(|| value.get("anyOf")).and_then(Value::as_array);
            if let Some(choice) = choice {
                is_nullable |= choice.iter().any(|one| one["type"] == "null");
                let mut rest = choice.iter().filter(|one| one["type"] != "null");
                if let (Some(only), None) = (rest.next(), rest.next()) {
                    value = only;
                    continue;
                }
            }
            if let Some([only]) = value.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
                value = only;
                continue;
            }
            let types = value.get("type").and_then(Value::as_array);
            is_nullable |= types.is_some_and(|types| types.iter().any(|one| one == "null"));
            return Schema { document: self, value, is_nullable };
        }
    }
}

impl<'a> Schema<'a> {
    pub(super) const fn is_nullable(self) -> bool {
        self.is_nullable
    }

    /// Its one type besides `null`; `None` where it is a choice or anything.
    pub(super) fn plain(self) -> Option<&'a str> {
        match &self.value["type"] {
            Value::String(one) => Some(one),
            Value::Array(all) => all.iter().filter_map(Value::as_str).find(|one| *one != "null"),
            _ => None,
        }
    }

    pub(super) fn values(self) -> Option<Vec<String>> {
        let all = self.value.get("enum")?.as_array()?;
        let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
        Some(all.iter().filter(|one| !one.is_null()).map(text).collect())
    }

    /// A property, whichever part of a composed object has it.
    pub(super) fn property(self, name: &str) -> Option<Schema<'a>> {
        let own = self.value["properties"].get(name).map(|found| self.document.schema(found));
        own.or_else(|| self.parts().find_map(|part| part.property(name)))
    }

    pub(super) fn required(self) -> Vec<&'a str> {
        let own = self.value["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        own.chain(self.parts().flat_map(Schema::required)).collect()
    }

    fn parts(self) -> impl Iterator<Item = Schema<'a>> {
        let all = self.value["allOf"].as_array().into_iter().flatten();
        all.map(move |part| self.document.schema(part))
    }

    pub(super) fn items(self) -> Option<Schema<'a>> {
        self.value.get("items").map(|items| self.document.schema(items))
    }

    /// The values of a map; `None` where they may be anything.
    pub(super) fn map_values(self) -> Option<Schema<'a>> {
        let values = self.value.get("additionalProperties").filter(|values| values.is_object());
        values.map(|values| self.document.schema(values))
    }
}
