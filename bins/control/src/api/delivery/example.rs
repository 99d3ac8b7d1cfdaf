//! Examples of event types, as their schemas give them. Pure.

use posthaste_api::{Problem, field::Faults, schema};
use posthaste_domain::{EventType, EventTypeDefinition};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The event type that anybody may send as an example, without declaring it; its name is that of
/// the Svix API, for the sake of its clients.
const PING: &str = "svix.ping";
const PING_PAYLOAD: &str = r#"{"success":true}"#;

/// The schema that is looked at where there is none of the endpoint's own version.
const FIRST_VERSION: &str = "1";

/// What is to be sent as an example.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EventExampleIn)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExampleIn {
    /// The event type, or `svix.ping`.
    #[schema(value_type = schema::EventTypeName)]
    event_type: String,
    /// Which of the examples in its schema.
    #[schema(value_type = Option<u32>, nullable = false, default = 0)]
    example_index: Option<u32>,
}

#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow, default)]
    examples: Option<&'a RawValue>,
}

impl ExampleIn {
    pub(super) fn validate(self) -> Result<(EventType, usize), Problem> {
        let mut faults = Faults::default();
        let event_type = faults.take("eventType", self.event_type.parse());
        let index = self.example_index.unwrap_or(0);
        faults.finish(|| Some((event_type?, usize::try_from(index).unwrap_or(usize::MAX))))
    }
}

/// The payload of the example of an event type that needs no declaration.
pub(super) fn undeclared(event_type: &EventType) -> Option<String> {
    (event_type.as_str() == PING).then(|| PING_PAYLOAD.to_owned())
}

/// The payload of the example `index` in the schema of this version, byte for byte.
///
/// # Errors
/// 400 where there is none, or one that is no JSON object.
pub(super) fn declared(
    definition: &EventTypeDefinition,
    version: u16,
    index: usize,
) -> Result<String, Problem> {
    let missing = || {
        let detail = "Unable to generate example message from event-type schema";
        Problem::bad_request("invalid_scheme", detail)
    };
    let schemas = definition.schemas.as_ref().ok_or_else(missing)?;
    let own = schemas.get(&version.to_string());
    let schema = own.or_else(|| schemas.get(FIRST_VERSION)).ok_or_else(missing)?;
    let schema: Schema<'_> = serde_json::from_str(schema).map_err(|_| missing())?;
    let examples = schema.examples.ok_or_else(missing)?.get();
    let example = match serde_json::from_str::<Vec<&RawValue>>(examples) {
        Ok(list) => list.get(index).ok_or_else(missing)?.get(),
        // The index means something in a list alone.
        Err(_) => examples,
    };
    if example.starts_with('{') { Ok(example.to_owned()) } else { Err(missing()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example(schemas: serde_json::Value, version: u16, index: usize) -> Option<String> {
        let definition = json!({
            "name": "a", "org": "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "description": "",
            "schemas": schemas, "created_at": "2026-11-22T10:00:00Z",
            "updated_at": "2026-11-22T10:00:00Z",
        });
        let definition = serde_json::from_value(definition).unwrap();
        declared(&definition, version, index).ok()
    }

    #[test]
    fn an_example_is_taken_as_it_was_written() {
        let schemas = json!({
            "1": r#"{"examples": [{"n": 1.10}, {"n":2}, 3]}"#,
            "2": r#"{"examples": {"single": true}}"#,
            "3": r#"{"type": "object"}"#,
            "4": "true",
        });
        let of = |version, index| example(schemas.clone(), version, index);
        assert_eq!(of(1, 0).as_deref(), Some(r#"{"n": 1.10}"#));
        assert_eq!(of(1, 1).as_deref(), Some(r#"{"n":2}"#));
        assert_eq!(of(2, 7).as_deref(), Some(r#"{"single": true}"#));
        assert_eq!(of(9, 1), of(1, 1), "a version without a schema has the first one's");
        for (version, index) in [(1, 2), (1, 3), (3, 0), (4, 0)] {
            assert_eq!(of(version, index), None, "{version} {index}");
        }
        assert_eq!(example(json!(null), 1, 0), None);
    }
}
