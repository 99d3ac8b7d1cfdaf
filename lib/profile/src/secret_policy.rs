//! What an endpoint's secret is, who chooses it, and who may see it again.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use posthaste_domain::{SecretError, SigningKey, SigningSecret};
use rand::CryptoRng;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

use crate::document::{Section, one_of, whole};

/// What a secret is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// `whsec_` and base64, or a key pair `whsk_` and base64 (Standard Webhooks).
    Whsec,
    /// Any text, used as it is.
    OpaqueUtf8,
    /// Hexadecimal digits.
    Hex,
    /// A key pair, `whsk_` and base64.
    Ed25519,
    /// Requests are not signed with a secret.
    None,
}

/// Who chooses a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// We do; another one is refused.
    Generated,
    /// The customer does, and must.
    CustomerRequired,
    /// The customer may; else we do.
    GeneratedOrCustomer,
}

/// Who may see a secret after it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reveal {
    /// It is shown when it is made, and never again.
    Once,
    /// Whoever may see endpoints' secrets.
    Portal,
    /// Nobody: whoever chose it knows it.
    Never,
}

/// A profile's rules for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretPolicy {
    /// What a secret is made of.
    pub kind: SecretKind,
    /// How many random bytes a generated one has, 24 to 64.
    pub bytes: usize,
    /// Who chooses it.
    pub source: SecretSource,
    /// Who may see it again.
    pub reveal: Reveal,
    /// For how long a replaced one still signs, unless the rotation says otherwise.
    pub rotation_overlap: Duration,
}

/// Why a secret is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefused {
    /// The profile generates it.
    #[error("the endpoint's profile generates secrets: leave it out")]
    NotYours,
    /// The profile wants the customer's.
    #[error("the endpoint's profile wants a secret of your choice")]
    Missing,
    /// It is not of the profile's kind.
    #[error(transparent)]
    Malformed(#[from] SecretError),
    /// It is of another kind.
    #[error("the endpoint's profile wants another kind of secret")]
    Kind,
}

impl Default for SecretPolicy {
    /// Generated or given, `whsec_`, shown to those who may see it.
    fn default() -> Self {
        Self {
            kind: SecretKind::Whsec,
            bytes: 24,
            source: SecretSource::GeneratedOrCustomer,
            reveal: Reveal::Portal,
            rotation_overlap: Duration::from_secs(86_400),
        }
    }
}

impl SecretPolicy {
    /// How long a replaced secret may still sign.
    pub const OVERLAP_MAX: Duration = Duration::from_secs(30 * 86_400);

    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let kinds = [
            ("whsec", SecretKind::Whsec),
            ("opaque_utf8", SecretKind::OpaqueUtf8),
            ("hex", SecretKind::Hex),
            ("ed25519", SecretKind::Ed25519),
            ("none", SecretKind::None),
        ];
        let sources = [
            ("generated", SecretSource::Generated),
            ("customer_required", SecretSource::CustomerRequired),
            ("generated_or_customer", SecretSource::GeneratedOrCustomer),
        ];
        let reveals =
            [("once", Reveal::Once), ("portal", Reveal::Portal), ("never", Reveal::Never)];
        let kind = section.want("kind", one_of(&kinds));
        let bytes = section.may("bytes", whole(24..=64));
        let source = section.may("source", one_of(&sources)).unwrap_or(SecretSource::Generated);
        let reveal = section.may("reveal", one_of(&reveals)).unwrap_or(Reveal::Portal);
        // A secret that several share is one with which they can forge to each other.
        section.may("scope", one_of(&[("endpoint", ())]));
        let overlap = section.may("rotation_overlap_s", whole(0..=Self::OVERLAP_MAX.as_secs()));
        if reveal == Reveal::Never && source != SecretSource::CustomerRequired {
            section.fault("reveal", "nobody would ever know a secret that we generate");
        }
        Some(Self {
            kind: kind?,
            bytes: bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(24),
            source,
            reveal,
            rotation_overlap: Duration::from_secs(overlap.unwrap_or(0)),
        })
    }

    /// The secret of a new endpoint, or the next of an old one: what the customer `given`, where
    /// that is what the profile wants, else a new one.
    ///
    /// # Errors
    /// [`SecretRefused`] says which rule the given one breaks.
    pub fn secret(
        &self,
        given: Option<&str>,
        rng: &mut impl CryptoRng,
    ) -> Result<SigningSecret, SecretRefused> {
        match (self.source, given) {
            (SecretSource::Generated, Some(_)) if self.kind != SecretKind::None => {
                Err(SecretRefused::NotYours)
            }
            (SecretSource::CustomerRequired, None) if self.kind != SecretKind::None => {
                Err(SecretRefused::Missing)
            }
            (_, Some(text)) => {
                let secret = match self.kind {
                    SecretKind::OpaqueUtf8 => SigningSecret::opaque(text)?,
                    SecretKind::Hex if is_hex(text) => SigningSecret::opaque(text)?,
                    SecretKind::Hex => return Err(SecretRefused::Kind),
                    SecretKind::Whsec | SecretKind::Ed25519 | SecretKind::None => {
                        SigningSecret::parse(text)?
                    }
                };
                if self.fits(&secret) { Ok(secret) } else { Err(SecretRefused::Kind) }
            }
            (_, None) => Ok(self.generate(rng)),
        }
    }

    /// Whether a secret is of this profile's kind.
    #[must_use]
    pub fn fits(&self, secret: &SigningSecret) -> bool {
        match (self.kind, secret.key()) {
            (SecretKind::None, _)
            | (SecretKind::OpaqueUtf8, SigningKey::Opaque(_))
            | (SecretKind::Whsec, SigningKey::Symmetric(_) | SigningKey::Ed25519 { .. })
            | (SecretKind::Ed25519, SigningKey::Ed25519 { .. }) => true,
            (SecretKind::Hex, SigningKey::Opaque(text)) => is_hex(text),
            _ => false,
        }
    }

    fn generate(&self, rng: &mut impl CryptoRng) -> SigningSecret {
        let mut random = Zeroizing::new([0; 64]);
        rng.fill_bytes(&mut *random);
        self.made_of(&random)
    }

    /// Secrets such as endpoints will have, always the same: one that we generate, and for text of
    /// any kind another that is neither hexadecimal nor base64. Not to be used as secrets.
    #[expect(clippy::expect_used, reason = "the text is neither empty nor too long")]
    pub(crate) fn samples(&self) -> Vec<SigningSecret> {
        let generated = self.made_of(&[7; 64]);
        if self.kind == SecretKind::OpaqueUtf8 {
            let text = SigningSecret::opaque("any text - of as many bytes as one that we generate");
            vec![text.expect("it is short text"), generated]
        } else {
            vec![generated]
        }
    }

    #[expect(clippy::expect_used, reason = "what is made here has the form that is asked for")]
    fn made_of(&self, random: &[u8; 64]) -> SigningSecret {
        let bytes = &random[..self.bytes];
        let secret = match self.kind {
            SecretKind::Whsec | SecretKind::None => {
                let text = Zeroizing::new(format!("whsec_{}", STANDARD.encode(bytes)));
                SigningSecret::parse(&text)
            }
            SecretKind::OpaqueUtf8 | SecretKind::Hex => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let text = Zeroizing::new(hex);
                SigningSecret::opaque(&text)
            }
            SecretKind::Ed25519 => {
                let seed = &random[..32];
                let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed");
                let both = Zeroizing::new([seed, pair.public_key().as_ref()].concat());
                let text = Zeroizing::new(format!("whsk_{}", STANDARD.encode(&*both)));
                SigningSecret::parse(&text)
            }
        };
        secret.expect("24 to 64 bytes in the form of their kind are a secret")
    }
}

fn is_hex(text: &str) -> bool {
    text.len() >= 32 && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
