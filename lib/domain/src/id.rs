//! Typed, sortable ids: a prefix and 27 base62 characters of a millisecond KSUID.
//!
//! The layout is the Svix server's (20 bytes: seconds since 1 400 000 000, a byte of 4 ms units,
//! 15 random bytes), so ids sort by the time they were made and existing clients recognise them.

use std::{fmt, str::FromStr, sync::Arc};

use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use svix_ksuid::{KsuidLike as _, KsuidMs};

use crate::Timestamp;

/// How many characters follow the prefix.
const BODY_LEN: usize = 27;

/// Why a string is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {prefix} followed by {BODY_LEN} letters or digits")]
pub struct IdError {
    prefix: &'static str,
}

fn generate(prefix: &str, now: Timestamp, rng: &mut impl Rng) -> Arc<str> {
    let mut random = [0; KsuidMs::PAYLOAD_BYTES];
    rng.fill_bytes(&mut random);
    let ksuid = KsuidMs::new(Some(time::OffsetDateTime::from(now)), Some(&random));
    Arc::from(format!("{prefix}{ksuid}"))
}

fn parse(prefix: &'static str, text: &str) -> Result<Arc<str>, IdError> {
    match text.strip_prefix(prefix) {
        Some(body) if body.len() == BODY_LEN && body.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(Arc::from(text))
        }
        _ => Err(IdError { prefix }),
    }
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, ordered after every id made at an earlier `now` (4 ms apart or more).
            pub fn generate(now: Timestamp, rng: &mut impl Rng) -> Self {
                Self(generate($prefix, now, rng))
            }

            /// The whole id, prefix included; letters, digits and `_` only.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// When it was made, exact to 4 ms; `None` for one that was not made by us.
            #[must_use]
            pub fn made_at(&self) -> Option<Timestamp> {
                let body = self.0.strip_prefix($prefix)?;
                let ksuid = KsuidMs::from_base62(body).ok()?;
                Some(Timestamp::from(ksuid.timestamp::<time::OffsetDateTime>()))
            }

            /// An id below every id made at `at` or later, and above those made earlier; 4 ms
            /// apart or more. A bound for ranges, not the id of anything.
            #[must_use]
            pub fn floor(at: Timestamp) -> Self {
                let least = [0; KsuidMs::PAYLOAD_BYTES];
                let ksuid = KsuidMs::new(Some(time::OffsetDateTime::from(at)), Some(&least));
                Self(Arc::from(format!("{}{ksuid}", $prefix)))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

typed_id!(
    /// The platform that uses Posthaste; the widest scope of a token.
    OrgId, "org_"
);
typed_id!(
    /// A key with which a merchant calls on their own behalf; the id is no secret.
    SecretKeyId, "key_"
);
typed_id!(
    /// One customer of the platform: the owner of endpoints and messages.
    AppId, "app_"
);
typed_id!(
    /// One URL that wants events.
    EndpointId, "ep_"
);
typed_id!(
    /// One accepted event; the same on every endpoint and every attempt (`webhook-id`).
    MessageId, "msg_"
);
typed_id!(
    /// One try at one delivery.
    AttemptId, "atmpt_"
);
typed_id!(
    /// A piece of work that goes on after the answer to the request that asked for it.
    TaskId, "qtask_"
);
typed_id!(
    /// A delivery that nobody took.
    DeadLetterId, "dead_"
);

impl DeadLetterId {
    /// The id of the letter of a delivery that died at `died_at`, told from others of that moment
    /// by `digest`: the same letter, read again, has the same id.
    #[must_use]
    pub fn derived(died_at: Timestamp, digest: [u8; KsuidMs::PAYLOAD_BYTES]) -> Self {
        let ksuid = KsuidMs::new(Some(time::OffsetDateTime::from(died_at)), Some(&digest));
        Self(Arc::from(format!("{}{ksuid}", Self::PREFIX)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let mut rng = StdRng::seed_from_u64(1);
        let earlier = MessageId::generate(Timestamp::from_micros(1_700_000_000_000_000), &mut rng);
        let later = MessageId::generate(Timestamp::from_micros(1_700_000_000_008_000), &mut rng);
        assert!(earlier < later);
        assert_eq!(earlier.as_str().parse(), Ok(earlier.clone()));
        assert_eq!(earlier.made_at(), Some(Timestamp::from_micros(1_700_000_000_000_000)));
        let floor = MessageId::floor(Timestamp::from_micros(1_700_000_000_004_000));
        assert!(earlier < floor && floor < later);
    }

    proptest! {
        #[test]
        fn only_a_prefix_and_27_letters_or_digits_parse(text in "\\PC{0,40}") {
            let shaped = text.strip_prefix("app_").is_some_and(|body| {
                body.len() == 27 && body.bytes().all(|b| b.is_ascii_alphanumeric())
            });
            prop_assert_eq!(text.parse::<AppId>().is_ok(), shaped);
        }

        #[test]
        fn what_is_generated_parses(micros in 1_400_000_000_000_000_i64..4_000_000_000_000_000, seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let id = EndpointId::generate(Timestamp::from_micros(micros), &mut rng);
            prop_assert_eq!(id.as_str().parse::<EndpointId>(), Ok(id));
        }
    }
}
