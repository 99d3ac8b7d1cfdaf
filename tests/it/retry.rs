//! What fails is tried again when it was promised, and what nobody takes is kept.

use std::time::Duration;

use posthaste_bus::Bus;
use posthaste_domain::{DeathReason, FailureKind};
use posthaste_testkit::{Answer, Receiver, Script};
use posthaste_worker::Worker;
use serde_json::json;

use crate::{
    bed::{Bed, until},
    client::Client,
    deliver::assert_signed,
};

/// How late a retry may be: the server's quarter of a second, and a busy machine.
const LATE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn every_kind_of_failure_is_tried_again_on_schedule_with_the_same_id_and_body() {
    let waits = [400, 600, 500, 700, 300].map(Duration::from_millis);
    let waits_ms = waits.map(|wait| wait.as_millis().to_string()).join(",");
    let timeout = Duration::from_millis(800);
    let bed = Bed::start(&[
        ("POSTHASTE_WORKER_RETRY_WAITS_MS", &waits_ms),
        ("POSTHASTE_WORKER_ATTEMPT_TIMEOUT_MS", "800"),
    ])
    .await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let elsewhere = Receiver::start(Script::always(Answer::OK)).await;
    let asked = Duration::from_secs(2);
    let receiver = Receiver::start(Script::sequence(
        vec![
            Answer::Status(500),
            Answer::with_header(503, "retry-after", "2"),
            Answer::Hang,
            Answer::Reset,
            Answer::with_header(301, "location", &elsewhere.url()),
        ],
        Answer::OK,
    ))
    .await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}/secret");
    let secret = client.call(reqwest::Method::GET, &path, None).await.expect(200);
    let message = client.message(&app, json!({ "amount": 1.10 })).await;

    let requests = receiver.wait_for(6).await;
    // The hanging attempt ends at its timeout; the others at once. The second wait is lengthened
    // by what the receiver asked.
    let least = [waits[0], asked, waits[2] + timeout, waits[3], waits[4]];
    for (pair, least) in requests.windows(2).zip(least) {
        let gap = pair[1].at - pair[0].at;
        assert!(gap >= least && gap < least + LATE, "{gap:?} after request {}", pair[0].ordinal);
    }
    for request in &requests {
        assert_eq!(request.header("webhook-id"), Some(&*message));
        assert_eq!(request.body, requests[0].body);
        assert_signed(request, secret["key"].as_str().unwrap());
        let sent_at: u64 = request.header("webhook-timestamp").unwrap().parse().unwrap();
        let received_at =
            request.at_system.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert!(received_at - sent_at <= 1, "a timestamp of its own for every attempt");
    }
    let signatures: std::collections::HashSet<_> =
        requests.iter().map(|request| request.header("webhook-signature")).collect();
    assert!(signatures.len() >= 4, "signatures follow the timestamps");

    // Delivered is the end of it: nothing waits, and nothing came but the six.
    let bus = bed.bus().await;
    assert_eq!(bus.waiting_for(&message.parse().unwrap()).await.unwrap(), []);
    assert_eq!(receiver.count(), 6);
    assert_eq!(elsewhere.count(), 0, "a redirect is never followed");
    assert_eq!(bus.dead_letters(None, None, 0, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_nobody_takes_becomes_one_dead_letter_that_can_be_redriven() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "100,100")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Status(500))).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let message = client.message(&app, json!({ "n": 1 })).await;
    receiver.wait_for(3).await;

    let bus = bed.bus().await;
    let letter = dead_letters(&bus, 1).await.remove(0);
    assert_eq!(letter.letter.reason, DeathReason::Exhausted);
    assert_eq!(letter.letter.delivery.endpoint, endpoint);
    assert_eq!(letter.payload, r#"{"n":1}"#);
    let past = &letter.letter.delivery.past;
    let tries: Vec<_> = past.iter().map(|attempt| (attempt.number.get(), attempt.status)).collect();
    assert_eq!(tries, [(1, Some(500)), (2, Some(500)), (3, Some(500))]);
    assert!(past.iter().all(|attempt| attempt.failure == Some(FailureKind::Status)));

    // It still fails: a second run through the schedule, and one letter that names all six.
    redrive(&bus, &letter).await;
    receiver.wait_for(6).await;
    let letter = dead_letters(&bus, 1).await.remove(0);
    assert_eq!(letter.letter.delivery.past.len(), 6);

    receiver.set_script(Script::always(Answer::OK));
    redrive(&bus, &letter).await;
    let requests = receiver.wait_for(7).await;
    assert_eq!(requests[6].body, requests[0].body);
    assert_eq!(requests[6].header("webhook-id"), Some(&*message));
    assert!(bus.dead_letters(None, None, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_address_that_may_not_be_called_is_a_dead_letter_at_once() {
    // As good as a name that was public when its endpoint was made.
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let _worker = bed.role_with::<Worker>(&[("POSTHASTE_OUTBOUND_ALLOW", "")]).await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    client.message(&app, json!({})).await;
    let bus = bed.bus().await;
    let letter = dead_letters(&bus, 1).await.remove(0);
    assert_eq!(letter.letter.reason.as_str(), "blocked_address");
    assert_eq!(letter.letter.delivery.past.len(), 1);
    assert_eq!(receiver.count(), 0, "nothing was dialled");
}

#[tokio::test]
async fn a_retry_to_an_endpoint_that_was_deleted_or_disabled_is_a_dead_letter_that_says_so() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "500,500")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Status(500))).await;
    let app = client.application("acme").await;
    let deleted = client.endpoint(&app, &receiver.url()).await;
    let disabled = client.endpoint(&app, &receiver.url()).await;
    client.message(&app, json!({})).await;
    receiver.wait_for(2).await;
    let path = format!("/api/v1/app/{app}/endpoint");
    let delete = client.call(reqwest::Method::DELETE, &format!("{path}/{deleted}"), None).await;
    assert_eq!(delete.status, 204);
    let off = json!({ "disabled": true });
    client
        .call(reqwest::Method::PATCH, &format!("{path}/{disabled}"), Some(&off))
        .await
        .expect(200);
    let bus = bed.bus().await;
    let letters = dead_letters(&bus, 2).await;
    let mut reasons: Vec<_> = letters.iter().map(|letter| letter.letter.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["endpoint_deleted", "endpoint_disabled"]);
    assert_eq!(receiver.count(), 2);
}

type Letter = posthaste_bus::dead_letters::StoredDeadLetter;

/// Waits until there are this many dead letters, and returns them.
pub(crate) async fn dead_letters(bus: &Bus, count: usize) -> Vec<Letter> {
    let all = || async { bus.dead_letters(None, None, 0, count + 1).await.unwrap() };
    until("dead letters", || async { all().await.len() >= count }).await;
    let letters = all().await;
    assert_eq!(letters.len(), count);
    letters
}

async fn redrive(bus: &Bus, letter: &Letter) {
    let event = letter.letter.event.as_ref().unwrap();
    bus.redrive(letter.seq, &letter.letter, event, letter.payload.clone()).await.unwrap();
    assert!(bus.discard_dead_letter(letter.seq).await.unwrap());
}
