//! Certificate authorities, what they vouch for, and receivers that show it.

use std::{io, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    version::{TLS12, TLS13},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    receiver::{Connection, Receiver},
    wiretap::{Heard, Wiretap},
    *,
};

/// The name that receivers on the loopback have.
pub(super) const HOST: &str = "127.0.0.1";

pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Vouched for by nobody else.
    pub(super) fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(Self::params(name), key).unwrap())
    }

    /// Vouched for by this one.
    pub(super) fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(Self::params(name), key, &self.0).unwrap())
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A client that trusts this authority beside the system's.
    pub(super) fn trusted(&self) -> Client {
        client(OutboundConfig { extra_ca: Some(self.0.pem().into()), ..loopback() })
    }

    /// Vouches for a host.
    pub(super) fn vouch_for(&self, host: &str) -> Identity {
        self.vouch(&named("receiver", &[host]))
    }

    pub(super) fn vouch(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }
}

/// What a certificate says of its subject.
pub(super) fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// What a receiver shows of itself.
pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    pem: String,
    key: KeyPair,
}

impl Identity {
    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    /// Shows this authority's certificate as well.
    pub(super) fn and(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.der());
        self
    }

    /// Its own certificate and the key to it, as PEM.
    pub(super) fn pem(&self) -> String {
        self.pem.clone() + &self.key.serialize_pem()
    }

    /// A receiver's side of TLS that speaks these versions only.
    pub(super) fn speaking(&self, versions: TlsVersions) -> Acceptor {
        let versions = match versions {
            TlsVersions::Tls12AndTls13 => &[&TLS12, &TLS13][..],
            TlsVersions::Tls12Only => &[&TLS12],
            TlsVersions::Tls13Only => &[&TLS13],
        };
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Acceptor { tls: Arc::new(config).into(), heard: Heard::default() }
    }
}

/// A receiver's side of TLS, which hears everything that is sent to it.
pub(super) struct Acceptor {
    tls: TlsAcceptor,
    pub(super) heard: Heard,
}

impl Acceptor {
    pub(super) async fn accept(
        &self,
        receiver: &Receiver,
    ) -> io::Result<Connection<TlsStream<Wiretap<TcpStream>>>> {
        let stream = self.heard.on(receiver.accept().await.stream);
        Ok(Connection { stream: self.tls.accept(stream).await? })
    }

    /// Answers one request with 200; `None` where there is no handshake.
    pub(super) async fn answer(
        &self,
        receiver: &Receiver,
    ) -> Option<Connection<TlsStream<Wiretap<TcpStream>>>> {
        let mut connection = self.accept(receiver).await.ok()?;
        connection.request().await.unwrap();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        Some(connection)
    }
}
