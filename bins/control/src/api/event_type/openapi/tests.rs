//! What is read of a document, and what is refused.

use proptest::prelude::*;

use super::*;

fn found(document: &Value) -> BTreeMap<EventType, Described> {
    read(document, "spec").unwrap_or_else(|problem| panic!("{document}: {problem:?}"))
}

/// The schema of the one webhook `a`, whose body's schema is `schema`.
fn schema(schema: &Value, components: &Value) -> Value {
    let content = json!({"application/json": {"schema": schema}});
    let document = json!({
        "webhooks": {"a": {"post": {"requestBody": {"content": content}}}},
        "components": {"schemas": components},
    });
    let found = found(&document);
    serde_json::from_str(found.values().next().unwrap().schema.as_ref().unwrap()).unwrap()
}

fn refused(document: &Value) -> String {
    let problem = read(document, "spec").expect_err(&document.to_string());
    assert_eq!(problem.status().as_u16(), 422);
    format!("{problem:?}")
}

#[test]
fn both_sections_are_read_and_the_first_wins() {
    let document = json!({
        "webhooks": {"pet.new": {"post": {
            "summary": "s", "description": "A pet came.", "deprecated": true,
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
        }}},
        "x-webhooks": {
            "pet.new": {"post": {"description": "older"}},
            "pet.gone": {"put": {"requestBody": {"$ref": "#/components/requestBodies/Gone"}}},
        },
        "components": {"requestBodies": {"Gone": {
            "description": "It went.",
            "content": {"application/cloudevents+json; v=1": {"example": {"id": 1}}},
        }}},
    });
    let found = found(&document);
    let names: Vec<_> = found.keys().map(EventType::as_str).collect();
    assert_eq!(names, ["pet.gone", "pet.new"]);
    let new = &found[&"pet.new".parse().unwrap()];
    assert_eq!((new.description.as_str(), new.deprecated), ("A pet came.", true));
    assert_eq!(new.schema.as_deref(), Some(r#"{"type":"object"}"#));
    let gone = &found[&"pet.gone".parse().unwrap()];
    assert_eq!((gone.description.as_str(), gone.deprecated), ("It went.", false));
    assert_eq!(gone.schema.as_deref(), Some(r#"{"examples":[{"id":1}]}"#));
}

#[test]
fn references_are_resolved_and_what_stands_beside_them_is_kept() {
    let components = json!({
        "Pet": {"type": "object", "required": ["id"], "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "owner": {"$ref": "#/components/schemas/Person", "description": "Whose it is."},
        }},
        "Id": {"type": "integer", "format": "int64"},
        "Person": {"type": "object", "description": "Somebody.", "properties": {
            // A property that is called as the keyword is, and an example that is no schema.
            "$ref": {"type": "string"}}, "examples": [{"$ref": "#/nowhere"}]},
    });
    let resolved = schema(&json!({"$ref": "#/components/schemas/Pet"}), &components);
    let expected = json!({"type": "object", "required": ["id"], "properties": {
        "id": {"type": "integer", "format": "int64"},
        "owner": {"type": "object", "description": "Whose it is.",
            "properties": {"$ref": {"type": "string"}}, "examples": [{"$ref": "#/nowhere"}]},
    }});
    assert_eq!(resolved, expected);
    let narrowed = json!({"$ref": "#/components/schemas/Id", "format": "int32"});
    let expected = json!({"format": "int32", "allOf": [{"type": "integer", "format": "int64"}]});
    assert_eq!(schema(&narrowed, &components), expected);
}

#[test]
fn what_contains_itself_is_kept_once() {
    let components = json!({
        "Node": {"type": "object", "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            "leaf": {"$ref": "#/components/schemas/Leaf"},
        }},
        "Leaf": {"properties": {"of": {"$ref": "#/components/schemas/Node"}}},
    });
    let node = json!({"type": "object", "properties": {
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
        "leaf": {"properties": {"of": {"$ref": "#/$defs/Node"}}},
    }});
    let mut expected = node.clone();
    expected["$defs"] = json!({"Node": node});
    assert_eq!(schema(&json!({"$ref": "#/components/schemas/Node"}), &components), expected);
    // A name that the schema has already is not taken.
    let own = json!({"$defs": {"Node": {"type": "null"}},
        "properties": {"tree": {"$ref": "#/components/schemas/Node"}}});
    let resolved = schema(&own, &components);
    assert_eq!(resolved["$defs"]["Node"], json!({"type": "null"}));
    let kept = &resolved["$defs"]["Node2"]["properties"]["children"]["items"];
    assert_eq!(kept, &json!({"$ref": "#/$defs/Node2"}));
}

#[test]
fn words_of_openapi_3_0_become_those_of_json_schema() {
    let older = json!({"type": "number", "nullable": true, "minimum": 0, "exclusiveMinimum": true,
        "exclusiveMaximum": false, "maximum": 9, "example": 7, "xml": {"name": "n"},
        "discriminator": {"propertyName": "kind", "mapping": {"a": "#/components/schemas/A"}}});
    let expected = json!({"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 9,
        "examples": [7], "discriminator": {"propertyName": "kind"}});
    assert_eq!(schema(&older, &json!({})), expected);
}

#[test]
fn what_is_not_understood_is_named() {
    let hook = |hook: Value| json!({"webhooks": {"a": hook}});
    let body = |media: Value| {
        hook(json!({"post": {"requestBody": {"content": {"application/json": media}}}}))
    };
    for (document, place) in [
        (json!({}), r#"["body", "spec"]"#),
        (json!([]), r#"["body", "spec"]"#),
        (json!({"webhooks": {"a b": {"post": {}}}}), r#"["body", "spec", "webhooks", "a b"]"#),
        (hook(json!({})), r#"["body", "spec", "webhooks", "a"]"#),
        (hook(json!({"$ref": "other.yaml#/a"})), r#""a", "$ref""#),
        (hook(json!({"$ref": "#/webhooks/a"})), r#""webhooks", "a""#),
        (hook(json!({"post": {"description": "\u{1}"}})), r#""post", "description""#),
        (body(json!({"schema": {"$ref": "#/components/schemas/No"}})), r#""schema", "$ref""#),
        (body(json!({"schema": {"type": "text"}})), r#""application/json", "schema", "type""#),
        (
            body(json!({"schema": {"properties": {"x": {"$ref": "http://x/"}}}})),
            r#""schema", "x", "$ref""#,
        ),
    ] {
        let told = refused(&document);
        assert!(told.contains(place), "{document}: {told}");
    }
    let many: Map<_, _> = (0..1_001).map(|n| (n.to_string(), json!({"post": {}}))).collect();
    refused(&json!({"webhooks": many}));
}

/// A document of a few hundred bytes whose schemas would unfold to 2^levels.
fn doubling(levels: usize) -> Value {
    let level = |n: usize| {
        let next = json!({"$ref": format!("#/components/schemas/L{}", n + 1)});
        (format!("L{n}"), json!({"properties": {"a": next.clone(), "b": next}}))
    };
    let mut components: Map<_, _> = (0..levels).map(level).collect();
    components.insert(format!("L{levels}"), json!({"type": "string"}));
    Value::Object(components)
}

#[test]
fn what_unfolds_without_end_is_bounded() {
    let first = json!({"$ref": "#/components/schemas/L0"});
    let small = schema(&first, &doubling(6));
    assert!(small.to_string().len() < 10_000);
    for levels in [18, 500] {
        let content = json!({"application/json": {"schema": first}});
        let hook = json!({"post": {"requestBody": {"content": content}}});
        let hooks: Map<_, _> = (0..900).map(|n| (format!("h{n}"), hook.clone())).collect();
        let document = json!({"webhooks": hooks, "components": {"schemas": doubling(levels)}});
        assert!(refused(&document).contains("too large"));
    }
}

#[test]
fn a_long_chain_is_kept_in_pieces() {
    let link = |n: usize| {
        let next = json!({"$ref": format!("#/components/schemas/L{}", n + 1)});
        (format!("L{n}"), json!({"properties": {"next": next}}))
    };
    let mut components: Map<_, _> = (0..200).map(link).collect();
    components.insert("L200".to_owned(), json!({"type": "string"}));
    let components = Value::Object(components);
    let resolved = schema(&json!({"$ref": "#/components/schemas/L0"}), &components);
    assert!(resolved["$defs"].as_object().unwrap().len() > 3);
    assert!(resolved.to_string().contains("string"));
}

/// Schemas that refer to a few names, of which some are not there.
fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!({"type": "string", "nullable": true})),
        "[A-E]".prop_map(|name| json!({"$ref": format!("#/components/schemas/{name}")})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::btree_map("[a-c]", inner.clone(), 0..3)
                .prop_map(|properties| json!({"properties": properties})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            inner.prop_map(|items| json!({"items": items, "description": "d"})),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_resolved_refers_to_nothing_outside(
        root in schemas(), components in prop::collection::btree_map("[A-D]", schemas(), 4),
    ) {
        let content = json!({"application/json": {"schema": root}});
        let document = json!({
            "webhooks": {"a": {"post": {"requestBody": {"content": content}}}},
            "components": {"schemas": components},
        });
        if let Ok(found) = read(&document, "spec") {
            let text = found.values().next().unwrap().schema.clone().unwrap();
            prop_assert!(!text.contains("#/components"), "{text}");
            let schema: Value = serde_json::from_str(&text).unwrap();
            for reference in text.split(r##""#/$defs/"##).skip(1) {
                let name = reference.split('"').next().unwrap();
                prop_assert!(schema["$defs"].get(name).is_some(), "{name} in {text}");
            }
        }
    }
}
