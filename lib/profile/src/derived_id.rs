//! Ids that nobody has to store: made of what they are about, so they are the same on every attempt.

use posthaste_domain::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::document::{Section, flag, one_of, text, whole};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What an id looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    /// A version 4 UUID (RFC 9562), its random bits taken from a digest.
    Uuid4,
    /// A version 7 UUID: the moment, then bits of a digest.
    Uuid7,
    /// A prefix and so many letters and digits.
    Base62 { prefix: String, length: usize },
}

impl IdForm {
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        #[derive(Clone, Copy)]
        enum Kind {
            Uuid4,
            Uuid7,
            Base62,
        }
        let kinds = [
            ("uuid4", Kind::Uuid4),
            ("uuid7", Kind::Uuid7),
            ("msg_base62", Kind::Base62),
            ("prefix_base62", Kind::Base62),
        ];
        let kind = section.want("kind", one_of(&kinds));
        let prefix = section.may("prefix", text);
        if prefix.is_some_and(|prefix| {
            prefix.len() > 16 || !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        }) {
            section.fault("prefix", "must be at most 16 letters, digits and underscores");
        }
        let length = section.may("length", whole(16..=64));
        if section.may("stable_across_attempts", flag) == Some(false) {
            section.fault("stable_across_attempts", "a retry must not look like another event");
        }
        Some(match kind? {
            Kind::Uuid4 => Self::Uuid4,
            Kind::Uuid7 => Self::Uuid7,
            Kind::Base62 => Self::Base62 {
                prefix: prefix.unwrap_or_default().to_owned(),
                length: length.and_then(|length| usize::try_from(length).ok()).unwrap_or(27),
            },
        })
    }

    /// Whether messages have such ids anyway.
    pub(crate) fn is_our_own(&self) -> bool {
        matches!(self, Self::Base62 { prefix, length: 27 } if prefix == "msg_")
    }

    /// The id of what `parts` name, which came to be at `at`. Other parts give another id, and so
    /// does another `kind` of thing with the same parts.
    pub(crate) fn derive(&self, kind: &str, parts: &[&str], at: Timestamp) -> String {
        let mut hasher = Sha256::new_with_prefix(kind);
        for part in parts {
            hasher.update([0]);
            hasher.update(part);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        match self {
            Self::Uuid4 => uuid(digest, 4),
            Self::Uuid7 => {
                let mut bytes = digest;
                let millis = at.micros().unsigned_abs() / 1_000;
                bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
                uuid(bytes, 7)
            }
            Self::Base62 { prefix, length } => {
                // Two digests are 64 bytes, as many as the longest id has characters; the bias of
                // the remainder is no matter where nothing is secret.
                let more: [u8; 32] = Sha256::digest(digest).into();
                let letters = digest.iter().chain(&more).take(*length);
                let letter = |byte: &u8| char::from(BASE62[usize::from(*byte) % BASE62.len()]);
                prefix.chars().chain(letters.map(letter)).collect()
            }
        }
    }
}

fn uuid(digest: [u8; 32], version: u8) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1_718_029_845_123_987);

    #[test]
    fn ids_are_the_same_for_the_same_and_others_for_others() {
        let evt = IdForm::Base62 { prefix: "evt_".into(), length: 24 };
        for form in [IdForm::Uuid4, IdForm::Uuid7, evt] {
            let one = form.derive("delivery", &["msg_1", "ep_1"], AT);
            assert_eq!(one, form.derive("delivery", &["msg_1", "ep_1"], AT));
            assert_ne!(one, form.derive("delivery", &["msg_1e", "p_1"], AT));
            assert_ne!(one, form.derive("event", &["msg_1", "ep_1"], AT));
        }
    }

    #[test]
    fn ids_have_their_form() {
        let four = IdForm::Uuid4.derive("delivery", &["msg_1"], AT);
        assert_eq!((four.len(), &four[14..15]), (36, "4"));
        assert!(matches!(&four[19..20], "8" | "9" | "a" | "b"));
        let seven = IdForm::Uuid7.derive("delivery", &["msg_1"], AT);
        assert_eq!((&seven[..13], &seven[14..15]), ("0190028f-0283", "7"));
        let evt = IdForm::Base62 { prefix: "evt_".into(), length: 24 };
        let evt = evt.derive("event", &["msg_1"], AT);
        assert!(evt.starts_with("evt_") && evt.len() == 28 && evt[4..].is_ascii(), "{evt}");
    }
}
