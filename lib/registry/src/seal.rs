//! Seals secrets before they are stored: XChaCha20-Poly1305 with a key from the environment.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use posthaste_service::{Key as ConfigKey, Reader};
use rand::CryptoRng;
use zeroize::Zeroizing;

/// The keys that seal endpoints' secrets.
pub const SEAL_KEYS: ConfigKey = ConfigKey::secret(
    "registry.seal_keys",
    "Keys that seal endpoints' secrets, each 32 bytes in base64, separated by commas. The first \
     seals, all open.",
);

/// Bytes of a nonce, random for every sealing.
const NONCE_LEN: usize = 24;

/// Seals with the first of its keys and opens with any, so a key can be replaced while secrets
/// sealed with the old one are still stored.
#[derive(Clone)]
pub struct Sealer {
    keys: Vec<XChaCha20Poly1305>,
}

/// Why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A key is not 32 bytes in base64.
    #[error("a sealing key must be 32 bytes in base64")]
    Key,
    /// No key was given.
    #[error("at least one sealing key is needed")]
    NoKey,
    /// Sealed with a key we do not have, moved from elsewhere, or altered.
    #[error("none of the sealing keys opens it")]
    Unopened,
}

impl Sealer {
    /// Reads [`SEAL_KEYS`]; `None` where it is not set or faulty.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let keys = reader.secret(&SEAL_KEYS)?;
        match Self::try_new(keys.reveal().split(',')) {
            Ok(sealer) => Some(sealer),
            Err(error) => {
                reader.require(false, &SEAL_KEYS, error.to_string());
                None
            }
        }
    }

    /// A sealer with these keys, each 32 bytes in base64; the first one seals.
    ///
    /// # Errors
    /// [`SealError::Key`] or [`SealError::NoKey`].
    pub fn try_new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, SealError> {
        let keys: Vec<_> = keys
            .into_iter()
            .map(|text| {
                let bytes =
                    Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| SealError::Key)?);
                let key = Key::try_from(bytes.as_slice()).map_err(|_| SealError::Key)?;
                Ok(XChaCha20Poly1305::new(&key))
            })
            .collect::<Result<_, SealError>>()?;
        if keys.is_empty() { Err(SealError::NoKey) } else { Ok(Self { keys }) }
    }

    /// A sealer for a process that neither makes nor opens secrets.
    #[must_use]
    pub const fn without_keys() -> Self {
        Self { keys: Vec::new() }
    }

    /// Seals `plain` for the place named by `owner`; it opens nowhere else.
    ///
    /// # Errors
    /// [`SealError::Unopened`] where the cipher refuses, which it does only for inputs of 256 GiB.
    pub fn seal(
        &self,
        owner: &str,
        plain: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<String, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: owner.as_bytes() };
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let sealed = key.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Unopened)?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for `owner`.
    ///
    /// # Errors
    /// [`SealError::Unopened`] where no key fits, or it was altered or moved.
    pub fn open(&self, owner: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let bytes = STANDARD.decode(sealed).map_err(|_| SealError::Unopened)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Unopened)?;
        self.keys
            .iter()
            .find_map(|key| {
                let payload = Payload { msg: sealed, aad: owner.as_bytes() };
                key.decrypt(&XNonce::from(*nonce), payload).ok()
            })
            .map(Zeroizing::new)
            .ok_or(SealError::Unopened)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn opens_only_for_its_owner_and_only_unaltered() {
        let sealer = Sealer::try_new([OLD]).unwrap();
        let sealed = sealer.seal("ep_1", b"secret", &mut rand::rng()).unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(sealer.open("ep_1", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(sealer.open("ep_2", &sealed), Err(SealError::Unopened));
        let altered =
            sealed.replacen(&sealed[40..41], if &sealed[40..41] == "A" { "B" } else { "A" }, 1);
        assert_eq!(sealer.open("ep_1", &altered), Err(SealError::Unopened));
        assert_eq!(sealer.open("ep_1", "short"), Err(SealError::Unopened));
    }

    #[test]
    fn a_replaced_key_still_opens_but_no_longer_seals() {
        let old = Sealer::try_new([OLD]).unwrap();
        let both = Sealer::try_new([NEW, OLD]).unwrap();
        let sealed_before = old.seal("ep_1", b"one", &mut rand::rng()).unwrap();
        let sealed_after = both.seal("ep_1", b"two", &mut rand::rng()).unwrap();
        assert!(both.open("ep_1", &sealed_before).is_ok());
        assert_eq!(old.open("ep_1", &sealed_after), Err(SealError::Unopened));
    }

    #[test]
    fn bad_keys_are_refused() {
        assert_eq!(Sealer::try_new(["c2hvcnQ="]).unwrap_err(), SealError::Key);
        assert_eq!(Sealer::try_new([]).unwrap_err(), SealError::NoKey);
    }
}
