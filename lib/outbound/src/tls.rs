//! What is demanded of a receiver's TLS: version 1.2 or 1.3, and a certificate that the system's
//! authorities, or the operator's, vouch for. There is no way to skip verification.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject as _},
    },
};

/// Why receivers' certificates could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Neither the system nor the configuration has a certificate authority.
    #[error("no certificate authority: install the system's, or configure one")]
    NoRoots,
    /// The configured authorities are not PEM, or there are none in them.
    #[error("the extra certificate authorities are not PEM certificates")]
    ExtraCaPem(#[source] pem::Error),
    /// One of the configured authorities is not a certificate that can be trusted.
    #[error("an extra certificate authority is not usable")]
    ExtraCa(#[source] rustls::Error),
    /// The crypto provider does not support the versions demanded.
    #[error("TLS 1.2 and 1.3 are not supported by the crypto provider")]
    Versions(#[source] rustls::Error),
}

/// A client configuration with the system's authorities and `extra_ca` (PEM).
///
/// Sessions are resumed from an in-memory cache of 256 servers, the library's default.
pub(crate) fn client_config(extra_ca: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
    let mut roots = system_roots();
    if let Some(pem) = extra_ca {
        add_extra(&mut roots, pem)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A broken certificate among the system's is no reason not to start, as long as others are whole.
fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "cannot read some of the system's certificate authorities");
    }
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, "loaded the system's certificate authorities");
    roots
}

fn add_extra(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), TlsError> {
    let mut any = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(TlsError::ExtraCaPem)?).map_err(TlsError::ExtraCa)?;
        any = true;
    }
    if any { Ok(()) } else { Err(TlsError::ExtraCaPem(pem::Error::NoItemsFound)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_authorities_must_be_certificates() {
        for not_pem in [&b""[..], b"not PEM", b"-----BEGIN CERTIFICATE-----\n"] {
            assert!(matches!(client_config(Some(not_pem)), Err(TlsError::ExtraCaPem(_))));
        }
        let not_a_certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(client_config(Some(not_a_certificate)), Err(TlsError::ExtraCa(_))));
    }
}
