//! Versions of TLS: which are spoken, and what is said where there is none in common.

use tokio::{
    io::{AsyncReadExt as _, copy_bidirectional},
    join,
    net::TcpStream,
};

use super::{
    authority::{Authority, HOST},
    old_tls::OldTls,
    receiver::Receiver,
    wiretap::Heard,
    *,
};

const NOTHING_NEW: &str = "the endpoint offers no TLS 1.2 or newer";

fn offering(tls: TlsVersions) -> Transport {
    Transport { tls, ..Transport::default() }
}

#[tokio::test]
async fn requests_go_out_over_every_version_that_both_sides_speak() {
    use TlsVersions::{Tls12AndTls13, Tls12Only, Tls13Only};
    let root = Authority::root("Root");
    let client = root.trusted();
    for (ours, theirs, spoken) in [
        (Tls12AndTls13, Tls12Only, "TLSv1_2"),
        (Tls12AndTls13, Tls13Only, "TLSv1_3"),
        (Tls12AndTls13, Tls12AndTls13, "TLSv1_3"),
        (Tls12Only, Tls12AndTls13, "TLSv1_2"),
        (Tls13Only, Tls12AndTls13, "TLSv1_3"),
    ] {
        let receiver = Receiver::bind().await;
        let acceptor = root.vouch_for(HOST).speaking(theirs);
        let (url, transport) = (receiver.secure_url(), offering(ours));
        let sending = post_by(&client, &url, AMPLE, &transport);
        let (outcome, connection) = join!(sending, acceptor.answer(&receiver));
        assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 }, "{ours} to {theirs}");
        let version = connection.unwrap().stream.get_ref().1.protocol_version().unwrap();
        assert_eq!(format!("{version:?}"), spoken);
    }
}

#[tokio::test]
async fn a_version_that_the_transport_leaves_out_is_not_spoken() {
    use TlsVersions::{Tls12Only, Tls13Only};
    let root = Authority::root("Root");
    let client = root.trusted();
    for (ours, theirs, words) in [
        (
            Tls13Only,
            Tls12Only,
            "the endpoint does not offer TLS 1.3, which is all that is allowed for it",
        ),
        (
            Tls12Only,
            Tls13Only,
            "the endpoint does not offer TLS 1.2, which is all that is allowed for it",
        ),
    ] {
        let receiver = Receiver::bind().await;
        let acceptor = root.vouch_for(HOST).speaking(theirs);
        let (url, transport) = (receiver.secure_url(), offering(ours));
        let sending = post_by(&client, &url, AMPLE, &transport);
        let (outcome, accepted) = join!(sending, acceptor.accept(&receiver));
        assert!(accepted.is_err());
        assert!(!acceptor.heard.a_request());
        assert_eq!(trouble(&outcome), TlsTrouble::VersionNotAllowed(ours));
        assert_eq!(trouble(&outcome).as_str(), "tls_version");
        assert_eq!(outcome.result.unwrap_err().to_string(), words);
    }
}

#[tokio::test]
async fn a_receiver_of_an_old_version_gets_nothing_but_a_greeting() {
    let root = Authority::root("Root");
    let client = root.trusted();
    for version in ["1.0", "1.1"] {
        let mut old = OldTls::start(version, &root.vouch_for(HOST)).await;
        let receiver = Receiver::bind().await;
        let heard = Heard::default();
        let relaying = async {
            let mut near = heard.on(receiver.accept().await.stream);
            let mut far = TcpStream::connect(old.addr()).await.unwrap();
            // Either side may reset the other once the handshake has failed.
            let _ = copy_bidirectional(&mut near, &mut far).await;
        };
        let url = receiver.secure_url();
        let (outcome, ()) = join!(post(&client, &url, AMPLE), relaying);
        assert_eq!(trouble(&outcome), TlsTrouble::TooOld, "TLS {version}");
        assert_eq!(trouble(&outcome).as_str(), "tls_version");
        assert_eq!(outcome.result.unwrap_err().to_string(), NOTHING_NEW);
        assert_eq!(old.report().await, "refused UNSUPPORTED_PROTOCOL", "TLS {version}");
        assert_eq!(heard.handshakes(), 1, "more than a greeting was sent");
        assert!(!heard.a_request());
    }
}

#[tokio::test]
async fn a_receiver_that_answers_in_an_old_version_is_too_old_whatever_is_offered() {
    for minor in [0, 1, 2] {
        // Session id and extensions none, ECDHE-ECDSA-AES128-SHA, no compression.
        let mut hello = vec![22, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor];
        hello.extend([7; 32]);
        hello.extend([0, 0xc0, 0x09, 0]);
        for tls in TlsVersions::ALL {
            let receiver = Receiver::bind().await;
            let heard = Heard::default();
            let answering = async {
                let mut connection = receiver.accept().await;
                let mut greeting = [0; 16 * 1024];
                assert!(connection.stream.read(&mut greeting).await.unwrap() > 0);
                connection.write(&hello).await.unwrap();
                let mut rest = Vec::new();
                let mut tapped = heard.on(connection.stream);
                let _ = tapped.read_to_end(&mut rest).await;
                rest
            };
            let (client, url, transport) =
                (client(loopback()), receiver.secure_url(), offering(tls));
            let (outcome, rest) = join!(post_by(&client, &url, AMPLE, &transport), answering);
            assert_eq!(trouble(&outcome), TlsTrouble::TooOld, "3.{minor} to {tls}");
            assert_eq!(outcome.result.unwrap_err().to_string(), NOTHING_NEW);
            // A fatal alert: protocol version.
            assert_eq!((rest[0], &rest[3..]), (21, &[0, 2, 2, 70][..]));
        }
    }
}
