//! HMAC-SHA256 for `jsonwebtoken`, and no other algorithm.
//!
//! The library is built without a cryptography backend, so that none of the algorithms that are
//! never accepted is even compiled. It looks its backend up in a process-wide slot;
//! [`install`] fills it with the one below.

use std::sync::Once;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{
    Algorithm,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result, new_error},
    signature,
};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(*algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes the one algorithm available to the library; any number of calls is one.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    // Fails only where another provider is installed already; then HS256 is that one's.
    ONCE.call_once(|| _ = PROVIDER.install_default());
}

/// A key of the library's, ready to sign and to verify.
struct Hs256(HmacSha256);

impl Hs256 {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self> {
        if algorithm != Algorithm::HS256 {
            return Err(new_error(ErrorKind::InvalidAlgorithm));
        }
        let mac = HmacSha256::new_from_slice(key);
        mac.map(Self).map_err(|_| new_error(ErrorKind::InvalidKeyFormat))
    }
}

impl signature::Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

/// In constant time, whatever the signature's length.
impl signature::Verifier<Vec<u8>> for Hs256 {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// Whether `text` is `key` itself, in a time that does not tell how far the two agree.
pub(super) fn is_key(text: &[u8], key: &[u8]) -> bool {
    let Ok(mac) = HmacSha256::new_from_slice(key) else { return false };
    let tag = mac.clone().chain_update(key).finalize().into_bytes();
    mac.chain_update(text).verify_slice(&tag).is_ok()
}
