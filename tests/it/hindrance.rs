//! What cannot be handled is neither lost nor in anybody's way.

use std::time::Duration;

use posthaste_domain::{AttemptNo, DeathReason, Event};
use posthaste_service::{Kit, Reader, Vars, role::Role as _};
use posthaste_testkit::{Answer, Receiver, Script};
use posthaste_worker::Worker;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    bed::{self, Bed, Running, until},
    client::Client,
    retry::dead_letters,
};

/// Publishes something that none of our own code would write.
async fn publish(bed: &Bed, subject: &str, body: &str) {
    let address = bed.nats.url().replace("nats://", "");
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    let said = format!(
        "CONNECT {{\"verbose\":false}}\r\nPUB {subject} {}\r\n{body}\r\nPING\r\n",
        body.len()
    );
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.ends_with("PONG\r\n") {
        assert!(stream.read_line(&mut heard).await.unwrap() > 0, "{heard}");
    }
}

#[tokio::test]
async fn messages_that_cannot_be_read_wait_and_let_others_pass() {
    // More of them than there are slots.
    let bed = Bed::start(&[
        ("POSTHASTE_WORKER_SLOTS_EVENTS", "2"),
        ("POSTHASTE_WORKER_SLOTS_FRESH", "2"),
        ("POSTHASTE_WORKER_ATTEMPT_AT_ONCE", "1"),
    ])
    .await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    for n in 0..2 {
        client.endpoint(&app, &format!("{}/{n}", receiver.url())).await;
    }
    for n in 0..5 {
        publish(&bed, "events.1.app.type", "no head").await;
        publish(&bed, &format!("due.fresh.msg.ep.{n}"), "no delivery").await;
    }
    let bus = bed.bus().await;
    let unhandled = || async {
        let stats = bus.queue_stats().await.unwrap();
        stats.sources.iter().map(|source| source.ready + source.unacked).sum::<u64>()
    };
    until("all are stored", || async { unhandled().await == 10 }).await;

    let _worker = bed.worker().await;
    client.message(&app, json!({})).await;
    // The event goes through both queues: its endpoints are too many for its own slot.
    receiver.wait_for(2).await;
    until("only what cannot be read is left", || async { unhandled().await == 10 }).await;
}

#[tokio::test]
async fn a_dead_letter_is_written_however_long_the_url_is() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "100")]).await;
    let control = bed.control().await;
    let _worker = bed.worker().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::Status(500))).await;
    let app = client.application("acme").await;
    let url = format!("{}/?{}", receiver.url(), "x".repeat(65_000));
    client.endpoint(&app, &url).await;
    client.message(&app, json!({ "filling": "x".repeat(980_000) })).await;

    let bus = bed.bus().await;
    let letter = dead_letters(&bus, 1).await.remove(0);
    assert_eq!(letter.letter.reason, DeathReason::Exhausted);
    assert_eq!(letter.letter.delivery.past.len(), 2);
    assert_eq!(letter.payload.len(), r#"{"filling":""}"#.len() + 980_000);
    let kept = letter.letter.url.unwrap();
    assert!(url.starts_with(kept.trim_end_matches('…')), "{kept}");
}

/// A worker that has another sealing key than the rest of the bed.
async fn worker_with_a_wrong_key(bed: &Bed) -> Running<Worker> {
    let mut environment = bed.environment();
    environment.retain(|(name, _)| name != "POSTHASTE_REGISTRY_SEAL_KEYS");
    let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".to_owned();
    environment.push(("POSTHASTE_REGISTRY_SEAL_KEYS".to_owned(), key));
    let kit = Kit::new();
    let vars = Vars::from_pairs(environment);
    let config = Worker::read(&mut Reader::new(&vars));
    let role = Worker::start(config, &kit).await.unwrap();
    Running { role, kit }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_signed_waits_in_the_broker_and_costs_no_attempt() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await;
    let worker = worker_with_a_wrong_key(&bed).await;
    let mut messages = Vec::new();
    for n in 0..5 {
        messages.push(client.message(&app, json!({ "n": n })).await);
    }

    // Not held by anybody, for what is held counts against the limit of the whole fleet.
    let bus = bed.bus().await;
    let set_aside = || async {
        let stats = bus.queue_stats().await.unwrap();
        let busy = stats.sources.iter().map(|source| source.ready + source.unacked).sum::<u64>();
        (busy, stats.scheduled) == (0, 5)
    };
    until("all are set aside", set_aside).await;
    for message in messages {
        let waiting = bus.waiting_for(&message.parse().unwrap()).await.unwrap();
        assert_eq!(waiting, [(endpoint.clone(), AttemptNo::FIRST)]);
    }
    assert_eq!(receiver.count(), 0);
    worker.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_message_that_overtakes_word_of_its_application_is_not_lost() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_ATTEMPT_AT_ONCE", "1")]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let bus = bed.bus().await;
    let bucket = bus.registry_bucket().await.unwrap();
    let key = format!("app.{app}");
    let (application, _) = bucket.get(&key).await.unwrap().unwrap();
    bucket.delete(&key).await.unwrap();
    let worker = bed.worker().await;

    let now = bed::now();
    let event = Event {
        occurrence: posthaste_domain::Occurrence::default(),
        id: "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
        org: bed::org(),
        app: app.clone(),
        event_type: "a".parse().unwrap(),
        event_id: None,
        channels: vec![],
        idempotency_key: None,
        retention_hours: 2_160,
        tags: Vec::new(),
        deliver_at: None,
        content_type: None,
        accepted_at: now,
    };
    bus.accept(&event, "{}".into()).await.unwrap();
    let claimed = || async {
        let stats = bus.queue_stats().await.unwrap();
        stats.sources[0].ready == 0
    };
    until("the worker has seen it", claimed).await;
    bucket.create(&key, application).await.unwrap();
    let request = receiver.next().await;
    assert_eq!(request.header("webhook-id"), Some(event.id.as_str()));
    worker.stop(Duration::from_secs(10)).await;
}
