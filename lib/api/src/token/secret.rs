//! The secret that tokens are signed with.

use std::fmt;

use posthaste_service::{Key, Reader};
use zeroize::Zeroizing;

use super::hs256;

/// The setting that holds the secret; every process that makes or reads tokens has the same.
pub const TOKEN_SECRET: Key = Key::secret(
    "auth.token_secret",
    "The secret that API tokens are signed with, 32 bytes or more; the same for every process.",
);

/// The secret that tokens are signed with: 32 bytes or more, used as they are.
#[derive(Clone)]
pub struct TokenSecret(Zeroizing<Vec<u8>>);

/// Why bytes are no token secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenSecretError {
    /// RFC 7518, section 3.2: a key for HS256 has at least 256 bits.
    #[error("a token secret must have at least {} bytes", TokenSecret::MIN_LEN)]
    TooShort,
}

impl TokenSecret {
    /// The fewest bytes a secret may have.
    pub const MIN_LEN: usize = 32;

    /// Takes `bytes` as they are: a text secret is not decoded.
    ///
    /// # Errors
    /// [`TokenSecretError::TooShort`] under 32 bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, TokenSecretError> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.len() < Self::MIN_LEN {
            return Err(TokenSecretError::TooShort);
        }
        Ok(Self(bytes))
    }

    /// Reads [`TOKEN_SECRET`], which must be set; `None` where the reader has noted a fault.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let secret = reader.secret(&TOKEN_SECRET).map(|text| Self::new(text.reveal()));
        let fault = match &secret {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(error.to_string()),
            None => Some("must be set".to_owned()),
        };
        reader.require(fault.is_none(), &TOKEN_SECRET, fault.unwrap_or_default());
        secret?.ok()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is(&self, text: &[u8]) -> bool {
        hs256::is_key(text, &self.0)
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

#[cfg(test)]
mod tests {
    use posthaste_service::Vars;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (bool, Option<String>) {
        let vars = Vars::from_pairs(pairs.iter().copied());
        let mut reader = Reader::new(&vars);
        let secret = TokenSecret::read(&mut reader);
        (secret.is_some(), reader.finish().err().map(|faults| faults.to_string()))
    }

    #[test]
    fn it_must_be_set_and_long_and_is_never_shown() {
        let name = TOKEN_SECRET.env_name();
        let long = "a secret of more than thirty-two bytes";
        assert_eq!(read(&[(&name, long)]), (true, None));
        let (read_it, faults) = read(&[(&name, "too-short")]);
        let faults = faults.unwrap();
        assert!(!read_it && faults.contains("at least 32 bytes"), "{faults}");
        assert!(!faults.contains("too-short"), "{faults}");
        let (read_it, faults) = read(&[]);
        assert!(!read_it && faults.unwrap().contains("must be set"));
    }
}
