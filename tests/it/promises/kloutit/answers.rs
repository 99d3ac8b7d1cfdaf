//! What becomes of answers.

use std::time::{Duration, Instant};

use posthaste_profile::Preset;
use posthaste_testkit::{Answer, Received, Script};
use serde_json::{Value, json};

use super::{CREATED, PROFILE, made_up, merchant, moment, publish_case};
use crate::promises::bed::World;

const HOUR: Duration = Duration::from_secs(3_600);
const DEADLINE: Duration = Duration::from_secs(10);
/// How late what happens in time may be noticed on a busy machine.
const LATE: Duration = Duration::from_secs(1);

const TAKEN: [u16; 8] = [200, 201, 202, 203, 204, 206, 226, 299];
const FAILED: [u16; 24] = [
    300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 422, 429, 451, 499,
    500, 502, 503, 504, 599,
];

/// Panics unless the next attempt is due an hour after this one began.
fn assert_tried_again(attempt: &Value) {
    let wait = moment(&attempt["nextAttempt"]).since(moment(&attempt["timestamp"]));
    assert_eq!(wait, HOUR, "{attempt}");
}

#[tokio::test]
async fn k11_k16_any_2xx_is_a_success_and_all_else_is_tried_again_in_an_hour() {
    let world = World::start().await;
    let elsewhere = world.receiver(Script::always(Answer::OK)).await;
    let to = elsewhere.url();
    let by_path = move |request: &Received| {
        Answer::with_header(request.path[1..].parse().unwrap(), "Location", &to)
    };
    let receiver = world.receiver(Script::new(by_path)).await;
    let mut sent = Vec::new();
    for status in [&TAKEN[..], &FAILED].concat() {
        let name = format!("merchant-{status}");
        let (merchant, _) = merchant(&world, &name, &format!("{}/{status}", receiver.url())).await;
        let message = publish_case(&merchant, CREATED, "1").await;
        sent.push((status, merchant, message));
    }
    for (status, merchant, message) in &sent {
        let attempts = merchant.attempts(message, 1).await;
        let [attempt] = &attempts[..] else { panic!("{attempts:?}") };
        assert_eq!(attempt["responseStatusCode"], *status);
        if TAKEN.contains(status) {
            let told = (&attempt["status"], &attempt["nextAttempt"], &attempt["failure"]);
            assert_eq!(told, (&json!(0), &json!(null), &json!(null)), "{attempt}");
        } else {
            assert_eq!(attempt["status"], 2, "{attempt}");
            assert_tried_again(attempt);
        }
    }
    assert_eq!(receiver.count(), sent.len());
    assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
}

#[test]
fn k12_the_bound_on_an_answer_is_ten_seconds() {
    let profile = &Preset::named(&PROFILE.parse().unwrap()).unwrap().profile;
    assert_eq!(profile.total_timeout, DEADLINE);
}

#[tokio::test]
async fn k12_an_answer_may_take_ten_seconds() {
    let world = World::start().await;
    let almost = Answer::OK.after(DEADLINE - LATE);
    let patient = world.receiver(Script::always(almost)).await;
    let late = world.receiver(Script::always(Answer::OK.after(DEADLINE + LATE / 2))).await;
    let (taken, _) = merchant(&world, "patient", &patient.url()).await;
    let (failed, _) = merchant(&world, "late", &late.url()).await;
    let taken_message = publish_case(&taken, CREATED, "1").await;
    let failed_message = publish_case(&failed, CREATED, "1").await;
    let begun = late.next().await.at;
    late.wait_idle().await;
    let held = Instant::now() - begun;
    // It is counted from before the connection is made.
    assert!(held > DEADLINE - LATE && held < DEADLINE + LATE, "{held:?}");
    let attempt = failed.attempts(&failed_message, 1).await.remove(0);
    assert_eq!((&attempt["failure"], &attempt["status"]), (&json!("timeout"), &json!(2)));
    assert_tried_again(&attempt);
    assert_eq!(taken.attempts(&taken_message, 1).await[0]["status"], 0);
}

#[tokio::test]
async fn k12_what_took_too_long_is_tried_again() {
    let world = World::start().await;
    let changes = json!({
        "timeouts": { "connect_ms": 300, "total_ms": 300 }, "retry": { "delays_s": [0, 0] },
    });
    let profile = made_up(&world, PROFILE, "impatient", &changes).await;
    let second = Duration::from_secs(1);
    let slow = vec![Answer::Hang, Answer::DripHead { every: second }];
    let receiver = world.receiver(Script::sequence(slow, Answer::Status(202))).await;
    let merchant = world.merchant("acme", &profile).await;
    merchant.endpoint(&receiver.url()).await;
    let message = publish_case(&merchant, CREATED, "1").await;
    let attempts = merchant.attempts(&message, 3).await;
    let told: Vec<_> = attempts.iter().map(|attempt| attempt["failure"].clone()).collect();
    assert_eq!(told, [json!("timeout"), json!("timeout"), json!(null)]);
    let requests = receiver.wait_for(3).await;
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}
