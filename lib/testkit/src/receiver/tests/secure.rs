//! Receivers behind TLS.

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;

type Secured = BufReader<TlsStream<TcpStream>>;

async fn connect_to(
    receiver: &Receiver,
    host: &'static str,
    trusted: &Authority,
) -> io::Result<Secured> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted.pem_file()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", receiver.port)).await.unwrap();
    let name = ServerName::try_from(host).unwrap();
    Ok(BufReader::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

#[tokio::test]
async fn answers_whoever_trusts_its_authority_by_either_name() {
    let authority = Authority::new();
    let receiver = Receiver::start_https(&authority, Script::always(Answer::Status(202))).await;
    assert!(receiver.url().starts_with("https://127.0.0.1:"));
    for host in ["127.0.0.1", "localhost"] {
        let mut client = connect_to(&receiver, host, &authority).await.unwrap();
        for body in ["{}", "[]"] {
            assert_eq!(ask(&mut client, &post("msg_1", body)).await.unwrap().0, 202);
        }
    }
    let all = receiver.wait_for(4).await;
    assert!(all[0].head.starts_with(b"POST /hooks?a=1 HTTP/1.1\r\nHost: shop\r\nWebhook-Id: "));
    assert_eq!((all[1].body.as_ref(), all[1].connection, all[2].connection), (&b"[]"[..], 1, 2));
}

#[tokio::test]
async fn knows_of_a_connection_that_came_to_nothing() {
    let receiver = Receiver::start_https(&Authority::new(), Script::always(Answer::OK)).await;
    assert_eq!(receiver.connections(), 0);
    assert!(connect_to(&receiver, "localhost", &Authority::new()).await.is_err());
    assert_eq!((receiver.connections(), receiver.count()), (1, 0));
}

#[tokio::test]
async fn misbehaves_as_it_does_without() {
    let authority = Authority::new();
    let receiver = Receiver::start_https(
        &authority,
        Script::sequence(vec![Answer::Reset, Answer::Raw(Bytes::new())], Answer::Endless),
    )
    .await;
    for lost in [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof] {
        let mut client = connect_to(&receiver, "127.0.0.1", &authority).await.unwrap();
        let error = ask(&mut client, &post("msg_1", "")).await.unwrap_err();
        assert_eq!(error.kind(), lost, "{error}");
    }
    let mut client = connect_to(&receiver, "127.0.0.1", &authority).await.unwrap();
    client.write_all(post("msg_1", "{}").as_bytes()).await.unwrap();
    client.read_exact(&mut vec![0; 1 << 20]).await.unwrap();
    drop(client);
    receiver.wait_idle().await;
}
