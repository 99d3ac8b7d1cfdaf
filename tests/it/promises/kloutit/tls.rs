//! Authorities, what they vouch for, and TLS in front of a program that speaks none.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ALL_VERSIONS, ProtocolVersion, ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tempfile::NamedTempFile;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::promises::bed::World;

/// The name that receivers have here.
pub(in crate::promises) const HOST: &str = "127.0.0.1";

/// An authority, and its certificate in a file.
pub(in crate::promises) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// What a receiver shows of itself.
pub(in crate::promises) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    pem: String,
    key: KeyPair,
}

/// TLS on a port of its own, in front of a program on this machine that speaks none. Dropping it
/// breaks off its connections.
pub(in crate::promises) struct Front {
    port: u16,
    spoken: Arc<Mutex<Vec<ProtocolVersion>>>,
    _stop: DropGuard,
}

impl Authority {
    /// Vouched for by nobody else.
    pub(in crate::promises) fn root(name: &str) -> Self {
        Self::of(CertifiedIssuer::self_signed(Self::params(name), key()).unwrap())
    }

    /// Vouched for by this one.
    pub(super) fn intermediate(&self, name: &str) -> Self {
        Self::of(CertifiedIssuer::signed_by(Self::params(name), key(), &self.issuer).unwrap())
    }

    fn of(issuer: CertifiedIssuer<'static, KeyPair>) -> Self {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        Self { issuer, file }
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn pem_file(&self) -> &Path {
        self.file.path()
    }

    /// The system, whose worker trusts receivers of this authority.
    pub(in crate::promises) async fn world(&self) -> World {
        let trusted = self.pem_file().to_str().unwrap();
        World::start_with(&[("POSTHASTE_OUTBOUND_CA_FILE", trusted)]).await
    }

    pub(in crate::promises) fn vouch(&self, params: &CertificateParams) -> Identity {
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    /// Vouches for a receiver on this machine.
    pub(in crate::promises) fn vouch_for_host(&self) -> Identity {
        self.vouch(&named("Receiver", &[HOST]))
    }
}

/// What a certificate says of its subject.
pub(super) fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

impl Identity {
    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = key();
        let certificate = params.self_signed(&key).unwrap();
        Self { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    /// Its own certificate and the key to it, as PEM.
    pub(super) fn pem(&self) -> String {
        self.pem.clone() + &self.key.serialize_pem()
    }

    fn speaking(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        Arc::new(config).into()
    }
}

impl Front {
    /// In front of this port, under this identity.
    pub(in crate::promises) async fn start(identity: &Identity, to: u16) -> Self {
        Self::speaking(ALL_VERSIONS, identity, to).await
    }

    /// The same, with nothing but these versions of TLS.
    pub(super) async fn speaking(
        versions: &[&'static SupportedProtocolVersion],
        identity: &Identity,
        to: u16,
    ) -> Self {
        let acceptor = identity.speaking(versions);
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (spoken, stop) = (Arc::default(), CancellationToken::new());
        let each = stop.clone();
        let heard = Arc::clone(&spoken);
        let accepting = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let passing = pass(stream, acceptor.clone(), to, Arc::clone(&heard));
                tokio::spawn(each.clone().run_until_cancelled_owned(passing));
            }
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { port, spoken, _stop: stop.drop_guard() }
    }

    /// Where it listens, without a path.
    pub(in crate::promises) fn url(&self) -> String {
        format!("https://{HOST}:{}", self.port)
    }

    /// The version of each connection on which a handshake was completed.
    pub(super) fn spoken(&self) -> Vec<ProtocolVersion> {
        self.spoken.lock().unwrap().clone()
    }
}

/// Passes on what comes, once there is TLS. Where there is none, the sender has given up, and that
/// is what some tests are about.
async fn pass(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    to: u16,
    spoken: Arc<Mutex<Vec<ProtocolVersion>>>,
) {
    let Ok(mut near) = acceptor.accept(stream).await else { return };
    let version = near.get_ref().1.protocol_version().unwrap();
    spoken.lock().unwrap().push(version);
    let mut far = TcpStream::connect((HOST, to)).await.unwrap();
    let _ = copy_bidirectional(&mut near, &mut far).await;
}
