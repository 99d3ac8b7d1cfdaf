//! TLS: what is agreed on, and receivers that do not keep to it.

use tokio::{io::AsyncReadExt as _, join};

use super::{
    authority::{Authority, HOST},
    receiver::Receiver,
    wiretap::Heard,
    *,
};

#[tokio::test]
async fn http_1_is_agreed_on_even_where_the_receiver_prefers_2() {
    let root = Authority::root("Root");
    let receiver = Receiver::bind().await;
    let acceptor = root.vouch_for(HOST).speaking(TlsVersions::default());
    let transport = Transport { https_only: true, ..Transport::default() };
    let (client, url) = (root.trusted(), receiver.secure_url());
    let sending = post_by(&client, &url, AMPLE, &transport);
    let (outcome, connection) = join!(sending, acceptor.answer(&receiver));
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
    let connection = connection.unwrap();
    assert_eq!(connection.stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

/// Answers a greeting with `answer` and closes. Returns what is wrong with that, after seeing to it
/// that no request was sent.
async fn greeted_with(answer: &[u8]) -> TlsTrouble {
    let receiver = Receiver::bind().await;
    let url = receiver.secure_url();
    let heard = Heard::default();
    let answering = async {
        let mut connection =
            receiver::Connection { stream: heard.on(receiver.accept().await.stream) };
        // All that came is read, so that closing does not reset the connection.
        assert!(connection.stream.read(&mut [0; 16 * 1024]).await.unwrap() > 0);
        connection.write(answer).await.unwrap();
        connection
    };
    let client = client(loopback());
    let closing = async { drop(answering.await) };
    let (outcome, ()) = join!(post(&client, &url, AMPLE), closing);
    assert_eq!(heard.handshakes(), 1);
    assert!(!heard.a_request());
    trouble(&outcome)
}

#[tokio::test]
async fn a_receiver_without_tls_is_a_tls_failure() {
    for plain in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"<html>400 The plain HTTP request was sent to HTTPS port</html>",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example ESMTP\r\n",
        &[0; 64],
        &[0xff; 64],
    ] {
        let trouble = greeted_with(plain).await;
        assert_eq!(trouble, TlsTrouble::NotTls, "{plain:?}");
        assert_eq!(trouble.to_string(), "the endpoint's server does not speak TLS on this port");
    }
}

#[tokio::test]
async fn a_receiver_that_breaks_off_is_a_tls_failure() {
    assert_eq!(greeted_with(b"").await, TlsTrouble::Closed);
    let alert = |number| [21, 3, 3, 0, 2, 2, number];
    for (number, trouble) in [
        (40, TlsTrouble::NothingInCommon),
        (70, TlsTrouble::TooOld),
        (71, TlsTrouble::NothingInCommon),
        (80, TlsTrouble::Alert),
        (112, TlsTrouble::NameRefused),
        (116, TlsTrouble::ClientCertificate),
    ] {
        assert_eq!(greeted_with(&alert(number)).await, trouble, "alert {number}");
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_does_not_outlast_the_connect_timeout() {
    let receiver = Receiver::bind().await;
    let url = receiver.secure_url();
    let impatient = Transport { connect_timeout: SCANT, ..Transport::default() };
    let client = client(loopback());
    let begun = Instant::now();
    let (outcome, _open) = join!(post_by(&client, &url, AMPLE, &impatient), receiver.accept());
    assert_eq!(verdict(&outcome), failed(FailureKind::Timeout));
    assert!(begun.elapsed() < AMPLE);
}
