//! Attempts: lists by endpoint and by message, single ones, and the removal of answers.

use posthaste_domain::{Attempt, AttemptNo, Event, Lane, Refusal, Trigger};
use serde_json::{Value, json};

use crate::past::{Past, ids, walk};

const OTHER_ORG: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

struct Tried {
    past: Past,
    events: Vec<Event>,
    /// Oldest first: at the first message of `hook` 500 and again, then 404 and given up; of
    /// `other` taken; at the second message of `hook` a timeout and again, then taken by hand.
    attempts: Vec<Attempt>,
}

async fn tried() -> Tried {
    let past = Past::begin().await;
    let mut first = past.event(0, "a");
    first.event_id = Some("first".parse().unwrap());
    let mut second = past.event(1, "b");
    second.channels = vec!["eu".parse().unwrap()];
    second.tags = vec!["batch/1".parse().unwrap()];
    let last = past.failed(&first, &past.hook, 20, Some(404), false);
    let by_hand = past.taken(&second, &past.hook, 50);
    let attempts = vec![
        past.failed(&first, &past.hook, 10, Some(500), true),
        Attempt { number: AttemptNo::FIRST.next(), lane: Some(Lane::Retry), ..last },
        past.taken(&first, &past.other, 30),
        past.failed(&second, &past.hook, 40, None, true),
        Attempt { trigger: Trigger::Manual, ..by_hand },
    ];
    let events = vec![first, second];
    past.record(&events, &attempts).await;
    Tried { past, events, attempts }
}

impl Tried {
    fn newest(&self, which: &[usize]) -> Vec<String> {
        which.iter().rev().map(|at| self.attempts[*at].id.to_string()).collect()
    }
}

#[tokio::test]
async fn attempts_at_an_endpoint_are_narrowed_and_walked() {
    let tried = tried().await;
    let platform = tried.past.bed.platform();
    let (second, third) = (tried.attempts[1].started_at, tried.attempts[3].started_at);
    for (query, expected) in [
        ("", &[0, 1, 3, 4][..]),
        ("status=0", &[4]),
        ("status=2", &[0, 1, 3]),
        ("status=1", &[]),
        ("status=3&expanded_statuses=true", &[]),
        ("status=4", &[]),
        ("status_code_class=0", &[3]),
        ("status_code_class=200", &[4]),
        ("status_code_class=400", &[1]),
        ("status_code_class=500", &[0]),
        ("status_code_class=300", &[]),
        ("channel=eu", &[3, 4]),
        ("tag=batch/1&status=0", &[4]),
        ("event_types=a", &[0, 1]),
        ("event_types[]=a&event_types[]=b&status=2", &[0, 1, 3]),
        (&format!("before={third}"), &[0, 1]),
        (&format!("after={second}"), &[1, 3, 4]),
        (&format!("after={second}&before={third}"), &[1]),
    ] {
        let path = format!("/app/shop/attempt/endpoint/hook?{query}");
        for limit in [1, 3] {
            // `after` alone begins with the oldest, so it is not walked forwards.
            if query.starts_with("after") && !query.contains("before") {
                assert_eq!(ids(&platform.get(&path, 200).await), tried.newest(expected), "{query}");
            } else {
                assert_eq!(walk(&platform, &path, limit).await, tried.newest(expected), "{query}");
            }
        }
    }
    for (query, status) in
        [("status=9", 400), ("status_code_class=250", 400), ("channel=$", 422), ("limit=999", 422)]
    {
        platform.get(&format!("/app/shop/attempt/endpoint/hook?{query}"), status).await;
    }
}

#[tokio::test]
async fn attempts_at_a_message_are_narrowed_under_every_path() {
    let tried = tried().await;
    let platform = tried.past.bed.platform();
    let old = "/app/shop/msg/first/attempt";
    for (path, expected) in [
        ("/app/shop/attempt/msg/first".to_owned(), &[0, 1, 2][..]),
        (format!("/app/shop/attempt/msg/{}", tried.events[1].id), &[3, 4]),
        ("/app/shop/attempt/msg/first?endpoint_id=hook".to_owned(), &[0, 1]),
        (format!("/app/shop/attempt/msg/first?endpoint_id={}", tried.past.other), &[2]),
        ("/app/shop/attempt/msg/first?status=2&status_code_class=400".to_owned(), &[1]),
        ("/app/shop/attempt/msg/first?channel=eu".to_owned(), &[]),
        (old.to_owned(), &[0, 1, 2]),
        (format!("{old}?endpoint_id=other"), &[2]),
        (format!("{old}?channel=eu"), &[]),
        (format!("{old}?event_types=a,b&status=0"), &[2]),
        ("/app/shop/msg/first/endpoint/hook/attempt".to_owned(), &[0, 1]),
        ("/app/shop/msg/first/endpoint/hook/attempt?channel=eu".to_owned(), &[]),
        ("/app/shop/msg/first/endpoint/other/attempt?event_types=a".to_owned(), &[2]),
    ] {
        assert_eq!(walk(&platform, &path, 2).await, tried.newest(expected), "{path}");
    }
    for absent in [
        "/app/shop/attempt/msg/none",
        "/app/shop/attempt/msg/first?endpoint_id=none",
        "/app/shop/attempt/endpoint/none",
        "/app/shop/msg/none/attempt",
        "/app/shop/msg/first/endpoint/none/attempt",
    ] {
        platform.get(absent, 404).await;
    }
}

#[tokio::test]
async fn an_attempt_says_what_came_of_it() {
    let tried = tried().await;
    let platform = tried.past.bed.platform();
    let get = async |at: usize| {
        let attempt = &tried.attempts[at];
        let path = format!("/app/shop/msg/{}/attempt/{}", attempt.message, attempt.id);
        platform.get(&path, 200).await
    };
    let failed = &tried.attempts[1];
    let expected = json!({
        "id": failed.id, "msgId": failed.message, "endpointId": failed.endpoint,
        "url": "http://hook.example/", "response": "no", "responseStatusCode": 404,
        "responseDurationMs": 12, "status": 2, "statusText": "fail", "triggerType": 0,
        "timestamp": failed.started_at, "nextAttempt": null, "attemptNumber": 2, "lane": "retry",
        "failure": "status",
        "failureReason": "The endpoint answered with a status that is not a success.",
    });
    assert_eq!(get(1).await, expected);
    let silent = get(3).await;
    assert_eq!((&silent["responseStatusCode"], &silent["status"]), (&json!(0), &json!(2)));
    assert_eq!(silent["response"], silent["failureReason"]);
    assert_eq!(silent["nextAttempt"], json!(tried.attempts[3].next_attempt));
    let by_hand = get(4).await;
    assert_eq!((&by_hand["triggerType"], &by_hand["statusText"]), (&json!(1), &json!("success")));
    assert_eq!(by_hand["failure"], Value::Null);
    let id = &tried.attempts[0].id;
    let other = &tried.events[1].id;
    for path in [format!("first/attempt/{}", tried.events[0].id), format!("{other}/attempt/{id}")] {
        platform.get(&format!("/app/shop/msg/{path}"), 404).await;
    }
}

#[tokio::test]
async fn what_was_never_sent_says_why() {
    let past = Past::begin().await;
    let event = past.event(0, "a");
    let attempt = Attempt {
        status: None,
        failure: None,
        refusal: Some(Refusal::BlockedAddress),
        response: String::new(),
        ..past.taken(&event, &past.hook, 1)
    };
    past.record(&[event], &[attempt]).await;
    let list = past.bed.platform().get("/app/shop/attempt/endpoint/hook?status=2", 200).await;
    assert_eq!(list["data"][0]["failure"], "blocked_address");
    assert_eq!(list["data"][0]["responseStatusCode"], 0);
}

#[tokio::test]
async fn contents_and_messages_are_shown_where_asked_for() {
    let tried = tried().await;
    let platform = tried.past.bed.platform();
    let path = "/app/shop/attempt/endpoint/hook?with_content=false&with_msg=true";
    let list = platform.get(path, 200).await;
    for shown in list["data"].as_array().unwrap() {
        assert_eq!(shown["response"], "{}");
        assert_eq!((&shown["msg"]["id"], &shown["msg"]["payload"]), (&shown["msgId"], &json!({})));
    }
    assert_eq!(list["data"][0]["msg"]["tags"], json!(["batch/1"]));
    let list = platform.get("/app/shop/attempt/endpoint/hook", 200).await;
    assert!(list["data"].as_array().unwrap().iter().all(|shown| shown.get("msg").is_none()));
    assert_eq!(list["data"][0]["response"], "thanks");
}

#[tokio::test]
async fn an_expunged_answer_is_shown_no_more() {
    let tried = tried().await;
    let platform = tried.past.bed.platform();
    let path = format!("/app/shop/msg/first/attempt/{}", tried.attempts[0].id);
    let content = format!("{path}/content");
    tried.past.bed.merchant(tried.past.app.as_str(), &[]).delete(&content, 403).await;
    platform.delete(&content, 204).await;
    platform.delete(&content, 204).await;
    assert_eq!(platform.get(&path, 200).await["response"], "EXPUNGED");
    let list = platform.get("/app/shop/attempt/msg/first", 200).await;
    let responses: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|shown| shown["response"].clone()).collect();
    assert_eq!(responses, ["thanks", "no", "EXPUNGED"]);
    let unknown = "/app/shop/msg/first/attempt/atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ/content";
    platform.delete(unknown, 404).await;
}

#[tokio::test]
async fn attempts_are_nobody_elses() {
    let tried = tried().await;
    let bed = &tried.past.bed;
    let neighbour = bed.platform().application("neighbour").await;
    let (stranger, other) = (bed.organisation(OTHER_ORG), bed.merchant(&neighbour, &[]));
    let own = bed.merchant(tried.past.app.as_str(), &[]);
    let id = &tried.attempts[0].id;
    for path in [
        "/app/shop/attempt/endpoint/hook".to_owned(),
        "/app/shop/attempt/msg/first".to_owned(),
        "/app/shop/msg/first/attempt".to_owned(),
        "/app/shop/msg/first/endpoint/hook/attempt".to_owned(),
        format!("/app/shop/msg/first/attempt/{id}"),
    ] {
        own.get(&path, 200).await;
        bed.caller(None).get(&path, 401).await;
        stranger.get(&path, 404).await;
        other.get(&path, 404).await;
    }
}
