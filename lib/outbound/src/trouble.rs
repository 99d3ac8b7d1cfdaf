//! What can be wrong with a receiver's TLS, in words that its owner can act on.

use std::error::Error;

use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible};

use crate::TlsVersions;

/// What is wrong with a receiver's TLS. The messages may be shown to customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TlsTrouble {
    /// The certificate, or one between it and its authority, is no longer valid.
    #[error("the endpoint's TLS certificate, or one that it depends on, has expired")]
    Expired,
    /// The certificate, or one between it and its authority, is valid only later.
    #[error("the endpoint's TLS certificate, or one that it depends on, is not valid yet")]
    NotYetValid,
    /// None of the names in the certificate is the URL's.
    #[error("the endpoint's TLS certificate is for another host name")]
    OtherName,
    /// The certificate was issued by itself.
    #[error("the endpoint's TLS certificate is self-signed, and no known authority vouches for it")]
    SelfSigned,
    /// The certificates sent do not lead to an authority, known or not.
    #[error(
        "the endpoint did not send the intermediate certificate that its TLS certificate needs, or \
         an unknown authority issued it"
    )]
    IncompleteChain,
    /// The certificates sent lead to an authority, which is not one of those trusted.
    #[error("the endpoint's TLS certificate was issued by an authority that is not trusted")]
    UnknownAuthority,
    /// The authority that the certificate names did not sign it, or the endpoint has not the key to
    /// its certificate.
    #[error(
        "the endpoint's TLS certificate is not signed by the authority that it names, or the \
         endpoint has another key"
    )]
    BadSignature,
    /// The certificate was withdrawn by who issued it.
    #[error("the endpoint's TLS certificate has been revoked")]
    Revoked,
    /// The certificate is broken, not for servers, or of a kind that is not supported.
    #[error("the endpoint's TLS certificate is broken, not for servers, or of an unsupported kind")]
    Unusable,
    /// Nothing newer than TLS 1.1.
    #[error("the endpoint offers no TLS 1.2 or newer")]
    TooOld,
    /// It speaks TLS 1.2 or 1.3, but none of these.
    #[error("the endpoint does not offer {0}, which is all that is allowed for it")]
    VersionNotAllowed(TlsVersions),
    /// No cipher suite, key exchange or signature in common.
    #[error("the endpoint supports none of the TLS cipher suites and keys that are allowed")]
    NothingInCommon,
    /// It does not serve the name in the URL.
    #[error("the endpoint's server refused the host name in TLS")]
    NameRefused,
    /// It wants to see a certificate of ours.
    #[error("the endpoint asks for a TLS client certificate, and there is none for it")]
    ClientCertificate,
    /// What answered does not speak TLS.
    #[error("the endpoint's server does not speak TLS on this port")]
    NotTls,
    /// The connection ended in the middle of the handshake.
    #[error("the endpoint closed the connection during the TLS handshake")]
    Closed,
    /// It broke off with an alert that says nothing that its owner could act on.
    #[error("the endpoint broke off TLS with an alert")]
    Alert,
    /// It broke the rules of the protocol.
    #[error("the endpoint does not keep to the TLS protocol")]
    Protocol,
}

impl TlsTrouble {
    /// The trouble's name for programs: a closed set of lower-case words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "certificate_expired",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::OtherName => "certificate_other_name",
            Self::SelfSigned => "certificate_self_signed",
            Self::IncompleteChain => "certificate_chain_incomplete",
            Self::UnknownAuthority => "certificate_authority_unknown",
            Self::BadSignature => "certificate_bad_signature",
            Self::Revoked => "certificate_revoked",
            Self::Unusable => "certificate_unusable",
            Self::TooOld | Self::VersionNotAllowed(_) => "tls_version",
            Self::NothingInCommon => "tls_nothing_in_common",
            Self::NameRefused => "tls_name_refused",
            Self::ClientCertificate => "tls_client_certificate",
            Self::NotTls => "not_tls",
            Self::Closed => "tls_closed",
            Self::Alert => "tls_alert",
            Self::Protocol => "tls_protocol",
        }
    }

    /// What an error of the TLS library comes to for a client that offered `versions`; `connecting`
    /// until the handshake is done.
    pub(crate) fn of(error: &rustls::Error, versions: TlsVersions, connecting: bool) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::of_certificate(error),
            rustls::Error::NoCertificatesPresented | rustls::Error::UnsupportedNameType => {
                Self::Unusable
            }
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert, versions),
            rustls::Error::PeerIncompatible(what) => match what {
                PeerIncompatible::ServerDoesNotSupportTls12Or13 => Self::TooOld,
                PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
                    Self::VersionNotAllowed(versions)
                }
                _ => Self::NothingInCommon,
            },
            // The very first bytes are not those of a record.
            rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::InvalidEmptyPayload,
            ) if connecting => Self::NotTls,
            _ => Self::Protocol,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            CertificateError::BadSignature => Self::BadSignature,
            CertificateError::Revoked => Self::Revoked,
            // The verifier has looked at the chain and says more; this is for the want of it.
            CertificateError::UnknownIssuer => Self::IncompleteChain,
            CertificateError::Other(OtherError(error)) => {
                let error: &(dyn Error + 'static) = error.as_ref();
                error.downcast_ref().copied().unwrap_or(Self::Unusable)
            }
            _ => Self::Unusable,
        }
    }

    const fn of_alert(alert: AlertDescription, versions: TlsVersions) -> Self {
        match (alert, versions) {
            (AlertDescription::ProtocolVersion, TlsVersions::Tls12AndTls13) => Self::TooOld,
            (AlertDescription::ProtocolVersion, versions) => Self::VersionNotAllowed(versions),
            (AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity, _) => {
                Self::NothingInCommon
            }
            (AlertDescription::UnrecognisedName, _) => Self::NameRefused,
            (AlertDescription::CertificateRequired, _) => Self::ClientCertificate,
            _ => Self::Alert,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn of(error: impl Into<rustls::Error>) -> TlsTrouble {
        TlsTrouble::of(&error.into(), TlsVersions::Tls12AndTls13, true)
    }

    #[test]
    fn certificates_are_told_apart() {
        let other =
            |error: Arc<dyn Error + Send + Sync>| CertificateError::Other(OtherError(error));
        assert_eq!(of(CertificateError::Expired), TlsTrouble::Expired);
        assert_eq!(of(CertificateError::NotValidYet), TlsTrouble::NotYetValid);
        assert_eq!(of(CertificateError::NotValidForName), TlsTrouble::OtherName);
        assert_eq!(of(CertificateError::Revoked), TlsTrouble::Revoked);
        assert_eq!(of(CertificateError::BadEncoding), TlsTrouble::Unusable);
        assert_eq!(of(other(Arc::new(TlsTrouble::SelfSigned))), TlsTrouble::SelfSigned);
        assert_eq!(of(other(Arc::new(std::fmt::Error))), TlsTrouble::Unusable);
    }

    #[test]
    fn a_refused_version_is_laid_to_what_was_offered() {
        let alert = rustls::Error::AlertReceived(AlertDescription::ProtocolVersion);
        let refused = |versions| TlsTrouble::of(&alert, versions, true);
        assert_eq!(refused(TlsVersions::Tls12AndTls13), TlsTrouble::TooOld);
        for versions in [TlsVersions::Tls12Only, TlsVersions::Tls13Only] {
            assert_eq!(refused(versions), TlsTrouble::VersionNotAllowed(versions));
        }
    }

    #[test]
    fn what_breaks_after_the_handshake_was_tls_before() {
        let error = rustls::Error::from(InvalidMessage::InvalidContentType);
        let when = |connecting| TlsTrouble::of(&error, TlsVersions::default(), connecting);
        assert_eq!((when(true), when(false)), (TlsTrouble::NotTls, TlsTrouble::Protocol));
    }
}
