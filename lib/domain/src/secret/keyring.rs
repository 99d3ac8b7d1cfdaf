//! The secrets of an endpoint that are valid at once, while one replaces another.

use serde::{Deserialize, Serialize};

use super::SigningSecret;
use crate::Timestamp;

/// An endpoint's secrets: the current one, and the ones it replaced while they are still valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    current: SigningSecret,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    old: Vec<OldSecret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OldSecret {
    secret: SigningSecret,
    expires_at: Timestamp,
}

/// Why a secret cannot be rotated now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// Ten old secrets are still valid.
    #[error("at most {} old secrets may be valid at once", Keyring::MAX_OLD)]
    TooManyOld,
}

impl Keyring {
    /// How many replaced secrets may be valid at once.
    pub const MAX_OLD: usize = 10;

    /// A ring with one secret.
    #[must_use]
    pub const fn new(current: SigningSecret) -> Self {
        Self { current, old: Vec::new() }
    }

    /// The newest secret.
    #[must_use]
    pub const fn current(&self) -> &SigningSecret {
        &self.current
    }

    /// Every secret to sign with at `now`: the current one first, then the old ones, newest first.
    pub fn active(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> + Clone {
        let old = self.old.iter().filter(move |old| old.expires_at > now);
        std::iter::once(&self.current).chain(old.map(|old| &old.secret))
    }

    /// Makes `next` current; the secret it replaces stays valid until `keep_until`.
    ///
    /// # Errors
    /// [`RotateError::TooManyOld`] where ten old ones are still valid.
    pub fn rotate(
        &self,
        next: SigningSecret,
        now: Timestamp,
        keep_until: Timestamp,
    ) -> Result<Self, RotateError> {
        let mut old: Vec<_> = self.old.iter().filter(|old| old.expires_at > now).cloned().collect();
        if old.len() >= Self::MAX_OLD {
            return Err(RotateError::TooManyOld);
        }
        if keep_until > now {
            old.insert(0, OldSecret { secret: self.current.clone(), expires_at: keep_until });
        }
        Ok(Self { current: next, old })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn secret(seed: u64) -> SigningSecret {
        SigningSecret::generate(&mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn is_never_printed() {
        let ring = Keyring::new(secret(1));
        assert!(!format!("{ring:?}").contains(&secret(1).reveal()[6..]));
    }

    #[test]
    fn a_replaced_secret_signs_until_it_expires() {
        let now = Timestamp::from_micros(1_000_000);
        let later = now + Duration::from_secs(60);
        let ring = Keyring::new(secret(1)).rotate(secret(2), now, later).unwrap();
        assert_eq!(ring.active(now).collect::<Vec<_>>(), [&secret(2), &secret(1)]);
        assert_eq!(ring.active(later).collect::<Vec<_>>(), [&secret(2)]);
    }

    #[test]
    fn an_eleventh_old_secret_is_refused_until_one_expires() {
        let now = Timestamp::from_micros(1_000_000);
        let later = now + Duration::from_secs(60);
        let mut ring = Keyring::new(secret(0));
        for seed in 1..=10 {
            ring = ring.rotate(secret(seed), now, later).unwrap();
        }
        assert_eq!(ring.rotate(secret(11), now, later), Err(RotateError::TooManyOld));
        assert!(ring.rotate(secret(11), later, later + Duration::from_secs(1)).is_ok());
    }
}
