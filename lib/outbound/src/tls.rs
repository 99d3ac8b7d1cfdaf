//! What is demanded of a receiver's TLS: version 1.2 or 1.3, and a certificate that the system's
//! authorities, or the operator's, vouch for. There is no way to skip verification.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    client::VerifierBuilderError,
    crypto::ring,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject as _},
    },
    version::{TLS12, TLS13},
};

use crate::{TlsVersions, verifier::Verifier};

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
    /// No verifier can be made of the authorities.
    #[error("the certificate authorities are not usable")]
    Verifier(#[source] VerifierBuilderError),
    /// The crypto provider does not support the versions demanded.
    #[error("TLS 1.2 and 1.3 are not supported by the crypto provider")]
    Versions(#[source] rustls::Error),
}

/// One configuration for each choice of versions. They share the authorities, which are read once.
///
/// Sessions are resumed from an in-memory cache of 256 servers, the library's default, one for each
/// choice: a session is never taken up under a choice that it was not made under.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    both: ClientConfig,
    only_12: ClientConfig,
    only_13: ClientConfig,
}

impl Tls {
    /// With the system's authorities and `extra_ca` (PEM).
    pub(crate) fn try_new(extra_ca: Option<&[u8]>) -> Result<Self, TlsError> {
        let mut roots = system_roots();
        if let Some(pem) = extra_ca {
            add_extra(&mut roots, pem)?;
        }
        if roots.is_empty() {
            return Err(TlsError::NoRoots);
        }
        let provider = Arc::new(ring::default_provider());
        let verifier =
            Verifier::try_new(roots, Arc::clone(&provider)).map_err(TlsError::Verifier)?;
        let verifier = Arc::new(verifier);
        let offering = |versions: &[&'static SupportedProtocolVersion]| {
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(versions)
                .map_err(TlsError::Versions)?
                // Named so for what a verifier may leave out. Ours leaves every verdict to the
                // library's own.
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
                .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(config)
        };
        Ok(Self {
            both: offering(&[&TLS13, &TLS12])?,
            only_12: offering(&[&TLS12])?,
            only_13: offering(&[&TLS13])?,
        })
    }

    pub(crate) const fn config(&self, versions: TlsVersions) -> &ClientConfig {
        match versions {
            TlsVersions::Tls12AndTls13 => &self.both,
            TlsVersions::Tls12Only => &self.only_12,
            TlsVersions::Tls13Only => &self.only_13,
        }
    }
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
            assert!(matches!(Tls::try_new(Some(not_pem)), Err(TlsError::ExtraCaPem(_))));
        }
        let not_a_certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Tls::try_new(Some(not_a_certificate)), Err(TlsError::ExtraCa(_))));
    }
}
