//! The server against clients that behave, and clients that do not.

use std::{error::Error, io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::StatusCode,
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::raw_client;

/// Soon enough for a test to wait for, late enough for a loaded machine.
const SOON: Duration = Duration::from_millis(100);

/// When something that should happen has not happened.
const LATE: Duration = Duration::from_secs(20);

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(3600);

/// More than the buffers between a server and a client hold, in bytes.
const LARGE: usize = 64 << 20;

/// A server on a port of its own, and what its slow handler waits for.
struct Bed {
    address: SocketAddr,
    entered: Arc<Notify>,
    release: Arc<Notify>,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Bed {
    async fn start(limits: Limits) -> Self {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
            move || async move {
                entered.notify_one();
                release.notified().await;
                "finished"
            }
        };
        let router = Router::new()
            .route("/hello", get(|| async { "hello" }))
            .route("/slow", get(slow))
            .route("/large", get(|| async { vec![0; LARGE] }))
            .route("/panic", get(panicking))
            .route("/length", post(length));
        let listener = bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve_within(limits, listener, router, shutdown.clone()));
        Self { address, entered, release, shutdown, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stopped(self) {
        self.shutdown.cancel();
        timeout(LATE, self.serving).await.unwrap().unwrap();
    }
}

async fn panicking() -> &'static str {
    panic!("on request")
}

async fn length(body: Body) -> (StatusCode, String) {
    match to_bytes(body, 1 << 20).await {
        Ok(bytes) => (StatusCode::OK, bytes.len().to_string()),
        Err(err) => {
            let mut cause: Option<&(dyn Error + 'static)> = Some(&err);
            while let Some(err) = cause {
                if matches!(err.downcast_ref(), Some(BodyError::TooSlow)) {
                    return (StatusCode::REQUEST_TIMEOUT, "too slow".to_owned());
                }
                cause = err.source();
            }
            (StatusCode::BAD_REQUEST, err.to_string())
        }
    }
}

/// Waits until the server closes `stream`, and tells what it said before.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    match timeout(LATE, stream.read_to_end(&mut text)).await.unwrap() {
        Ok(_) => {}
        Err(err) => assert_eq!(err.kind(), ErrorKind::ConnectionReset),
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let first = bind("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap().to_string();
    let err = bind(&address).await.unwrap_err();
    assert_eq!(err.source.kind(), ErrorKind::AddrInUse);
    assert_eq!(err.to_string(), format!("cannot listen on {address}"));
}

#[tokio::test]
async fn stopping_answers_what_is_in_flight_and_accepts_no_more() {
    let bed = Bed::start(Limits::default()).await;
    let asked = tokio::spawn(raw_client::get(bed.address, "/slow"));
    bed.entered.notified().await;
    let mut idle = bed.connect().await;
    raw_client::get_on(&mut idle, "/hello", "hello").await;

    bed.shutdown.cancel();
    assert_eq!(until_closed(&mut idle).await, "", "idle connections end at once");
    let refused = TcpStream::connect(bed.address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert!(!bed.serving.is_finished());

    bed.release.notify_one();
    let answer = asked.await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "finished"));
    bed.serving.await.unwrap();
}

#[tokio::test]
async fn the_last_answer_on_a_kept_connection_says_so() {
    let bed = Bed::start(Limits::default()).await;
    let mut stream = bed.connect().await;
    raw_client::get_on(&mut stream, "/hello", "hello").await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    bed.entered.notified().await;
    bed.shutdown.cancel();
    bed.release.notify_one();
    let answer = raw_client::rest(stream).await;
    assert_eq!(answer.header("connection"), Some("close"));
    bed.stopped().await;
}

#[tokio::test]
async fn dropping_the_server_cuts_what_is_in_flight() {
    let bed = Bed::start(Limits::default()).await;
    let mut stream = bed.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    bed.entered.notified().await;
    bed.serving.abort();
    assert_eq!(until_closed(&mut stream).await, "");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_dropped() {
    let limits = Limits { first_head: SOON, next_head: LONG, ..Limits::default() };
    let bed = Bed::start(limits).await;
    let mut silent = bed.connect().await;
    let mut halting = bed.connect().await;
    halting.write_all(b"GET /hello HTTP/1.1\r\nho").await.unwrap();
    until_closed(&mut silent).await;
    until_closed(&mut halting).await;
    bed.stopped().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_for_a_first_head() {
    let bed = Bed::start(Limits { first_head: SOON, ..Limits::default() }).await;
    let mut idle = bed.connect().await;
    raw_client::get_on(&mut idle, "/hello", "hello").await;
    assert!(timeout(3 * SOON, idle.readable()).await.is_err(), "closed too early");
    raw_client::get_on(&mut idle, "/hello", "hello").await;
    bed.stopped().await;
}

#[tokio::test]
async fn an_idle_connection_is_dropped_in_its_own_time() {
    let bed = Bed::start(Limits { next_head: SOON, ..Limits::default() }).await;
    let mut idle = bed.connect().await;
    raw_client::get_on(&mut idle, "/hello", "hello").await;
    until_closed(&mut idle).await;
    bed.stopped().await;
}

#[tokio::test]
async fn a_body_must_arrive_in_time() {
    let bed = Bed::start(Limits { body: SOON, ..Limits::default() }).await;
    let head = "POST /length HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\n";
    let whole = raw_client::send(bed.address, &format!("{head}abc")).await;
    assert_eq!((whole.status, whole.body.as_str()), (200, "3"));
    let part = raw_client::send(bed.address, &format!("{head}ab")).await;
    assert_eq!((part.status, part.body.as_str()), (408, "too slow"));
    bed.stopped().await;
}

#[tokio::test]
async fn a_body_that_drips_wins_no_time() {
    let bed = Bed::start(Limits { body: SOON, ..Limits::default() }).await;
    let mut stream = bed.connect().await;
    let head = "POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let dripping = async {
        while timeout(SOON / 10, stream.readable()).await.is_err() {
            stream.write_all(b"a").await.unwrap();
        }
    };
    timeout(LATE, dripping).await.unwrap();
    assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 408 "));
    bed.stopped().await;
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_dropped() {
    let bed = Bed::start(Limits { write_stall: SOON, ..Limits::default() }).await;
    let mut stream = bed.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.readable().await.unwrap();
    bed.stopped().await;
    assert!(until_closed(&mut stream).await.len() < LARGE);
}

#[tokio::test]
async fn a_client_that_takes_its_time_gets_it_all() {
    let write_stall = SOON * 4;
    let bed = Bed::start(Limits { write_stall, ..Limits::default() }).await;
    let mut stream = bed.connect().await;
    let request = "GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    // Every pause is shorter than the server's patience; together they are longer.
    let pauses = 12;
    for _ in 0..pauses {
        let paused = timeout(write_stall / 6, std::future::pending::<()>()).await;
        assert!(paused.is_err());
        stream.read_exact(&mut vec![0; LARGE / (pauses + 1)]).await.unwrap();
    }
    assert!(until_closed(&mut stream).await.len() > LARGE / (pauses + 1));
    bed.stopped().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let bed = Bed::start(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = bed.connect().await;
    raw_client::get_on(&mut first, "/hello", "hello").await;
    let mut second = bed.connect().await;
    let mut asking = Box::pin(raw_client::get_on(&mut second, "/hello", "hello"));
    assert!(timeout(SOON, asking.as_mut()).await.is_err(), "served beyond the limit");
    drop(first);
    asking.await;
    bed.stopped().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let bed = Bed::start(Limits::default()).await;
    let mut stream = bed.connect().await;
    let filler = "a".repeat(Limits::HEAD_MAX);
    let request = format!("GET /hello HTTP/1.1\r\nhost: x\r\nfiller: {filler}\r\n\r\n");
    // The server need not read all of it before it answers.
    let _ = stream.write_all(request.as_bytes()).await;
    assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 431 "));
    bed.stopped().await;
}

#[tokio::test]
async fn a_panic_costs_one_connection() {
    let bed = Bed::start(Limits::default()).await;
    let mut stream = bed.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(until_closed(&mut stream).await, "");
    assert_eq!(raw_client::get(bed.address, "/hello").await.status, 200);
    bed.stopped().await;
}
