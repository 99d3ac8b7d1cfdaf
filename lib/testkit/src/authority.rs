//! A certificate authority of the test's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The names by which receivers are called.
const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

/// An authority that nobody trusts who is not given its certificate, and what a
/// [`Receiver`](crate::Receiver) needs to be vouched for by it.
pub struct Authority {
    pem: PathBuf,
    acceptor: TlsAcceptor,
    _folder: TempDir,
}

impl Authority {
    /// Makes an authority, and a certificate for 127.0.0.1 and localhost.
    ///
    /// # Panics
    /// If its file cannot be written.
    #[must_use]
    pub fn new() -> Self {
        let mut params = params("Authority of a test", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("the parameters are ours");
        let folder = tempfile::Builder::new()
            .prefix("posthaste-authority-")
            .tempdir()
            .expect("a temporary folder can be made");
        let pem = folder.path().join("ca.pem");
        std::fs::write(&pem, issuer.pem()).expect("the temporary folder can be written to");
        let acceptor = Arc::new(vouched_for(&issuer)).into();
        Self { pem, acceptor, _folder: folder }
    }

    /// The authority's certificate as PEM, in a file that lives as long as this value.
    #[must_use]
    pub fn pem_file(&self) -> &Path {
        &self.pem
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A server's side of TLS 1.2 and 1.3.
fn vouched_for(issuer: &CertifiedIssuer<'_, KeyPair>) -> ServerConfig {
    let key = key();
    let certificate =
        params("Receiver", &HOSTS).signed_by(&key, issuer).expect("the parameters are ours");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("the key was just made");
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for both versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key is the certificate's")
}

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("the names are ASCII");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("the provider makes keys")
}
