//! Reaching a broker, and refusing one that will not do.

use std::time::Duration;

use posthaste_bus::{Bus, ConnectError};
use posthaste_testkit::free_port;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    time::Instant,
};

use super::bed::{Bed, config, soon, until};

/// Something that speaks just enough of the protocol to be connected to.
struct Greeter {
    url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Greeter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Greets every client as a server of this version.
async fn greeter(version: &str, jetstream: bool) -> Greeter {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let info = format!(
        "INFO {{\"server_id\":\"A\",\"server_name\":\"greeter\",\"version\":\"{version}\",\"go\":\"\",\
         \"host\":\"127.0.0.1\",\"port\":4222,\"headers\":true,\"max_payload\":1048576,\
         \"proto\":1,\"jetstream\":{jetstream}}}\r\n"
    );
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let info = info.clone();
            tokio::spawn(async move {
                let (reader, mut writer) = stream.into_split();
                let _ = writer.write_all(info.as_bytes()).await;
                let mut lines = BufReader::new(reader).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line.starts_with("PING") {
                        let _ = writer.write_all(b"PONG\r\n").await;
                    }
                }
            });
        }
    });
    Greeter { url, task }
}

async fn refused(url: &str) -> ConnectError {
    match soon("a refusal", Bus::connect(config(url))).await {
        Ok(_) => panic!("connected to {url}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn an_old_server_is_refused_by_name_of_what_it_lacks() {
    for version in ["2.9.0", "2.11.0", "2.13.9"] {
        let old = greeter(version, true).await;
        let error = refused(&old.url).await;
        assert!(matches!(&error, ConnectError::TooOld { found, .. } if found == version));
        let text = error.to_string();
        for part in [version, "2.14", "schedules", &old.url] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_new_enough_but_keeps_nothing_is_refused() {
    for version in ["2.14.0", "2.15.1", "3.0.0"] {
        let forgetful = greeter(version, false).await;
        let error = refused(&forgetful.url).await;
        assert!(matches!(error, ConnectError::NoJetStream { .. }), "{version}: {error}");
    }
    let willing = greeter("2.14.0", true).await;
    assert!(Bus::connect(config(&willing.url)).await.is_ok());
}

#[tokio::test]
async fn where_nobody_listens_it_is_tried_for_as_long_as_was_allowed() {
    let url = format!("nats://127.0.0.1:{}", free_port());
    let mut config = config(&url);
    config.connect_budget = Duration::from_millis(800);
    let begun = Instant::now();
    let error = soon("a refusal", Bus::connect(config)).await.err().unwrap();
    let took = begun.elapsed();
    assert!(matches!(&error, ConnectError::Unreachable { urls, .. } if *urls == url), "{error}");
    // It gives up when the next wait would go beyond the budget.
    assert!((Duration::from_millis(200)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_server_that_comes_up_within_the_budget_is_reached() {
    let mut bed = Bed::start().await;
    bed.nats.kill();
    let connecting = tokio::spawn(Bus::connect(bed.config()));
    tokio::task::yield_now().await;
    bed.nats.restart().await;
    let bus = soon("the connection", connecting).await.unwrap().unwrap();
    assert!(bus.is_connected());
}

#[tokio::test]
async fn a_lost_server_is_noticed_and_found_again() {
    let mut bed = Bed::start().await;
    let mut bus = bed.bus().await;
    assert_eq!((bus.is_connected(), bus.reconnects()), (true, 0));
    for round in 1..=2 {
        bed.nats.kill();
        soon("word of the loss", bus.link_changed()).await;
        assert!(!bus.is_connected());
        bed.nats.restart().await;
        soon("word of the return", bus.link_changed()).await;
        assert!(bus.is_connected());
        assert_eq!(bus.reconnects(), round);
    }
}

/// A server that reads nothing confirms nothing, whatever fits into the buffers on the way.
#[tokio::test]
async fn a_flush_waits_for_the_server_and_no_longer_than_it_may() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let begun = Instant::now();
    bus.flush(Duration::from_secs(5)).await;
    assert!(begun.elapsed() < Duration::from_secs(1));

    let frozen = bed.freeze();
    let (limit, begun) = (Duration::from_millis(600), Instant::now());
    bus.flush(limit).await;
    let took = begun.elapsed();
    assert!((limit..limit * 3).contains(&took), "{took:?}");
    drop(frozen);
    until("the server is well again", || async {
        bus.event_at(1).await.is_ok_and(|event| event.is_none())
    })
    .await;
}
