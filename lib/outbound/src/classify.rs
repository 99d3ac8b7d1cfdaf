//! From the HTTP client's error to what went wrong, by the types in its chain of causes and never
//! by their text.

use std::{error::Error, io};

use rustls::pki_types::InvalidDnsNameError;

use crate::{outcome::SendError, resolver::ResolveError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Diagnosis {
    Blocked,
    InvalidUrl,
    Timeout,
    Dns,
    Connect,
    Tls,
    Reset,
}

/// Names the failure and keeps its cause, without the URL, which may hold a token.
pub(crate) fn classify(error: reqwest::Error) -> SendError {
    let connecting = error.is_connect();
    let diagnosis = match error.source().and_then(|cause| diagnose(cause, connecting)) {
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
        Diagnosis::Tls => SendError::Tls(cause),
        Diagnosis::Reset => SendError::Reset(cause),
    }
}

/// What the chain that begins with `cause` tells, if anything. A typed error tells more than the
/// kind of an I/O error, and an inner kind more than an outer one.
fn diagnose(cause: &(dyn Error + 'static), connecting: bool) -> Option<Diagnosis> {
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
        if cause.is::<rustls::Error>() {
            return Some(Diagnosis::Tls);
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
        io::ErrorKind::UnexpectedEof if connecting => Some(Diagnosis::Tls),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(inner: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
        io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner))
    }

    #[test]
    fn typed_causes_are_found_however_deep() {
        let tls = wrapped(rustls::Error::HandshakeNotComplete);
        assert_eq!(diagnose(&tls, true), Some(Diagnosis::Tls));
        assert_eq!(diagnose(&tls, false), Some(Diagnosis::Tls));
        let refused = wrapped(ResolveError::Refused);
        assert_eq!(diagnose(&refused, true), Some(Diagnosis::Blocked));
        assert_eq!(diagnose(&wrapped(InvalidDnsNameError), true), Some(Diagnosis::InvalidUrl));
    }

    #[test]
    fn a_lookup_that_timed_out_is_a_failed_lookup() {
        let slow = ResolveError::Lookup(io::ErrorKind::TimedOut.into());
        assert_eq!(diagnose(&slow, true), Some(Diagnosis::Dns));
    }

    #[test]
    fn io_errors_are_told_by_their_innermost_kind() {
        let wrapped = |kind: io::ErrorKind| wrapped(io::Error::from(kind));
        let reset = wrapped(io::ErrorKind::ConnectionReset);
        assert_eq!(diagnose(&reset, true), Some(Diagnosis::Reset));
        assert_eq!(diagnose(&reset, false), Some(Diagnosis::Reset));
        let timed_out = wrapped(io::ErrorKind::TimedOut);
        assert_eq!(diagnose(&timed_out, true), Some(Diagnosis::Timeout));
        let ended = wrapped(io::ErrorKind::UnexpectedEof);
        assert_eq!(diagnose(&ended, true), Some(Diagnosis::Tls));
        assert_eq!(diagnose(&ended, false), None);
        let unreachable = wrapped(io::ErrorKind::HostUnreachable);
        assert_eq!(diagnose(&unreachable, true), None);
    }
}
