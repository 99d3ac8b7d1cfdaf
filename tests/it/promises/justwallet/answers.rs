//! What becomes of answers.

use std::{
    collections::HashSet,
    sync::Mutex,
    time::{Duration, Instant},
};

use bytes::Bytes;
use posthaste_profile::Preset;
use posthaste_testkit::{Answer, Received, Script};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PAYOUT, PROFILE, SECRET, merchant, settings, world};
use crate::promises::kloutit::{made_up, moment};

/// The first wait of the schedule, and what it may be lengthened to.
const WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_millis(5_500);
/// By how much the end of an attempt may differ from its start and what it took in milliseconds.
const ROUNDING: Duration = Duration::from_millis(10);
/// How late what happens in time may be noticed on a busy machine.
const LATE: Duration = Duration::from_secs(1);
/// How long the rest of an answer is waited for.
const BODY_WITHIN: Duration = Duration::from_secs(2);
/// The bound on an attempt.
const DEADLINE: Duration = Duration::from_secs(15);

const FAILED: [u16; 25] = [
    201, 202, 203, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 408,
    410, 422, 429, 500, 503, 599,
];
/// Statuses that are followed by others, which are the ones that count.
const FOLLOWED: [u16; 3] = [100, 102, 103];

/// Panics unless the attempt failed and the next one is due as the schedule has it.
fn assert_tried_again(attempt: &Value) {
    assert_eq!((&attempt["status"], &attempt["attemptNumber"]), (&json!(2), &json!(1)));
    let took = Duration::from_millis(attempt["responseDurationMs"].as_u64().unwrap());
    let next = moment(&attempt["nextAttempt"]);
    let wait = next.since(moment(&attempt["timestamp"])).saturating_sub(took);
    assert!(wait >= WAIT - ROUNDING && wait < LONGEST_WAIT + LATE, "{wait:?}: {attempt}");
}

fn assert_taken(attempt: &Value) {
    let told = (&attempt["status"], &attempt["responseStatusCode"], &attempt["nextAttempt"]);
    assert_eq!(told, (&json!(0), &json!(200), &Value::Null), "{attempt}");
}

/// An informational answer, and then a 200.
fn followed(status: u16) -> Answer {
    let first = format!("HTTP/1.1 {status} \r\nLink: </a.css>; rel=preload\r\n\r\n");
    Answer::Raw(Bytes::from(first + "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"))
}

#[tokio::test]
async fn w06_200_alone_is_a_success_and_all_else_is_tried_again() {
    let world = world().await;
    let elsewhere = world.receiver(Script::always(Answer::OK)).await;
    let to = elsewhere.url();
    let asked_before = Mutex::<HashSet<String>>::default();
    let by_path = move |request: &Received| match request.path[1..].parse().unwrap() {
        _ if !asked_before.lock().unwrap().insert(request.path.clone()) => Answer::OK,
        status if FOLLOWED.contains(&status) => followed(status),
        status => Answer::with_header(status, "Location", &to),
    };
    let receiver = world.receiver(Script::new(by_path)).await;
    let statuses = [&[200][..], &FOLLOWED, &FAILED].concat();
    let mut sent = Vec::new();
    for status in statuses {
        let url = format!("{}/{status}", receiver.url());
        let (merchant, _) = merchant(&world, &format!("shop-{status}"), &url).await;
        let message = merchant.publish_plain(PAYOUT).await;
        sent.push((status, merchant, message));
    }
    let all = sent.len() + FAILED.len();
    receiver.wait_for(all).await;
    for (status, merchant, message) in &sent {
        let is_failure = FAILED.contains(status);
        let attempts = merchant.attempts(message, 1 + usize::from(is_failure)).await;
        assert_eq!(attempts.len(), 1 + usize::from(is_failure), "{status}");
        if is_failure {
            assert_eq!(attempts[0]["responseStatusCode"], *status);
            let kind = if (300..400).contains(status) { "redirect" } else { "status" };
            assert_eq!(attempts[0]["failure"], kind, "{status}");
            assert_tried_again(&attempts[0]);
        }
        assert_taken(attempts.last().unwrap());
    }
    assert_eq!(receiver.count(), all);
    assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
}

#[tokio::test]
async fn w07_whatever_comes_with_a_200_it_is_a_success() {
    fn ok(headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(own).collect();
        Answer::StatusWith { status: 200, headers, body: body.into() }
    }
    let answers = [
        ok(&[("Content-Type", "text/html")], "<h1>502 Bad Gateway</h1>"),
        ok(&[("Content-Type", "application/json")], r#"{"error":"#),
        ok(&[("Content-Type", "image/png; q=\"")], vec![0xff; 4 << 20]),
        ok(&[("Content-Encoding", "gzip")], "not gzip at all"),
        ok(&[("Transfer-Encoding", "chunked")], "zzz\r\nno chunk\r\n"),
        ok(&[("Content-Length", "9"), ("Connection", "close")], "cut"),
        ok(&[("Retry-After", "86400"), ("Location", "https://127.0.0.1:9/")], ""),
        ok(&[("webhook-delivery", "disable"), ("Set-Cookie", "a=b")], ""),
        Answer::Endless,
    ];
    let count = answers.len();
    let by_path =
        move |request: &Received| answers[request.path[1..].parse::<usize>().unwrap()].clone();
    let world = world().await;
    let receiver = world.receiver(Script::new(by_path)).await;
    for path in 0..count {
        let url = format!("{}/{path}", receiver.url());
        let (merchant, endpoint) = merchant(&world, &format!("shop-{path}"), &url).await;
        let message = merchant.publish_plain(PAYOUT).await;
        assert_taken(&merchant.attempts(&message, 1).await[0]);
        let path = format!("/api/v1/app/{}/endpoint/{endpoint}", merchant.app);
        let found = world.client.call(Method::GET, &path, None).await.expect(200);
        assert_eq!(found["disabled"], false);
    }
    assert_eq!(receiver.count(), count);
    receiver.wait_idle().await;
}

#[tokio::test]
async fn w07_retry_after_makes_no_wait_longer_or_shorter() {
    let world = world().await;
    let asked = ["0", "1", "7", "3600", "Sun, 06 Nov 2094 08:49:37 GMT"];
    let by_path = move |request: &Received| {
        let (status, number) = request.path[1..].split_once('/').unwrap();
        let asked = asked[number.parse::<usize>().unwrap()];
        Answer::with_header(status.parse().unwrap(), "Retry-After", asked)
    };
    let receiver = world.receiver(Script::new(by_path)).await;
    let mut sent = Vec::new();
    for status in [429, 503] {
        for number in 0..asked.len() {
            let url = format!("{}/{status}/{number}", receiver.url());
            let name = format!("shop-{status}-{number}");
            let (merchant, _) = merchant(&world, &name, &url).await;
            let message = merchant.publish_plain(PAYOUT).await;
            sent.push((merchant, message));
        }
    }
    receiver.wait_for(2 * sent.len()).await;
    for (merchant, message) in &sent {
        let attempts = merchant.attempts(message, 2).await;
        assert_tried_again(&attempts[0]);
        let began = |attempt: &Value| moment(&attempt["timestamp"]);
        let gap = began(&attempts[1]).since(began(&attempts[0]));
        assert!(gap >= WAIT && gap < LONGEST_WAIT + LATE, "{gap:?}");
    }
}

#[tokio::test]
async fn w18_no_answer_in_time_is_a_failure_and_tried_again() {
    let profile = &Preset::named(&PROFILE.parse().unwrap()).unwrap().profile;
    assert_eq!(profile.total_timeout, DEADLINE);
    let world = world().await;
    let changes = json!({
        "timeouts": { "connect_ms": 300, "total_ms": 300 }, "retry": { "delays_s": [0, 0] },
    });
    let impatient = made_up(&world, PROFILE, "impatient", &changes).await;
    let second = Duration::from_secs(1);
    let slow = vec![Answer::Hang, Answer::DripHead { every: second }];
    let receiver = world.receiver(Script::sequence(slow, Answer::OK)).await;
    let merchant = world.merchant("acme", &impatient).await;
    merchant.endpoint_with(settings(&receiver.url(), SECRET)).await;
    let message = merchant.publish_plain(PAYOUT).await;
    let attempts = merchant.attempts(&message, 3).await;
    let told: Vec<_> = attempts.iter().map(|attempt| attempt["failure"].clone()).collect();
    assert_eq!(told, [json!("timeout"), json!("timeout"), Value::Null]);
    assert_eq!(receiver.count(), 3);
}

/// The rest of an answer may take its time, and is let go of after a moment.
#[tokio::test]
async fn w19_a_200_is_a_success_whenever_its_body_comes() {
    let world = world().await;
    let late = Answer::Drip { every: Duration::from_secs(20) };
    let dripping = Answer::Drip { every: Duration::from_secs(1) };
    let mut sent = Vec::new();
    for (name, answer) in [("late", late), ("dripping", dripping)] {
        let receiver = world.receiver(Script::always(answer)).await;
        let (merchant, _) = merchant(&world, name, &receiver.url()).await;
        let message = merchant.publish_plain(PAYOUT).await;
        let began = receiver.next().await.at;
        sent.push((receiver, merchant, message, began));
    }
    for (receiver, merchant, message, began) in &sent {
        receiver.wait_idle().await;
        let held = Instant::now() - *began;
        assert!(held < BODY_WITHIN + LATE, "{held:?}");
        let attempts = merchant.attempts(message, 1).await;
        assert_taken(&attempts[0]);
        assert_eq!(receiver.count(), 1);
    }
}
