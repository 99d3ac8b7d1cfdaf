//! How a receiver is connected to and read from.

use std::{fmt, time::Duration};

/// How one request travels. Requests with the same versions, connect timeout and header case share
/// connections; the rest is decided request by request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transport {
    /// The versions of TLS that are offered. Default 1.2 and 1.3.
    pub tls: TlsVersions,
    /// How long lookup, TCP connection and TLS handshake may take together, within the deadline of
    /// the attempt. Default 5 s: well above a healthy handshake across the world, well below the
    /// deadline, so that a host which drops packets does not hold a slot for the whole of it. Zero
    /// leaves no time for any connection.
    pub connect_timeout: Duration,
    /// Whether `http` URLs are refused. Default false.
    pub https_only: bool,
    /// How header names are written. Default lower case.
    pub header_case: HeaderCase,
    /// How much of an answer's body is read, in bytes. Default and most
    /// [`READ_MAX`](Self::READ_MAX); more counts as the most.
    pub read_limit: usize,
    /// How much of an answer's body is kept, in bytes. Default and most
    /// [`KEEP_MAX`](Self::KEEP_MAX); more counts as the most.
    pub keep_limit: usize,
}

impl Transport {
    /// The most that is read of a body: 64 KiB.
    pub const READ_MAX: usize = 64 * 1024;
    /// The most that is kept of a body: 16 KiB.
    pub const KEEP_MAX: usize = 16 * 1024;
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            tls: TlsVersions::default(),
            connect_timeout: Duration::from_secs(5),
            https_only: false,
            header_case: HeaderCase::default(),
            read_limit: Self::READ_MAX,
            keep_limit: Self::KEEP_MAX,
        }
    }
}

/// Which versions of TLS are offered. Older ones are never spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Tls12AndTls13,
    /// 1.2 alone (RFC 5246).
    Tls12Only,
    /// 1.3 alone (RFC 8446).
    Tls13Only,
}

impl TlsVersions {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Tls12AndTls13, Self::Tls12Only, Self::Tls13Only];
}

impl fmt::Display for TlsVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12AndTls13 => "TLS 1.2 or 1.3",
            Self::Tls12Only => "TLS 1.2",
            Self::Tls13Only => "TLS 1.3",
        })
    }
}

/// How header names are written. Names are case-insensitive (RFC 9110 §5.1), so this is for
/// receivers that compare them as bytes; mixed case such as `X-GitHub-Event` cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderCase {
    /// `webhook-id`.
    #[default]
    Lower,
    /// `Webhook-Id`: the first letter, and every one that follows a hyphen, is a capital.
    Title,
}
