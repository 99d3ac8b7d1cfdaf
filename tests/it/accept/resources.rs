//! What callers may invent of the resources that messages are sent to and by: applications,
//! endpoints and event types.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    hostile::{any_json, is_name, name, path_segment, percent_encoded},
    surface::Ask,
    theatre::Theatre,
};
use crate::bed;

fn ask(method: &str, target: String) -> Ask {
    Ask::new(method, target).token(&bed::token())
}

#[test]
fn names_make_resources_or_are_refused() {
    let theatre = Theatre::open();
    let metadata = prop::collection::btree_map("\\PC{0,40}", "\\PC{0,200}", 0..4);
    theatre.check((name(), "\\PC{1,60}", metadata), |(name, text, metadata)| {
        let in_path = percent_encoded(name.as_bytes());
        let app = json!({ "name": text, "uid": name, "metadata": metadata });
        let endpoint = json!({ "url": "https://example.com/", "uid": name, "metadata": metadata });
        let event_type = json!({ "description": text });
        let endpoints = format!("/api/v1/app/{}/endpoint", theatre.stage.app);
        for (resource, body) in [
            (format!("/api/v1/event-type/{in_path}"), event_type),
            (format!("{endpoints}/{in_path}"), endpoint),
            (format!("/api/v1/app/{in_path}"), app),
        ] {
            let put = theatre.ask_control(&ask("PUT", resource.clone()).json(&body))?;
            // For good: the same name may be drawn again, and an archived type would come back.
            let gone = format!("{resource}?expunge=true");
            let gone = theatre.ask_control(&ask("DELETE", gone))?;
            let expected = match &*name {
                // No name at all is the path of the list, which can be neither put nor deleted.
                "" => (405, 405),
                name if is_name(name) => (201, 204),
                _ => (422, 404),
            };
            prop_assert_eq!((put.status, gone.status), expected, "{} {:?}", resource, put);
        }
        Ok(())
    });
}

#[test]
fn paths_queries_and_bodies_are_answered_whatever_they_are() {
    let theatre = Theatre::open();
    let app = theatre.stage.app.to_string();
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "PATCH"]);
    let query = prop_oneof![
        "[!#-;=?-~]{0,60}",
        "(limit|iterator|order|get_if_exists)=[!$%\'-;=@-Z_a-z~-]{0,40}",
        "iterator=-?(app|ep|msg|evtype)_[0-9A-Za-z]{0,30}",
    ];
    let body = prop_oneof![
        any_json().prop_map(|json: Value| json.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
    ];
    theatre.check((method, path_segment(), query, body), |(method, id, query, body)| {
        for path in [
            "app".to_owned(),
            format!("app/{id}"),
            format!("app/{app}/endpoint"),
            format!("app/{app}/endpoint/{id}"),
            format!("app/{app}/endpoint/{id}/secret"),
            format!("app/{app}/endpoint/{id}/secret/rotate"),
            "event-type".to_owned(),
            format!("event-type/{id}"),
            id,
        ] {
            let target = format!("/api/v1/{path}?{query}");
            theatre.ask_control(&ask(method, target).body(body.clone()))?;
        }
        Ok(())
    });
}
