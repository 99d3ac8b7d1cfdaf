//! What becomes of answers, early, late and odd.

use std::time::{Duration, Instant};

use bytes::Bytes;
use posthaste_testkit::{Answer, Received, Script};
use serde_json::{Value, json};

use super::{CREATED, PROFILE};
use crate::promises::bed::World;

/// How late what happens in time may be noticed on a busy machine.
const LATE: Duration = Duration::from_secs(1);

/// The attempt at the endpoint whose URL ends like this.
fn at<'a>(attempts: &'a [Value], path: &str) -> &'a Value {
    let of = |attempt: &&Value| attempt["url"].as_str().unwrap().ends_with(path);
    attempts.iter().find(of).unwrap_or_else(|| panic!("{path}: {attempts:?}"))
}

#[tokio::test]
async fn j06_an_answer_may_take_fifteen_seconds() {
    let deadline = Duration::from_secs(15);
    let world = World::start().await;
    let merchant = world.merchant("acme", PROFILE).await;
    let (second, almost) = (Duration::from_secs(1), Duration::from_secs(14));
    let patient = world.receiver(Script::always(Answer::OK.after(almost))).await;
    let silent = world.receiver(Script::always(Answer::Hang)).await;
    let dripping = world.receiver(Script::always(Answer::DripHead { every: second })).await;
    let url = |base: String, path| format!("{base}/{path}");
    merchant.endpoint(&url(patient.url(), "patient")).await;
    merchant.endpoint(&url(silent.url(), "silent")).await;
    merchant.endpoint(&url(dripping.url(), "dripping")).await;
    let message = merchant.publish_plain(CREATED).await;
    for receiver in [&silent, &dripping] {
        let begun = receiver.next().await.at;
        receiver.wait_idle().await;
        let held = Instant::now() - begun;
        // It is counted from before the connection is made.
        assert!(held > deadline - LATE && held < deadline + LATE, "{held:?}");
    }
    let attempts = merchant.attempts(&message, 3).await;
    assert_eq!(at(&attempts, "/patient")["status"], 0);
    for path in ["/silent", "/dripping"] {
        let attempt = at(&attempts, path);
        assert_eq!(
            (&attempt["failure"], &attempt["attemptNumber"]),
            (&json!("timeout"), &json!(1))
        );
        let took = Duration::from_millis(attempt["responseDurationMs"].as_u64().unwrap());
        assert!(took >= deadline && took < deadline + LATE, "{took:?}");
    }
}

#[tokio::test]
async fn j17_a_200_is_a_success_whatever_its_body_is() {
    fn ok(headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(own).collect();
        Answer::StatusWith { status: 200, headers, body: body.into() }
    }
    let answers = [
        ok(&[("Content-Type", "application/json")], r#"{"received":true,"queued":true}"#),
        ok(&[], "{}"),
        ok(&[("Content-Type", "text/html")], "<h1>502 Bad Gateway</h1>"),
        ok(&[("Content-Type", "application/json")], "{\"broken"),
        ok(&[], vec![0xff; 1 << 20]),
        ok(&[("Content-Encoding", "gzip")], "not gzip at all"),
        ok(&[("Transfer-Encoding", "chunked")], "zzz\r\nno chunk\r\n"),
        Answer::Endless,
    ];
    let count = answers.len();
    let by_path =
        move |request: &Received| answers[request.path[1..].parse::<usize>().unwrap()].clone();
    let world = World::start().await;
    let receiver = world.receiver(Script::new(by_path)).await;
    let merchant = world.merchant("acme", PROFILE).await;
    for path in 0..count {
        merchant.endpoint(&format!("{}/{path}", receiver.url())).await;
    }
    let message = merchant.publish_plain(CREATED).await;
    let attempts = merchant.attempts(&message, count).await;
    for attempt in attempts {
        let told = (&attempt["status"], &attempt["responseStatusCode"], &attempt["nextAttempt"]);
        assert_eq!(told, (&json!(0), &json!(200), &Value::Null), "{attempt}");
    }
    assert_eq!(receiver.count(), count);
    receiver.wait_idle().await;
}

#[tokio::test]
async fn j23_a_429_is_tried_again_and_retry_after_makes_the_wait_longer_alone() {
    // The first wait of the schedule, and what it becomes where more is asked.
    let (scheduled, asked) = (Duration::from_secs(5), Duration::from_secs(7));
    let world = World::start().await;
    let merchant = world.merchant("acme", PROFILE).await;
    let mut receivers = Vec::new();
    for (after, least) in [("7", asked), ("1", scheduled)] {
        let busy = Answer::with_header(429, "Retry-After", after);
        let receiver = world.receiver(Script::sequence(vec![busy], Answer::OK)).await;
        let url = receiver.url();
        let capped = json!({ "url": url, "throttleRate": 3 });
        assert_eq!(merchant.register(&capped).await.expect(201)["throttleRate"], 3);
        receivers.push((receiver, least));
    }
    merchant.publish_plain(CREATED).await;
    for (receiver, least) in receivers {
        let requests = receiver.wait_for(2).await;
        let gap = requests[1].at - requests[0].at;
        assert!(gap >= least && gap < least + 2 * LATE, "{gap:?} for {least:?}");
    }
}
