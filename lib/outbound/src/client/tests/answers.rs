//! Answers, and the want of them.

use tokio::{io::AsyncWriteExt as _, join, sync::oneshot};

use super::{receiver::Receiver, *};

pub(super) const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn requests_go_out_as_written_and_share_a_connection() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let sending = async {
        let first = post(&client, &url, AMPLE).await;
        (first, post(&client, &url, AMPLE).await)
    };
    let receiving = async {
        let mut connection = receiver.accept().await;
        let head = connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        connection.request().await.unwrap();
        connection.write(NO_CONTENT).await.unwrap();
        head
    };
    let ((first, second), head) = join!(sending, receiving);

    assert_eq!(verdict(&first), Verdict::Delivered { status: 200 });
    let answer = first.result.unwrap();
    assert_eq!((&answer.body[..], answer.body_complete), (&b"ok"[..], true));
    assert_eq!(verdict(&second), Verdict::Delivered { status: 204 });
    assert!(receiver.untouched(), "the second request came on a connection of its own");

    let (request_line, headers) = head.split_once("\r\n").unwrap();
    assert_eq!(request_line, "POST /hook HTTP/1.1");
    let mut headers: Vec<_> = headers.lines().filter(|line| !line.is_empty()).collect();
    headers.sort_unstable();
    let host = format!("host: {}", url.split('/').nth(2).unwrap());
    let user_agent = concat!("user-agent: Posthaste/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        headers,
        ["accept: */*", "content-length: 2", &host, user_agent, "webhook-id: msg_1"]
    );
}

/// Answers one request with `answer` and holds the connection open.
pub(super) async fn answered(answer: &[u8], within: Duration) -> Outcome {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let receiving = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(answer).await.unwrap();
        connection
    };
    join!(post(&client, &url, within), receiving).0
}

#[tokio::test]
async fn redirects_are_failures_and_are_not_followed() {
    let trap = Receiver::bind().await;
    let location = trap.url();
    for status in [301, 302, 303, 307, 308] {
        let answer =
            format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let outcome = answered(answer.as_bytes(), AMPLE).await;
        let Verdict::TryAgain(failure) = verdict(&outcome) else { panic!("{outcome:?}") };
        assert_eq!((failure.kind, failure.status), (FailureKind::Redirect, Some(status)));
    }
    assert!(trap.untouched());
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_still_a_redirect() {
    for location in ["", "://", "http://", "mailto:a@b", "data:,x", "x:80", "http://a b/", "%"] {
        let answer = format!("HTTP/1.1 302 X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let outcome = answered(answer.as_bytes(), AMPLE).await;
        let Verdict::TryAgain(failure) = verdict(&outcome) else { panic!("{outcome:?}") };
        assert_eq!(
            (failure.kind, failure.status),
            (FailureKind::Redirect, Some(302)),
            "{location}"
        );
    }
}

#[tokio::test]
async fn what_comes_before_the_answer_is_not_the_answer() {
    for before in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n",
    ] {
        let answer = format!("{before}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        let outcome = answered(answer.as_bytes(), AMPLE).await;
        assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 }, "{before}");
        assert_eq!(&outcome.result.unwrap().body[..], b"ok");
    }
}

#[tokio::test]
async fn a_failure_brings_its_retry_after() {
    let answer = b"HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n";
    let outcome = answered(answer, AMPLE).await;
    assert_eq!(
        verdict(&outcome),
        Verdict::TryAgain(Failure {
            kind: FailureKind::Status,
            status: Some(503),
            retry_after: Some(Duration::from_secs(120)),
        })
    );
}

#[tokio::test]
async fn a_compressed_answer_is_kept_as_it_came() {
    let answer =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\0";
    let answer = answered(answer, AMPLE).await.result.unwrap();
    assert_eq!(&answer.body[..], b"\x1f\x8b\x08\0");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let begun = Instant::now();
    let outcome = answered(b"", SCANT).await;
    assert_eq!(verdict(&outcome), failed(FailureKind::Timeout));
    assert!(begun.elapsed() >= SCANT);
    assert!(begun.elapsed() < AMPLE);
}

#[tokio::test]
async fn a_head_that_drips_ends_at_the_deadline() {
    const DRIP: Duration = Duration::from_secs(1);
    let deadline = DRIP * 5 / 2;
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let dripping = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\nx-long: ").await.unwrap();
        let mut drops = tokio::time::interval(DRIP);
        let mut fallen = 0;
        while connection.write(b"x").await.is_ok() {
            fallen += 1;
            drops.tick().await;
        }
        fallen
    };
    let begun = Instant::now();
    let sending = async { (post(&client, &url, deadline).await, begun.elapsed()) };
    // The receiver drips until the client closes, so both must end.
    let ((outcome, took), fallen) = join!(sending, dripping);
    assert_eq!(verdict(&outcome), failed(FailureKind::Timeout));
    assert!(took >= deadline && took < AMPLE, "{took:?}");
    assert!(fallen >= 3, "the head was not dripping: {fallen}");
}

#[tokio::test]
async fn a_connection_that_the_receiver_closed_is_not_used_again() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let (tell_closed, closed) = oneshot::channel();
    let receiving = async {
        let mut first = receiver.accept().await;
        first.request().await.unwrap();
        first.write(NO_CONTENT).await.unwrap();
        first.stream.shutdown().await.unwrap();
        first.closed().await;
        tell_closed.send(()).unwrap();
        let mut second = receiver.accept().await;
        second.request().await.unwrap();
        second.write(NO_CONTENT).await.unwrap();
        second
    };
    let sending = async {
        let first = post(&client, &url, AMPLE).await;
        closed.await.unwrap();
        (first, post(&client, &url, AMPLE).await)
    };
    let ((first, second), _open) = join!(sending, receiving);
    assert_eq!(verdict(&first), Verdict::Delivered { status: 204 });
    assert_eq!(verdict(&second), Verdict::Delivered { status: 204 });
}

#[tokio::test]
async fn a_broken_connection_is_a_reset() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let breaking = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.stream.set_zero_linger().unwrap();
    };
    let (outcome, ()) = join!(post(&client, &url, AMPLE), breaking);
    assert_eq!(verdict(&outcome), failed(FailureKind::Reset));
}

#[tokio::test]
async fn what_is_not_http_is_a_reset() {
    for answer in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"HTTP/1.1 2 OK\r\n\r\n", &[0xff; 64]] {
        let outcome = answered(answer, AMPLE).await;
        assert_eq!(verdict(&outcome), failed(FailureKind::Reset));
    }
}

#[tokio::test]
async fn an_oversized_head_is_a_reset() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-more: 1\r\n".repeat(101));
    let outcome = answered(many.as_bytes(), AMPLE).await;
    assert_eq!(verdict(&outcome), failed(FailureKind::Reset));
}

#[tokio::test]
async fn dropping_the_request_closes_its_connection() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let receiving = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection
    };
    let connection = tokio::select! {
        connection = receiving => connection,
        outcome = post(&client, &url, AMPLE) => panic!("{outcome:?}"),
    };
    connection.closed().await;
}
