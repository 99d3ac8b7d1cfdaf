//! Event types from the catalogues that are built in, over the wire.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bed::{Bed, Caller, column, text};

async fn import(caller: &Caller, body: Value, status: u16) -> Value {
    caller.post("/event-type/import/catalogue", body, status).await
}

#[tokio::test]
async fn each_becomes_event_types() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let listed = platform.get("/catalogue", 200).await;
    assert_eq!(column(&listed, "name"), ["justt", "justwallet", "kloutit", "yoco"]);
    let mut all = BTreeSet::new();
    for catalogue in listed["data"].as_array().unwrap() {
        assert!(!text(&catalogue["title"]).is_empty());
        let types = catalogue["eventTypes"].as_array().unwrap();
        let names: BTreeSet<_> = types.iter().map(|one| text(&one["name"])).collect();
        assert!(!names.is_empty());
        let body = json!({"name": catalogue["name"], "dryRun": true});
        let planned = import(&platform, body, 200).await;
        assert_eq!(planned["data"]["modified"], json!([]));
        let planned = planned["data"]["to_modify"].as_array().unwrap();
        assert_eq!(planned.len(), names.len());

        let done = import(&platform, json!({"name": catalogue["name"]}), 200).await;
        assert_eq!(done, json!({"data": {"modified": names}}));
        for kind in types {
            let path = format!("/event-type/{}", text(&kind["name"]));
            let found = platform.get(&path, 200).await;
            assert_eq!(found["description"], kind["description"]);
            assert!(found["schemas"]["1"].is_object(), "{path}");
        }
        let again = import(&platform, json!({"name": catalogue["name"]}), 200).await;
        assert_eq!(again, json!({"data": {"modified": []}}));
        all.extend(names);
    }
    let found = platform.get("/event-type?limit=250", 200).await;
    assert_eq!(column(&found, "name").into_iter().collect::<BTreeSet<_>>(), all);
}

#[tokio::test]
async fn what_is_there_is_changed_and_what_no_catalogue_speaks_of_stays() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let listed = platform.get("/catalogue", 200).await;
    let kind = text(&listed["data"][1]["eventTypes"][0]["name"]);
    let body = json!({
        "name": kind, "description": "ours", "featureFlags": ["beta"], "groupName": "money",
        "deprecated": true, "schemas": {"1": {}, "2": {"type": "object"}},
    });
    platform.post("/event-type", body, 201).await;
    platform.post("/event-type", json!({"name": "own", "description": ""}), 201).await;
    platform.delete(&format!("/event-type/{kind}"), 204).await;
    for _ in 0..2 {
        import(&platform, json!({"name": "justwallet", "dryRun": null}), 200).await;
        let back = platform.get(&format!("/event-type/{kind}"), 200).await;
        assert_eq!(back["description"], listed["data"][1]["eventTypes"][0]["description"]);
        assert_eq!((&back["archived"], &back["deprecated"]), (&json!(false), &json!(true)));
        assert_eq!(
            (&back["featureFlags"], &back["groupName"]),
            (&json!(["beta"]), &json!("money"))
        );
        assert_ne!(back["schemas"]["1"], json!({}));
        assert_eq!(back["schemas"]["2"], json!({"type": "object"}));
        assert_eq!(platform.get("/event-type/own", 200).await["archived"], false);
    }
}

#[tokio::test]
async fn is_for_the_organisation_and_named_rightly() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let refused = import(&platform, json!({"name": "nonesuch"}), 422).await;
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "name"]));
    assert!(text(&refused["detail"][0]["msg"]).contains("justwallet"));
    import(&platform, json!({}), 422).await;
    let app = platform.application("shop").await;
    for (caller, status) in [(bed.merchant(&app, &[]), 403), (bed.caller(None), 401)] {
        caller.get("/catalogue", status).await;
        import(&caller, json!({"name": "yoco"}), status).await;
    }
    assert_eq!(platform.get("/event-type", 200).await["data"], json!([]));
}
