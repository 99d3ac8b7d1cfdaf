//! Bodies: however they come, the head has decided.

use tokio::join;

use super::{
    answers::{NO_CONTENT, answered},
    receiver::Receiver,
    *,
};

#[tokio::test]
async fn a_body_that_never_comes_does_not_undo_the_status() {
    let outcome = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", SCANT).await;
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
    let answer = outcome.result.unwrap();
    assert_eq!((&answer.body[..], answer.body_complete), (&b"half"[..], false));
}

#[tokio::test]
async fn an_endless_body_is_cut_off_and_its_connection_closed() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let pouring = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await.unwrap();
        let mut poured = 0;
        while connection.write(&[b'x'; 16 * 1024]).await.is_ok() {
            poured += 16 * 1024;
        }
        poured
    };
    let (outcome, poured) = join!(post(&client, &url, AMPLE), pouring);
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
    let answer = outcome.result.unwrap();
    assert_eq!((answer.body.len(), answer.body_complete), (16 * 1024, false));
    // What the sockets' buffers took in, and not the ten gigabytes.
    assert!(poured < 64 * 1024 * 1024, "{poured}");
}

#[tokio::test]
async fn a_long_body_that_ends_is_read_out_so_that_its_connection_can_be_used_again() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let receiving = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n").await.unwrap();
        connection.write(&[b'x'; 40_000]).await.unwrap();
        connection.request().await.unwrap();
        connection.write(NO_CONTENT).await.unwrap();
    };
    let sending = async {
        let first = post(&client, &url, AMPLE).await;
        (first, post(&client, &url, AMPLE).await)
    };
    let ((first, second), ()) = join!(sending, receiving);
    let answer = first.result.unwrap();
    assert_eq!((answer.body.len(), answer.body_complete), (16 * 1024, false));
    assert_eq!(verdict(&second), Verdict::Delivered { status: 204 });
}

#[tokio::test]
async fn a_body_that_drips_for_ever_does_not_undo_the_status() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let dripping = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        let mut drops = tokio::time::interval(SCANT / 20);
        while connection.write(b"1\r\nx\r\n").await.is_ok() {
            drops.tick().await;
        }
    };
    let (outcome, ()) = join!(post(&client, &url, SCANT), dripping);
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
    assert!(!outcome.result.unwrap().body_complete);
}

/// A body of 4000 bytes, of which half comes.
async fn half_answered(transport: &Transport, within: Duration) -> (Answer, Duration) {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let receiving = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n").await.unwrap();
        connection.write(&[b'x'; 2_000]).await.unwrap();
        connection.closed().await;
    };
    let begun = Instant::now();
    let sending = async {
        let outcome = post_by(&client, &url, within, transport).await;
        (outcome.result.unwrap(), begun.elapsed())
    };
    join!(sending, receiving).0
}

#[tokio::test]
async fn no_more_of_a_body_is_awaited_than_its_transport_reads() {
    let short = Transport { read_limit: 1_000, keep_limit: 100, ..Transport::default() };
    let (answer, took) = half_answered(&short, AMPLE).await;
    assert_eq!((answer.status, answer.body.len(), answer.body_complete), (200, 100, false));
    assert!(took < AMPLE, "the rest of the body was awaited");
    let (answer, took) = half_answered(&Transport::default(), SCANT).await;
    assert_eq!((answer.status, answer.body.len(), answer.body_complete), (200, 2_000, false));
    assert!(took >= SCANT);
}

#[tokio::test]
async fn a_transport_cannot_ask_for_more_than_the_most() {
    let transport =
        Transport { read_limit: usize::MAX, keep_limit: usize::MAX, ..Transport::default() };
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let pouring = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await.unwrap();
        while connection.write(&[b'x'; 16 * 1024]).await.is_ok() {}
    };
    let (outcome, ()) = join!(post_by(&client, &url, AMPLE, &transport), pouring);
    assert_eq!(outcome.result.unwrap().body.len(), Transport::KEEP_MAX);
}
