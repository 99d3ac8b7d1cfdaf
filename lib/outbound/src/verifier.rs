//! Whom a receiver's certificate must convince: the TLS library's own verifier, behind one that
//! adds nothing but an explanation of why a certificate was refused.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use webpki::EndEntityCert;

use crate::TlsTrouble;

/// How far a chain is followed in search of an authority. Real ones have at most four links.
const MAX_LINKS: usize = 16;

/// Every judgement is the library's. Where it is "no", and the library does not tell apart why, the
/// certificates are looked at once more; a "no" stays a "no".
#[derive(Debug)]
pub(crate) struct Verifier {
    library: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    pub(crate) fn try_new(
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let roots = Arc::new(roots);
        let library = WebPkiServerVerifier::builder_with_provider(roots, provider).build()?;
        Ok(Self { library })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.library
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| explained(error, end_entity, intermediates))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.library.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.library.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.library.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.library.requires_raw_public_keys()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.library.root_hint_subjects()
    }
}

/// The same error, or one that says which of the errors behind an unknown issuer it is.
fn explained(error: Error, end_entity: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Error {
    let trouble = match &error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => chain(end_entity, sent),
        // What most tools make where a self-signed certificate is asked for may sign others too.
        Error::InvalidCertificate(CertificateError::Other(OtherError(cause)))
            if matches!(cause.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)) =>
        {
            chain(end_entity, sent).filter(|trouble| *trouble == TlsTrouble::SelfSigned)
        }
        _ => None,
    };
    match trouble {
        Some(trouble) => CertificateError::Other(OtherError(Arc::new(trouble))).into(),
        None => error,
    }
}

/// What is wrong with a chain whose issuer is unknown; `None` if the certificate is unreadable.
///
/// Names decide, and signatures are not checked: it is refused already.
fn chain(end_entity: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Option<TlsTrouble> {
    let end_entity = EndEntityCert::try_from(end_entity).ok()?;
    if end_entity.issuer() == end_entity.subject() {
        return Some(TlsTrouble::SelfSigned);
    }
    let sent: Vec<_> = sent.iter().filter_map(|der| EndEntityCert::try_from(der).ok()).collect();
    let mut wanted = end_entity.issuer();
    for _ in 0..MAX_LINKS {
        let Some(issuer) = sent.iter().find(|certificate| certificate.subject() == wanted) else {
            return Some(TlsTrouble::IncompleteChain);
        };
        if issuer.issuer() == issuer.subject() {
            return Some(TlsTrouble::UnknownAuthority);
        }
        wanted = issuer.issuer();
    }
    Some(TlsTrouble::IncompleteChain)
}
