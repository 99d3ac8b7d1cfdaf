//! TLS: whom the client trusts, and what it says where it does not.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{io::AsyncReadExt as _, join, net::TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    receiver::{Connection, Receiver},
    *,
};

/// A certificate authority, and a receiver's side of TLS with a certificate made by it.
struct Authority {
    pem: Bytes,
    acceptor: TlsAcceptor,
}

impl Authority {
    /// Vouches for `name` only.
    fn vouching_for(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { pem: ca.pem().into(), acceptor: Arc::new(config).into() }
    }

    async fn accept(
        &self,
        receiver: &Receiver,
    ) -> std::io::Result<Connection<TlsStream<TcpStream>>> {
        let stream = self.acceptor.accept(receiver.accept().await.stream).await?;
        Ok(Connection { stream })
    }
}

fn secure_url(receiver: &Receiver) -> String {
    format!("https://{}/hook", receiver.addr())
}

#[tokio::test]
async fn a_certificate_of_an_extra_authority_is_trusted() {
    let authority = Authority::vouching_for("127.0.0.1");
    let receiver = Receiver::bind().await;
    let trusting = client(OutboundConfig {
        extra_ca: Some(authority.pem.clone()),
        https_only: true,
        ..loopback()
    });
    let receiving = async {
        let mut connection = authority.accept(&receiver).await.unwrap();
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        connection
    };
    let url = secure_url(&receiver);
    let (outcome, connection) = join!(post(&trusting, &url, AMPLE), receiving);
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
    assert_eq!(connection.stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn an_unknown_authority_or_another_name_is_a_tls_failure() {
    let authority = Authority::vouching_for("127.0.0.1");
    let elsewhere = Authority::vouching_for("elsewhere.example");
    let extra_ca = Some(elsewhere.pem.clone());
    let trusting = client(OutboundConfig { extra_ca, ..loopback() });
    for unknown in [authority, elsewhere] {
        let receiver = Receiver::bind().await;
        let url = secure_url(&receiver);
        let (outcome, accepted) = join!(post(&trusting, &url, AMPLE), unknown.accept(&receiver));
        assert_eq!(verdict(&outcome), failed(FailureKind::Tls));
        assert!(accepted.is_err(), "the request went out to a receiver that is not trusted");
    }
}

#[tokio::test]
async fn a_receiver_without_tls_is_a_tls_failure() {
    for plain in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let receiver = Receiver::bind().await;
        let url = secure_url(&receiver);
        let answering = async {
            let mut connection = receiver.accept().await;
            // All that came is read, so that closing does not reset the connection.
            assert!(connection.stream.read(&mut [0; 16 * 1024]).await.unwrap() > 0);
            connection.write(plain).await.unwrap();
        };
        let client = client(loopback());
        let (outcome, ()) = join!(post(&client, &url, AMPLE), answering);
        assert_eq!(verdict(&outcome), failed(FailureKind::Tls));
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_does_not_outlast_the_connect_timeout() {
    let receiver = Receiver::bind().await;
    let url = secure_url(&receiver);
    let impatient = client(OutboundConfig { connect_timeout: SCANT, ..loopback() });
    let begun = Instant::now();
    let (outcome, _open) = join!(post(&impatient, &url, AMPLE), receiver.accept());
    assert_eq!(verdict(&outcome), failed(FailureKind::Timeout));
    assert!(begun.elapsed() < AMPLE);
}
