//! Each schema takes what is documented and finds what is wrong, and the files agree with each other.

use std::collections::BTreeSet;

use jsonschema::{Draft, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// By name: the documented messages, and the preset, which lists the event types too.
const OTHER_FILES: [(&str, &str, &str); 4] = [
    ("justt", include_str!("../../samples/justt.json"), include_str!("../../presets/justt.json")),
    (
        "justwallet",
        include_str!("../../samples/justwallet.json"),
        include_str!("../../presets/justwallet.json"),
    ),
    (
        "kloutit",
        include_str!("../../samples/kloutit.json"),
        include_str!("../../presets/kloutit.json"),
    ),
    ("yoco", include_str!("../../samples/yoco.json"), include_str!("../../presets/yoco.json")),
];

fn value<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn entry(catalogue: &str, name: &str) -> &'static CatalogueEntry {
    Catalogue::builtin(catalogue).unwrap().get(&name.parse().unwrap()).unwrap()
}

/// With formats asserted, which is the stricter of the two ways to read a schema.
fn validator(entry: &CatalogueEntry) -> Validator {
    let schema: Value = value(entry.schema.get());
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.should_validate_formats(true).build(&schema).unwrap()
}

fn entries() -> impl Iterator<Item = &'static CatalogueEntry> {
    Catalogue::all().iter().flat_map(|catalogue| &catalogue.event_types)
}

#[test]
fn a_catalogue_is_found_by_its_name_and_names_each_event_type_once() {
    let names: Vec<_> = Catalogue::all().iter().map(|catalogue| catalogue.name).collect();
    assert_eq!(names, ["justt", "justwallet", "kloutit", "yoco"]);
    for catalogue in Catalogue::all() {
        assert_eq!(Catalogue::builtin(catalogue.name).unwrap().title, catalogue.title);
        let names: BTreeSet<_> = catalogue.event_types.iter().map(|entry| &entry.name).collect();
        assert_eq!(names.len(), catalogue.event_types.len());
        for entry in &catalogue.event_types {
            assert_eq!(catalogue.get(&entry.name).unwrap().description, entry.description);
            assert!(!entry.description.is_empty());
        }
    }
    assert!(Catalogue::builtin("Justt").is_none());
}

#[test]
fn the_event_types_and_their_names_on_the_wire_are_those_of_the_preset() {
    for (name, _, preset) in OTHER_FILES {
        let preset = &value::<Value>(preset)["event_type"];
        let catalogue = Catalogue::builtin(name).unwrap();
        let names: Vec<_> = catalogue.event_types.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(json!(names), preset["catalog"], "{name}");
        let wire = catalogue.event_types.iter();
        let wire = wire.filter_map(|entry| Some((entry.name.as_str(), entry.wire.as_deref()?)));
        assert_eq!(json!(wire.collect::<BTreeMap<_, _>>()), preset["wire"], "{name}");
    }
}

#[test]
fn every_example_fits_the_schema_that_it_is_in() {
    let mut examples = 0;
    for entry in entries() {
        let schema: Value = value(entry.schema.get());
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", entry.name);
        assert_eq!(schema["type"], "object", "{}", entry.name);
        let all = schema["examples"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(all.first(), entry.example.as_ref().map(|one| value(one.get())).as_ref());
        for example in all {
            validator(entry).validate(example).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
            examples += 1;
        }
    }
    assert_eq!(examples, 12);
}

#[test]
fn every_documented_message_fits_and_is_the_example() {
    let mut messages = 0;
    for (name, samples, _) in OTHER_FILES {
        for sample in value::<Vec<Value>>(samples) {
            let entry = entry(name, sample["event_type"].as_str().unwrap());
            let example: Value = value(entry.example.as_ref().unwrap().get());
            assert_eq!(sample["payload"], example, "{}", entry.name);
            messages += 1;
        }
    }
    assert_eq!(messages, 11);
}

/// Every field that a schema names, made another type, and every field that it requires, left out.
#[test]
fn a_field_of_another_type_and_a_field_left_out_are_faults() {
    let mut tried = 0;
    for entry in entries().filter(|entry| entry.example.is_some()) {
        let schema: Value = value(entry.schema.get());
        let example: Value = value(entry.example.as_ref().unwrap().get());
        let validator = validator(entry);
        for field in schema["properties"].as_object().unwrap().keys() {
            let mut faulty = example.clone();
            faulty[field] = json!([["of no field"]]);
            assert!(!validator.is_valid(&faulty), "{}: {field} may be anything", entry.name);
            let required = schema["required"].as_array().unwrap().contains(&json!(field));
            faulty.as_object_mut().unwrap().remove(field);
            assert_eq!(validator.is_valid(&faulty), !required, "{}: {field}", entry.name);
            tried += 1;
        }
        let mut grown = example.clone();
        grown["a field of next year"] = Value::Null;
        assert!(validator.is_valid(&grown), "{}", entry.name);
    }
    assert!(tried > 80, "{tried} fields");
}

#[test]
fn faults_that_producers_make_are_found() {
    for (catalogue, name, pointer, fault) in [
        ("justt", "chargeback.created", "/id", json!("CB_2024_001234")),
        // A number cannot hold an ARN.
        ("justt", "chargeback.created", "/arn", json!(7.453_760_422_123_457e22)),
        ("justt", "chargeback.created", "/amount", json!("299.99")),
        ("justt", "chargeback.created", "/reason", Value::Null),
        ("justt", "chargeback.updated", "/pspStatus", json!("success")),
        ("justt", "chargeback.updated", "/enrichmentRatio", json!(73)),
        ("justt", "chargeback.updated", "/dueDate", json!("2024-06-24")),
        ("justwallet", "payout", "/amount", json!(20.15)),
        ("justwallet", "payout", "/amount", json!("20,15")),
        ("justwallet", "payout", "/charge", json!("0.15 USD")),
        ("justwallet", "payout", "/status", json!("success")),
        ("justwallet", "collection", "/status", json!("completed")),
        ("justwallet", "quote_creation.success", "/quote/USD/total", json!("1617")),
        ("justwallet", "quote_creation.success", "/errors", json!({})),
        ("justwallet", "quote_creation.failed", "/errors", json!("of no row")),
        ("justwallet", "quote_funding.success", "/funded", json!(false)),
        ("justwallet", "quote_funding.failed", "/errors", Value::Null),
        ("yoco", "payment.succeeded", "/amount", json!(9.5)),
        ("yoco", "payment.succeeded", "/mode", json!("sandbox")),
        ("yoco", "payment.succeeded", "/metadata", json!({})),
        ("yoco", "refund.failed", "/status", json!("succeeded")),
        ("yoco", "refund.succeeded", "/paymentId", json!("ch_9LVKD8GnAj7f39DFbn4F16bE")),
        ("kloutit", "CASE_CREATED", "/last4Digits", json!(1234)),
        ("kloutit", "CASE_CREATED", "/disputeAmount/value", json!("100")),
        ("kloutit", "CASE_CREATED", "/is3DSPurchase", json!("true")),
    ] {
        let entry = entry(catalogue, name);
        let mut payload: Value = value(entry.example.as_ref().unwrap().get());
        *payload.pointer_mut(pointer).unwrap() = fault;
        assert!(!validator(entry).is_valid(&payload), "{name} with {payload}");
    }
    for name in ["CASE_DEFENSE_GENERATED", "CASE_WON"] {
        assert!(validator(entry("kloutit", name)).is_valid(&json!({"anything": 1})));
        assert!(!validator(entry("kloutit", name)).is_valid(&json!("anything")));
    }
}

#[test]
fn a_schema_that_is_not_there_is_an_error() {
    let text = r#"{"title": "", "event_types": [{"name": "a", "description": "", "schema": "A"}],
                   "schemas": {}}"#;
    let error = parse("a", text).unwrap_err();
    assert_eq!(error.to_string(), "there is no schema A");
}
