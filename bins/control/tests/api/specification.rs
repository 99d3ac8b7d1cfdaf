//! The specification, as programs and people get it, and what is not in it.

use std::collections::BTreeSet;

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::bed::Bed;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document(bed: &Bed) -> Value {
    bed.caller(None).get("/openapi.json", 200).await
}

/// Every operation, with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let of = move |method: &&'static str| Some((*method, path.as_str(), item.get(*method)?));
        METHODS.iter().filter_map(of)
    })
}

fn words<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// What its summary, or its name, says already.
const SELF_EVIDENT: [&str; 9] = [
    "get /api/v1/app/{app_id}/msg/{msg_id}",
    "get /api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}",
    "get /api/v1/background-task/{task_id}",
    "get /api/v1/health",
    "get /api/v1/health/ping",
    "EndpointEventData.appUid",
    "EndpointEventData.endpointUid",
    "MessageAttemptEventData.appUid",
    "MessageAttemptEventData.msgEventId",
];

/// What may be null is described where it is not null; what has a name is described by it.
fn is_described(property: &Value) -> bool {
    let choices = property["oneOf"].as_array();
    property.get("$ref").is_some()
        || !words(property, "description").is_empty()
        || choices.into_iter().flatten().any(|one| !words(one, "description").is_empty())
}

#[tokio::test]
async fn everything_is_described() {
    let bed = Bed::start().await;
    let document = document(&bed).await;
    let mut unsaid = Vec::new();
    for (method, path, operation) in operations(&document) {
        let told = ["operationId", "summary", "description"];
        if told.iter().any(|field| words(operation, field).is_empty()) {
            unsaid.push(format!("{method} {path}"));
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if words(parameter, "description").is_empty() {
                unsaid.push(format!("{method} {path}: {}", parameter["name"]));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            if !is_described(property) {
                unsaid.push(format!("{name}.{field}"));
            }
        }
    }
    unsaid.retain(|name| !SELF_EVIDENT.contains(&name.as_str()));
    assert!(unsaid.is_empty(), "{unsaid:#?}");
}

#[tokio::test]
async fn references_lead_somewhere_and_operations_have_names_of_their_own() {
    let bed = Bed::start().await;
    let document = document(&bed).await;
    let text = document.to_string();
    let pointers = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
    let lost: BTreeSet<_> = pointers.filter(|at| document.pointer(at).is_none()).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    let mut names: Vec<_> =
        operations(&document).map(|(_, _, operation)| words(operation, "operationId")).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[tokio::test]
async fn every_post_may_have_a_key() {
    let bed = Bed::start().await;
    let document = document(&bed).await;
    for (method, path, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let keys = parameters.filter(|parameter| parameter["name"] == "idempotency-key").count();
        assert_eq!(keys, usize::from(method == "post"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_shows_every_operation_and_fetches_nothing() {
    let bed = Bed::start().await;
    let visitor = bed.caller(None);
    let open = |uri: &'static str| {
        let request = visitor.request(Method::GET, uri).body(Body::empty()).unwrap();
        visitor.exchange(request)
    };
    let (home, _) = open("/").await;
    assert_eq!(
        (home.status.as_u16(), &home.headers[header::LOCATION]),
        (307, &"/docs".parse().unwrap())
    );
    let (parts, page) = open("/docs/").await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert_eq!(parts.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = STANDARD.encode(Sha256::digest(style));
    let policy = parts.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains(&format!("style-src 'sha256-{digest}'")), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for forbidden in ["<script", " style=", "<img", "<link", "src=", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let document = document(&bed).await;
    for (_, path, operation) in operations(&document) {
        let id = words(operation, "operationId");
        assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
    for anchor in page.split("href=\"#").skip(1) {
        let id = anchor.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id} leads nowhere");
    }
}

#[tokio::test]
async fn what_is_not_served_says_so_to_those_with_a_token() {
    let bed = Bed::start().await;
    let (platform, stranger) = (bed.platform(), bed.caller(None));
    for (method, path) in [
        ("POST", "/auth/logout"),
        ("GET", "/stream"),
        ("PATCH", "/connector/c"),
        ("GET", "/app/shop/poller/sink"),
        ("GET", "/app/shop/endpoint/hook/transformation/"),
        ("DELETE", "/app/shop/integration/x"),
    ] {
        let method: Method = method.parse().unwrap();
        let refused = platform.send(method.clone(), path, Body::empty(), 501).await;
        assert_eq!(refused["code"], "not_implemented", "{path}");
        stranger.send(method, path, Body::empty(), 401).await;
    }
    let uri = "/ingest/api/v1/source";
    let request = platform.request(Method::GET, uri).body(Body::empty()).unwrap();
    assert_eq!(platform.exchange(request).await.0.status.as_u16(), 501);
    let document = document(&bed).await;
    for absent in ["/api/v1/auth/logout", "/api/v1/stream", "/ingest/api/v1/source"] {
        assert!(document["paths"].get(absent).is_none(), "{absent}");
    }
    // What no client can call is not there at all.
    platform.get("/stream/a/b/c/d", 404).await;
}
