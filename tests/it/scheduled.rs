//! A message that is to be sent later waits in the broker, and goes to the endpoints of that time.

use std::time::Duration;

use posthaste_bus::Bus;
use posthaste_domain::{AppId, Timestamp};
use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::json;

use crate::{
    bed::{Bed, now, until},
    client::Client,
    manual::attempts,
};

/// How late it may be: the server's quarter of a second, and a busy machine.
const LATE: Duration = Duration::from_secs(2);

async fn send_at(client: &Client, app: &AppId, at: Timestamp) -> String {
    let body = json!({
        "eventType": "chargeback.created",
        "payload": { "n": 1 },
        "deliverAt": at.to_string(),
    });
    let answer = client.call(Method::POST, &format!("/api/v1/app/{app}/msg"), Some(&body)).await;
    answer.expect(202)["id"].as_str().unwrap().to_owned()
}

/// Waits until so many wait in the broker, and nothing is claimed or ready.
async fn until_kept(bus: &Bus, count: u64) {
    let kept = || async {
        let stats = bus.queue_stats().await.unwrap();
        let busy: u64 = stats.sources.iter().map(|source| source.ready + source.unacked).sum();
        (busy, stats.scheduled) == (0, count)
    };
    until("it waits in the broker alone", kept).await;
}

#[tokio::test]
async fn it_waits_in_the_broker_and_goes_to_the_endpoints_of_its_time() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let (early, late) = (
        Receiver::start(Script::always(Answer::OK)).await,
        Receiver::start(Script::always(Answer::OK)).await,
    );
    let app = client.application("acme").await;
    let gone = client.endpoint(&app, &early.url()).await;
    let due = now() + Duration::from_secs(3);
    let message = send_at(&client, &app, due).await;
    let bus = bed.bus().await;
    until_kept(&bus, 1).await;
    // Nobody has to be there for it.
    worker.stop(Duration::from_secs(5)).await;
    let path = format!("/api/v1/app/{app}/endpoint/{gone}");
    assert_eq!(client.call(Method::DELETE, &path, None).await.status, 204);
    client.endpoint(&app, &late.url()).await;
    let _worker = bed.worker().await;

    let request = late.next().await;
    let arrived = Timestamp::from(request.at_system);
    assert!(arrived >= due && arrived.since(due) < LATE, "{arrived} for {due}");
    assert_eq!(request.header("webhook-id"), Some(&*message));
    assert_eq!(request.body, r#"{"n":1}"#);
    until_kept(&bus, 0).await;
    assert_eq!((early.count(), late.count()), (0, 1));
    assert_eq!(attempts(&bus, 1).await[0].number.get(), 1);
}

#[tokio::test]
async fn it_outlives_the_broker_and_is_fanned_out_once_to_however_many() {
    let mut bed = Bed::start(&[("POSTHASTE_WORKER_ATTEMPT_AT_ONCE", "1")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    for n in 0..3 {
        client.endpoint(&app, &format!("{}/{n}", receiver.url())).await;
    }
    let due = now() + Duration::from_secs(4);
    let message = send_at(&client, &app, due).await;
    let bus = bed.bus().await;
    until_kept(&bus, 1).await;
    bed.nats.kill();
    bed.nats.restart().await;
    let requests = receiver.wait_for(3).await;
    let mut paths: Vec<_> = requests.iter().map(|request| request.path.clone()).collect();
    paths.sort();
    assert_eq!(paths, ["/0", "/1", "/2"]);
    for request in &requests {
        assert!(Timestamp::from(request.at_system) >= due, "early");
        assert_eq!(request.header("webhook-id"), Some(&*message));
    }
    let bus = bed.bus().await;
    until_kept(&bus, 0).await;
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn what_was_due_before_it_was_claimed_is_sent_at_once() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let due = now() + Duration::from_millis(300);
    send_at(&client, &app, due).await;
    until("its time has come", || async { now() > due }).await;
    let _worker = bed.worker().await;
    receiver.wait_for(1).await;
    let bus = bed.bus().await;
    until_kept(&bus, 0).await;
    assert_eq!(receiver.count(), 1);
}
