//! HMAC over one of two hashes, fed in pieces.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha512};

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha512,
}

#[derive(Clone)]
pub(super) enum Mac {
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl Mac {
    #[expect(clippy::expect_used, reason = "RFC 2104 defines HMAC for keys of any length")]
    pub(super) fn new(hash: Hash, key: &[u8]) -> Self {
        const ANY: &str = "an HMAC key may have any length";
        match hash {
            Hash::Sha256 => Self::Sha256(Hmac::new_from_slice(key).expect(ANY)),
            Hash::Sha512 => Self::Sha512(Hmac::new_from_slice(key).expect(ANY)),
        }
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha256(mac) => mac.update(piece),
            Self::Sha512(mac) => mac.update(piece),
        }
    }

    /// Hands the tag to `write`.
    pub(super) fn finish(self, write: impl FnOnce(&[u8])) {
        match self {
            Self::Sha256(mac) => write(&mac.finalize().into_bytes()),
            Self::Sha512(mac) => write(&mac.finalize().into_bytes()),
        }
    }

    /// Whether `tag` is the tag, all of it, in constant time.
    pub(super) fn is(self, tag: &[u8]) -> bool {
        match self {
            Self::Sha256(mac) => mac.verify_slice(tag).is_ok(),
            Self::Sha512(mac) => mac.verify_slice(tag).is_ok(),
        }
    }
}
