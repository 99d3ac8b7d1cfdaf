//! Messages: lists, single ones, and the removal of what they say.

use http::Method;
use posthaste_domain::Event;
use serde_json::json;

use crate::{
    bed::text,
    past::{Past, ids, walk},
};

const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

/// Six messages, a minute apart; the second half of type `b`, with labels.
async fn recorded() -> (Past, Vec<Event>) {
    let past = Past::begin().await;
    let events: Vec<_> = (0..6)
        .map(|n| {
            let mut event = past.event(n * 60, if n < 3 { "a" } else { "b.c" });
            if n >= 3 {
                event.channels = vec!["eu".parse().unwrap(), format!("c:{n}").parse().unwrap()];
                event.tags = vec![format!("batch/{}", n % 2).parse().unwrap()];
            }
            if n == 0 {
                event.event_id = Some("first".parse().unwrap());
                event.deliver_at = Some(past.at(30));
            }
            event
        })
        .collect();
    past.record(&events, &[]).await;
    (past, events)
}

fn newest(events: &[Event]) -> Vec<String> {
    events.iter().rev().map(|event| event.id.to_string()).collect()
}

#[tokio::test]
async fn messages_are_listed_newest_first_and_walked_both_ways() {
    let (past, events) = recorded().await;
    let platform = past.bed.platform();
    for limit in [1, 2, 4, 6] {
        assert_eq!(walk(&platform, "/app/shop/msg", limit).await, newest(&events));
    }
    let merchant = past.bed.merchant(past.app.as_str(), &[]);
    assert_eq!(ids(&merchant.get("/app/shop/msg/", 200).await), newest(&events));
    let empty = platform.get("/app/shop/msg?event_types=none", 200).await;
    assert_eq!(empty, json!({"data": [], "iterator": null, "done": true}));
}

#[tokio::test]
async fn lists_are_narrowed_by_what_messages_are() {
    let (past, events) = recorded().await;
    let platform = past.bed.platform();
    let (third, fourth) = (events[2].accepted_at, events[3].accepted_at);
    for (query, expected) in [
        ("event_types=a", newest(&events[..3])),
        ("event_types=b.c,none", newest(&events[3..])),
        ("event_types=a&event_types=b.c", newest(&events)),
        ("event_types[]=a&event_types[]=none", newest(&events[..3])),
        ("event_types[0]=none&event_types[1]=b.c", newest(&events[3..])),
        ("channel=eu", newest(&events[3..])),
        ("channel=c:4", newest(&events[4..5])),
        ("tag=batch/1", vec![events[5].id.to_string(), events[3].id.to_string()]),
        ("tag=batch/1&channel=c:5", newest(&events[5..])),
        (&format!("before={fourth}"), newest(&events[..3])),
        (&format!("after={fourth}"), newest(&events[3..])),
        (&format!("after={third}&before={fourth}"), newest(&events[2..3])),
        (&spaced(&format!("after={fourth}")), newest(&events[3..])),
    ] {
        let path = format!("/app/shop/msg?{query}");
        assert_eq!(walk(&platform, &path, 250).await, expected, "{query}");
    }
    // Those who look for what is new begin with the oldest and go on with what is newer.
    let after = format!("/app/shop/msg?limit=2&after={}", events[2].accepted_at);
    let page = platform.get(&after, 200).await;
    assert_eq!(ids(&page), newest(&events[2..4]));
    assert_eq!(page["done"], false);
    let page =
        platform.get(&format!("{after}&iterator={}", text(&page["prevIterator"])), 200).await;
    assert_eq!(ids(&page), newest(&events[4..]));
    assert_eq!(page["done"], true);
}

/// As Rust's own clocks are printed.
fn spaced(query: &str) -> String {
    query.replace('T', "%20").replace('Z', "%20UTC")
}

#[tokio::test]
async fn odd_queries_are_refused() {
    let (past, _) = recorded().await;
    let platform = past.bed.platform();
    for (query, status) in [
        ("limit=251", 422),
        ("limit=0", 422),
        ("limit=many", 400),
        ("iterator=ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", 422),
        ("channel=$", 422),
        ("tag=%20", 422),
        ("event_types=a,%20", 422),
        ("before=yesterday", 400),
        ("with_content=2", 400),
        ("unknown=1&with_content=true", 200),
    ] {
        platform.get(&format!("/app/shop/msg?{query}"), status).await;
    }
}

#[tokio::test]
async fn a_message_is_found_by_either_id() {
    let (past, events) = recorded().await;
    let platform = past.bed.platform();
    let first = platform.get("/app/shop/msg/first", 200).await;
    let expected = json!({
        "id": events[0].id, "eventId": "first", "eventType": "a", "payload": {"n": 1},
        "channels": null, "tags": null, "timestamp": events[0].accepted_at,
        "deliverAt": events[0].deliver_at,
    });
    assert_eq!(first, expected);
    assert_eq!(platform.get(&format!("/app/shop/msg/{}/", events[0].id), 200).await, expected);
    let bare = platform.get("/app/shop/msg/first?with_content=false", 200).await;
    assert_eq!(bare["payload"], json!({}));
    let list = platform.get("/app/shop/msg?with_content=false", 200).await;
    assert!(list["data"].as_array().unwrap().iter().all(|one| one["payload"] == json!({})));
    for absent in ["none", "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ"] {
        platform.get(&format!("/app/shop/msg/{absent}"), 404).await;
    }
}

#[tokio::test]
async fn what_is_expunged_is_shown_no_more() {
    let (past, events) = recorded().await;
    let (platform, merchant) = (past.bed.platform(), past.bed.merchant(past.app.as_str(), &[]));
    merchant.delete("/app/shop/msg/first/content", 403).await;
    platform.delete("/app/shop/msg/none/content", 404).await;
    platform.delete("/app/shop/msg/first/content", 204).await;
    platform.delete(&format!("/app/shop/msg/{}/content", events[0].id), 204).await;
    let gone = json!({"expired": true});
    assert_eq!(platform.get("/app/shop/msg/first", 200).await["payload"], gone);
    let list = platform.get("/app/shop/msg", 200).await;
    assert_eq!(list["data"][5]["payload"], gone);
    assert_eq!(list["data"][4]["payload"], json!({"n": 1}));
}

#[tokio::test]
async fn messages_are_nobody_elses() {
    let (past, events) = recorded().await;
    let neighbour = past.bed.platform().application("neighbour").await;
    let (stranger, other) = (past.bed.organisation(OTHER_ORG), past.bed.merchant(&neighbour, &[]));
    let id = &events[0].id;
    for path in ["/app/shop/msg".to_owned(), format!("/app/shop/msg/{id}")] {
        past.bed.caller(None).get(&path, 401).await;
        stranger.get(&path, 404).await;
        other.get(&path, 404).await;
    }
    let elsewhere = format!("/app/neighbour/msg/{id}");
    past.bed.platform().get(&elsewhere, 404).await;
    past.bed.platform().delete(&format!("{elsewhere}/content"), 404).await;
}

#[tokio::test]
async fn a_precheck_asks_the_endpoints() {
    let past = Past::begin().await;
    let platform = past.bed.platform();
    let ask = "/app/shop/msg/precheck/active";
    assert_eq!(platform.post(ask, json!({"eventType": "a"}), 200).await, json!({"active": true}));
    for uid in ["hook", "other"] {
        let path = format!("/app/shop/endpoint/{uid}");
        platform.patch(&path, json!({"channels": ["eu"]}), 200).await;
    }
    let none = json!({"eventType": "a", "channels": null});
    assert_eq!(platform.post(ask, none, 200).await["active"], false);
    let eu = json!({"eventType": "a", "channels": ["us", "eu"]});
    assert_eq!(platform.post(ask, eu, 200).await["active"], true);
    platform.post(ask, json!({"eventType": "a b", "channels": []}), 422).await;
    past.bed.merchant(past.app.as_str(), &[]).post(ask, json!({"eventType": "a"}), 403).await;
}

#[tokio::test]
async fn who_was_told_202_finds_it_or_is_told_to_ask_again() {
    let past = Past::begin().await;
    let platform = past.bed.platform();
    let event = past.event(0, "a");
    past.bed.bus.accept(&event, "{}".into()).await.unwrap();
    let path = format!("/app/shop/msg/{}", event.id);
    let behind = platform.answer(Method::GET, &path, "").await;
    assert_eq!(behind.status(), 503);
    assert!(behind.headers().contains_key("retry-after"));
    let list = platform.answer(Method::GET, "/app/shop/msg", "").await;
    assert_eq!(
        (list.status().as_u16(), &list.headers()["posthaste-history"]),
        (200, &"behind".parse().unwrap())
    );
    // It is recorded while somebody waits for it.
    let (found, ()) = tokio::join!(platform.get(&path, 200), past.catch_up(1));
    assert_eq!(found["id"], event.id.as_str());
    let list = platform.answer(Method::GET, "/app/shop/msg", "").await;
    assert!(!list.headers().contains_key("posthaste-history"));
    platform.get("/app/shop/msg/none", 404).await;
}
