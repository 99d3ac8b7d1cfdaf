//! Every way in which a receiver may answer.

mod secure;

use std::io;
use std::time::Instant;

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::*;
use crate::port::is_free;

async fn connect(receiver: &Receiver) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(("127.0.0.1", receiver.port)).await.unwrap())
}

fn post(id: &str, body: &str) -> String {
    format!(
        "POST /hooks?a=1 HTTP/1.1\r\nHost: shop\r\nWebhook-Id:  {id} \r\nX-Twice: 1\r\n\
         x-twice: 2\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

trait Stream: AsyncBufRead + AsyncWrite + Unpin {}

impl<S: AsyncBufRead + AsyncWrite + Unpin> Stream for S {}

async fn ask(client: &mut impl Stream, request: &str) -> io::Result<(u16, String)> {
    client.write_all(request.as_bytes()).await?;
    answer(client).await
}

/// Reads one response with a `Content-Length`, or none at all.
async fn answer(client: &mut impl Stream) -> io::Result<(u16, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .split_once("Content-Length: ")
        .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    client.read_exact(&mut body).await?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok((status, String::from_utf8(body).unwrap()))
}

#[tokio::test]
async fn captures_each_request_as_it_was_sent() {
    let before = Instant::now();
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let mut client = connect(&receiver).await;
    let sent = post("msg_1", r#"{"amount": 1.10}"#);
    assert_eq!(ask(&mut client, &sent).await.unwrap(), (200, String::new()));
    assert_eq!(ask(&mut client, "GET / HTTP/1.1\r\n\r\n").await.unwrap().0, 200);
    connect(&receiver).await.write_all(post("msg_2", "").as_bytes()).await.unwrap();

    let first = receiver.next().await;
    assert_eq!((first.ordinal, first.connection), (1, 1));
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/hooks?a=1"));
    let headers: Vec<_> =
        first.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("Host", "shop"),
        ("Webhook-Id", "msg_1"),
        ("X-Twice", "1"),
        ("x-twice", "2"),
        ("content-length", "16"),
    ];
    assert_eq!(headers, expected);
    assert_eq!([first.head.as_ref(), first.body.as_ref()].concat(), sent.as_bytes());
    assert_eq!(first.header("WEBHOOK-ID"), Some("msg_1"));
    assert_eq!(first.json()["amount"], 1.1);
    assert!(first.at >= before);

    let second = receiver.next().await;
    assert_eq!((second.ordinal, second.connection, second.method.as_str()), (2, 1, "GET"));
    let all = receiver.wait_for(3).await;
    assert_eq!((all.len(), all[2].connection, receiver.count()), (3, 2, 3));
}

#[tokio::test]
async fn answers_in_sequence_and_by_a_new_script_when_it_gets_one() {
    let moved = Answer::with_header(503, "Retry-After", "7");
    let receiver =
        Receiver::start(Script::sequence(vec![Answer::Status(500), moved], Answer::Status(204)))
            .await;
    let mut client = connect(&receiver).await;
    for expected in [500, 503, 204, 204] {
        assert_eq!(ask(&mut client, &post("msg_1", "")).await.unwrap().0, expected);
    }
    receiver.set_script(Script::new(|received| Answer::StatusWith {
        status: 400,
        headers: vec![("Connection".into(), "close".into())],
        body: Bytes::from(format!("request {}", received.ordinal)),
    }));
    assert_eq!(ask(&mut client, &post("msg_1", "")).await.unwrap(), (400, "request 5".to_owned()));
    assert_eq!(answer(&mut client).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    receiver.set_script(Script::always(Answer::Raw(Bytes::new())));
    let unanswered = ask(&mut connect(&receiver).await, &post("msg_1", "")).await;
    assert_eq!(unanswered.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn resets_the_connection() {
    let receiver = Receiver::start(Script::always(Answer::Reset)).await;
    let lost = ask(&mut connect(&receiver).await, &post("msg_1", "{}")).await;
    assert_eq!(lost.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(receiver.next().await.body.as_ref(), b"{}");
}

#[tokio::test]
async fn hangs_until_the_sender_gives_up() {
    let receiver = Receiver::start(Script::always(Answer::Hang)).await;
    let mut client = connect(&receiver).await;
    client.write_all(post("msg_1", "{}").as_bytes()).await.unwrap();
    receiver.wait_in_flight(1).await;
    assert_eq!(receiver.count(), 1);
    drop(client);
    receiver.wait_idle().await;
}

#[tokio::test]
async fn drips_a_head_or_a_body_that_never_ends() {
    let every = Duration::from_millis(1);
    for (answer, end) in
        [(Answer::DripHead { every }, "X-Dripped: ..."), (Answer::Drip { every }, "\r\n\r\n...")]
    {
        let receiver = Receiver::start(Script::always(answer)).await;
        let mut client = connect(&receiver).await;
        client.write_all(post("msg_1", "{}").as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(end.as_bytes()) {
            head.push(client.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200 "));
        assert_eq!(receiver.in_flight(), 1);
        drop(client);
        receiver.wait_idle().await;
    }
}

#[tokio::test]
async fn answers_late() {
    let wait = Duration::from_millis(50);
    let receiver = Receiver::start(Script::always(Answer::Status(202).after(wait))).await;
    let asked = Instant::now();
    assert_eq!(ask(&mut connect(&receiver).await, &post("msg_1", "")).await.unwrap().0, 202);
    assert!(asked.elapsed() >= wait);
}

#[tokio::test]
async fn holds_two_thousand_at_once_and_lets_them_go() {
    const CLIENTS: usize = 2_000;
    let receiver = Receiver::start(Script::always(Answer::Held)).await;
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let mut connection = connect(&receiver).await;
        clients.spawn(async move {
            ask(&mut connection, &post(&client.to_string(), "{}")).await.unwrap().0
        });
    }
    receiver.wait_in_flight(CLIENTS).await;
    assert_eq!((receiver.in_flight(), receiver.count()), (CLIENTS, CLIENTS));
    assert!(clients.try_join_next().is_none(), "nobody is answered before the release");
    receiver.release();
    assert!(clients.join_all().await.into_iter().all(|status| status == 200));
    assert_eq!(receiver.in_flight(), 0);

    let mut client = connect(&receiver).await;
    assert_eq!(ask(&mut client, &post("late", "")).await.unwrap().0, 200, "released is released");
    receiver.hold();
    client.write_all(post("held again", "").as_bytes()).await.unwrap();
    receiver.wait_in_flight(1).await;
}

#[tokio::test]
async fn counts_ids_without_keeping_requests() {
    let receiver = Receiver::counting("webhook-id").await;
    let mut client = connect(&receiver).await;
    for id in ["a", "b", "a", "a"] {
        ask(&mut client, &post(id, "{}")).await.unwrap();
    }
    ask(&mut client, "GET / HTTP/1.1\r\n\r\n").await.unwrap();
    receiver.wait_distinct(2, Duration::from_secs(5)).await;
    assert_eq!((receiver.count(), receiver.distinct(), receiver.duplicates()), (5, 2, 2));
    assert_eq!(receiver.counts().get("a"), Some(&3));
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn refuses_what_it_cannot_read() {
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (request, status) in [("nonsense\r\n\r\n", 400), (chunked, 411)] {
        assert_eq!(ask(&mut connect(&receiver).await, request).await.unwrap().0, status);
    }
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn closes_and_can_come_back() {
    let receiver = Receiver::start(Script::always(Answer::Hang)).await;
    let port = receiver.port;
    let mut client = connect(&receiver).await;
    client.write_all(post("msg_1", "{}").as_bytes()).await.unwrap();
    receiver.wait_in_flight(1).await;
    receiver.close().await;
    assert!(answer(&mut client).await.is_err(), "open connections end with the receiver");

    let receiver = Receiver::start_at(port, Script::always(Answer::OK)).await;
    assert_eq!(ask(&mut connect(&receiver).await, &post("msg_1", "")).await.unwrap().0, 200);
    drop(receiver);
    // Not at once: the task that listens has yet to hear of it.
    while !is_free(port) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
#[should_panic(expected = "request 2: not seen within 10ms; 1 requests came, 0 are in flight")]
async fn says_what_it_waited_for_in_vain() {
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    ask(&mut connect(&receiver).await, &post("msg_1", "")).await.unwrap();
    receiver.wait_for_within(2, Duration::from_millis(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_while_it_is_watched() {
    const CONNECTIONS: usize = 32;
    const EACH: usize = 250;
    let receiver = Receiver::counting("webhook-id").await;
    let mut senders = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut client = connect(&receiver).await;
        senders.spawn(async move {
            for number in 0..EACH {
                ask(&mut client, &post(&format!("{connection}-{number}"), "{}")).await.unwrap();
            }
        });
    }
    receiver.wait_distinct(CONNECTIONS * EACH, Duration::from_secs(30)).await;
    senders.join_all().await;
    assert_eq!((receiver.count(), receiver.duplicates()), (CONNECTIONS * EACH, 0));
}
