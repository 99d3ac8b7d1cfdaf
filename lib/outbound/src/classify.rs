//! From the HTTP client's error to what went wrong, by the types in its chain of causes and never
//! by their text.

use std::{error::Error, io};

use rustls::pki_types::InvalidDnsNameError;

use crate::{TlsTrouble, TlsVersions, outcome::SendError, resolver::ResolveError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Diagnosis {
    Blocked,
    InvalidUrl,
    Timeout,
    Dns,
    Connect,
    Tls(TlsTrouble),
    Reset,
}

/// Names the failure of a request for which `versions` of TLS were offered, and keeps its cause,
/// without the URL, which may hold a token.
pub(crate) fn classify(error: reqwest::Error, versions: TlsVersions) -> SendError {
    let connecting = error.is_connect();
    let diagnosis = match error.source().and_then(|cause| diagnose(cause, versions, connecting)) {
        Some(diagnosis) => diagnosis,
        None if error.is_timeout() => Diagnosis::Timeout,
        None if connecting => Diagnosis::Connect,
        // What is left is an answer that is not HTTP, or that ended early. An error in building the
        // request is not among it: the client has checked the URL.
        None => Diagnosis::Reset,
    };
    let cause = Box::new(error.without_url());
    match diagnosis {
        Diagnosis::Blocked => SendError::Blocked,
        Diagnosis::InvalidUrl => SendError::InvalidUrl,
        Diagnosis::Timeout => SendError::Timeout,
        Diagnosis::Dns => SendError::Dns(cause),
        Diagnosis::Connect => SendError::Connect(cause),
        Diagnosis::Tls(trouble) => SendError::Tls { trouble, source: cause },
        Diagnosis::Reset => SendError::Reset(cause),
    }
}

/// What the chain that begins with `cause` tells, if anything. A typed error tells more than the
/// kind of an I/O error, and an inner kind more than an outer one.
fn diagnose(
    cause: &(dyn Error + 'static),
    versions: TlsVersions,
    connecting: bool,
) -> Option<Diagnosis> {
    let mut told = None;
    let mut next = Some(cause);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<ResolveError>() {
            return Some(match error {
                ResolveError::Refused => Diagnosis::Blocked,
                ResolveError::NoAddress | ResolveError::Lookup(_) => Diagnosis::Dns,
            });
        }
        // A name that cannot be in a certificate, so no TLS connection to it can ever be trusted.
        if cause.is::<InvalidDnsNameError>() {
            return Some(Diagnosis::InvalidUrl);
        }
        if let Some(error) = cause.downcast_ref() {
            return Some(Diagnosis::Tls(TlsTrouble::of(error, versions, connecting)));
        }
        next = match cause.downcast_ref::<io::Error>() {
            Some(error) => {
                told = by_kind(error.kind(), connecting).or(told);
                // `source` of an I/O error passes over the very error that it wraps.
                error.get_ref().map(|inner| inner as &(dyn Error + 'static))
            }
            None => cause.source(),
        };
    }
    told
}

const fn by_kind(kind: io::ErrorKind, connecting: bool) -> Option<Diagnosis> {
    match kind {
        io::ErrorKind::TimedOut => Some(Diagnosis::Timeout),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Some(Diagnosis::Reset),
        // Nothing but a handshake is read while connecting.
        io::ErrorKind::UnexpectedEof if connecting => Some(Diagnosis::Tls(TlsTrouble::Closed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnosed(cause: &(dyn Error + 'static), connecting: bool) -> Option<Diagnosis> {
        diagnose(cause, TlsVersions::default(), connecting)
    }

    fn wrapped(inner: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
        io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner))
    }

    #[test]
    fn typed_causes_are_found_however_deep() {
        let tls = wrapped(rustls::Error::HandshakeNotComplete);
        assert_eq!(diagnosed(&tls, true), Some(Diagnosis::Tls(TlsTrouble::Protocol)));
        assert_eq!(diagnosed(&tls, false), Some(Diagnosis::Tls(TlsTrouble::Protocol)));
        let refused = wrapped(ResolveError::Refused);
        assert_eq!(diagnosed(&refused, true), Some(Diagnosis::Blocked));
        assert_eq!(diagnosed(&wrapped(InvalidDnsNameError), true), Some(Diagnosis::InvalidUrl));
    }

    #[test]
    fn a_lookup_that_timed_out_is_a_failed_lookup() {
        let slow = ResolveError::Lookup(io::ErrorKind::TimedOut.into());
        assert_eq!(diagnosed(&slow, true), Some(Diagnosis::Dns));
    }

    #[test]
    fn io_errors_are_told_by_their_innermost_kind() {
        let wrapped = |kind: io::ErrorKind| wrapped(io::Error::from(kind));
        let reset = wrapped(io::ErrorKind::ConnectionReset);
        assert_eq!(diagnosed(&reset, true), Some(Diagnosis::Reset));
        assert_eq!(diagnosed(&reset, false), Some(Diagnosis::Reset));
        let timed_out = wrapped(io::ErrorKind::TimedOut);
        assert_eq!(diagnosed(&timed_out, true), Some(Diagnosis::Timeout));
        let ended = wrapped(io::ErrorKind::UnexpectedEof);
        assert_eq!(diagnosed(&ended, true), Some(Diagnosis::Tls(TlsTrouble::Closed)));
        assert_eq!(diagnosed(&ended, false), None);
        let unreachable = wrapped(io::ErrorKind::HostUnreachable);
        assert_eq!(diagnosed(&unreachable, true), None);
    }
}
