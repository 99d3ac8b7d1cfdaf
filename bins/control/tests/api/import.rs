//! Event types from OpenAPI documents, over the wire.

use serde_json::{Value, json};

use crate::bed::{Bed, Caller, column};

const YAML: &str = r##"
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
webhooks:
  pet.new:
    post:
      description: A pet came.
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Pet"}
            example: {id: 7, name: Rex}
      responses:
        200: {description: Taken}
x-webhooks:
  pet.gone:
    post: {summary: A pet went., deprecated: true}
components:
  schemas:
    Pet:
      type: object
      required: [id]
      properties:
        id: {type: integer}
        mother: {$ref: "#/components/schemas/Pet"}
"##;

async fn import(caller: &Caller, body: Value, status: u16) -> Value {
    caller.post("/event-type/import/openapi", body, status).await
}

fn spec(names: &[&str]) -> Value {
    let hook = json!({"post": {"description": "said by the document"}});
    let hooks: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), hook.clone())).collect();
    json!({"openapi": "3.1.0", "webhooks": hooks})
}

#[tokio::test]
async fn webhooks_become_event_types() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let planned = import(&platform, json!({"specRaw": YAML, "dryRun": true}), 200).await;
    let planned = &planned["data"];
    assert_eq!(planned["modified"], json!([]));
    assert_eq!(planned["to_modify"][0]["name"], "pet.gone");
    assert_eq!(planned["to_modify"][1]["schemas"]["1"]["required"], json!(["id"]));
    platform.get("/event-type/pet.new", 404).await;

    let done = import(&platform, json!({"specRaw": YAML, "spec": null}), 200).await;
    assert_eq!(done, json!({"data": {"modified": ["pet.gone", "pet.new"]}}));
    let new = platform.get("/event-type/pet.new", 200).await;
    assert_eq!((&new["description"], &new["deprecated"]), (&json!("A pet came."), &json!(false)));
    let schema = &new["schemas"]["1"];
    assert_eq!(schema["properties"]["mother"], json!({"$ref": "#/$defs/Pet"}));
    assert_eq!(schema["$defs"]["Pet"]["required"], json!(["id"]));
    assert_eq!(schema["examples"], json!([{"id": 7, "name": "Rex"}]));
    let gone = platform.get("/event-type/pet.gone", 200).await;
    assert_eq!((&gone["description"], &gone["deprecated"]), (&json!("A pet went."), &json!(true)));
    assert_eq!(gone["schemas"], Value::Null);
    // The same again changes nothing.
    let again = import(&platform, json!({"specRaw": YAML}), 200).await;
    assert_eq!(again, json!({"data": {"modified": []}}));
    assert_eq!(platform.get("/event-type/pet.new", 200).await, new);
}

#[tokio::test]
async fn what_is_there_is_changed_comes_back_or_is_archived() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for name in ["a", "b", "c"] {
        let body = json!({"name": name, "description": "", "featureFlags": ["beta"]});
        platform.post("/event-type", body, 201).await;
    }
    platform.delete("/event-type/a", 204).await;
    import(&platform, json!({"spec": spec(&["a"])}), 200).await;
    let back = platform.get("/event-type/a", 200).await;
    assert_eq!((&back["archived"], &back["featureFlags"]), (&json!(false), &json!(["beta"])));
    assert_eq!(back["description"], "said by the document");

    let body = json!({"spec": spec(&["b", "d"]), "replaceAll": true, "dryRun": true});
    let planned = import(&platform, body, 200).await;
    assert_eq!(planned["data"]["to_archive"], json!(["a", "c"]));
    assert_eq!(column(&platform.get("/event-type", 200).await, "name"), ["a", "b", "c"]);
    let body = json!({"spec": spec(&["b", "d"]), "replaceAll": true});
    let done = import(&platform, body, 200).await;
    assert_eq!(done["data"]["modified"], json!(["a", "b", "c", "d"]));
    assert_eq!(column(&platform.get("/event-type", 200).await, "name"), ["b", "d"]);
    assert_eq!(platform.get("/event-type/c", 200).await["archived"], true);
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    for body in [json!({}), json!({"spec": spec(&["a"]), "specRaw": YAML}), json!({"spec": null})] {
        import(&platform, body, 400).await;
    }
    let bomb = "a: &a [x, x, x, x, x, x, x, x]\n".to_owned()
        + &(1..9)
            .map(|n| {
                let (of, before) = (["b", "c", "d", "e", "f", "g", "h", "i"][n - 1], n - 1);
                let before = ["a", "b", "c", "d", "e", "f", "g", "h"][before];
                format!("{of}: &{of} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n")
            })
            .collect::<String>()
        + "webhooks: {a: {post: {}}}\n";
    for text in ["", "webhooks: [", "a: 1", "just text", "webhooks: {'a b': {post: {}}}", &bomb] {
        let refused = import(&platform, json!({"specRaw": text}), 422).await;
        assert_eq!(refused["detail"][0]["loc"][1], "specRaw", "{text}");
    }
    assert_eq!(platform.get("/event-type", 200).await["data"], json!([]));
    bed.merchant(&platform.application("shop").await, &[])
        .post("/event-type/import/openapi", json!({"spec": spec(&["a"])}), 403)
        .await;
    import(&bed.caller(None), json!({"spec": spec(&["a"])}), 401).await;
}

#[tokio::test]
async fn a_large_document_is_read_and_its_event_types_are_written_at_once() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let names: Vec<String> = (0..300).map(|n| format!("event.{n:03}")).collect();
    let mut document = spec(&names.iter().map(String::as_str).collect::<Vec<_>>());
    document["info"] = json!({"description": "x".repeat(1 << 20)});
    let done = import(&platform, json!({"spec": document}), 200).await;
    assert_eq!(done["data"]["modified"], json!(names));
    let large = json!({"specRaw": "x".repeat(5 << 20)});
    import(&platform, large, 413).await;
}
