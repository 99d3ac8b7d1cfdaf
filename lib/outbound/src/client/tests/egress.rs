//! Where requests may go, and what becomes of those that cannot.

use posthaste_domain::Refusal;
use tokio::{join, net::TcpSocket};

use super::{receiver::Receiver, *};

#[tokio::test]
async fn a_literal_private_address_is_never_dialled_in_any_spelling() {
    let receiver = Receiver::bind().await;
    let port = receiver.addr().port();
    let strict = client(OutboundConfig::default());
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "%31%32%37.0.0.1",
        "①②⑦.⓪.⓪.①",
        "0",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ] {
        for scheme in ["http", "https"] {
            let outcome = post(&strict, &format!("{scheme}://{host}:{port}/"), AMPLE).await;
            let refused = Verdict::Refused(Refusal::BlockedAddress);
            assert_eq!(verdict(&outcome), refused, "{scheme}://{host}");
        }
    }
    assert!(receiver.untouched());
}

#[tokio::test]
async fn a_name_of_private_addresses_is_never_dialled() {
    let receiver = Receiver::bind().await;
    let strict = client(OutboundConfig::default());
    let url = format!("http://localhost:{}/", receiver.addr().port());
    let outcome = post(&strict, &url, AMPLE).await;
    assert_eq!(verdict(&outcome), Verdict::Refused(Refusal::BlockedAddress));
    assert!(receiver.untouched());
}

#[tokio::test]
async fn an_allowed_name_is_dialled() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = format!("http://localhost:{}/", receiver.addr().port());
    let receiving = async {
        let mut connection = receiver.accept().await;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        connection
    };
    let (outcome, _open) = join!(post(&client, &url, AMPLE), receiving);
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
}

#[tokio::test]
async fn a_name_that_cannot_resolve_is_a_dns_failure() {
    // A label may have 63 characters, so the system's resolver refuses without asking a server.
    let url = format!("http://{}.example/", "a".repeat(64));
    let outcome = post(&client(loopback()), &url, AMPLE).await;
    assert_eq!(verdict(&outcome), failed(FailureKind::Dns));
}

#[tokio::test]
async fn nobody_listening_is_a_failure_to_connect() {
    // Bound, so that the port is nobody else's, but not listening.
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", deaf.local_addr().unwrap());
    let outcome = post(&client(loopback()), &url, AMPLE).await;
    assert_eq!(verdict(&outcome), failed(FailureKind::Connect));
}

#[tokio::test]
async fn a_url_that_cannot_be_requested_is_refused_before_anything_is_dialled() {
    let receiver = Receiver::bind().await;
    let refused = Verdict::Refused(Refusal::InvalidUrl);
    let base = receiver.url();
    let too_long = format!("{base}?{}", "x".repeat(EndpointUrl::MAX_LEN - base.len() - 1));
    assert_eq!(verdict(&post(&client(loopback()), &too_long, AMPLE).await), refused);
    let secure = client(OutboundConfig { https_only: true, ..loopback() });
    assert_eq!(verdict(&post(&secure, &base, AMPLE).await), refused);
    let transport = Transport { https_only: true, ..Transport::default() };
    let by_transport = post_by(&client(loopback()), &base, AMPLE, &transport).await;
    assert_eq!(verdict(&by_transport), refused);
    let unnameable = format!("https://{}.example/", "a".repeat(64));
    assert_eq!(verdict(&post(&secure, &unnameable, AMPLE).await), refused);
    assert!(receiver.untouched());
}

#[test]
fn an_unusable_configuration_is_refused() {
    for concurrent_lookups in [0, OutboundConfig::MAX_LOOKUPS + 1] {
        let config = OutboundConfig { concurrent_lookups, ..OutboundConfig::default() };
        assert!(matches!(Client::try_new(config), Err(ClientError::Lookups)));
    }
    let config = OutboundConfig { user_agent: "a\nb".to_owned(), ..OutboundConfig::default() };
    assert!(matches!(Client::try_new(config), Err(ClientError::Http(_))));
}
