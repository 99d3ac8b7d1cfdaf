//! Which of the 64 slots an application's events belong to.

use std::fmt;

use crate::AppId;

/// A stable hash of an application, 0 to 63.
///
/// One stream owns all slots today. When one stream's leader becomes the limit, slots are dealt
/// out to several streams; subjects stay as they are, so the hash must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(u8);

impl Slot {
    /// How many slots there are.
    pub const COUNT: u8 = 64;

    /// The slot of `app`: FNV-1a over its id, folded to six bits.
    #[must_use]
    pub fn of(app: &AppId) -> Self {
        let hash = app.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let folded = hash ^ (hash >> 32) ^ (hash >> 16);
        Self((folded % u64::from(Self::COUNT)) as u8)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::Timestamp;

    #[test]
    fn is_stable_for_ever() {
        let app: AppId = "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        assert_eq!(Slot::of(&app).to_string(), "18");
    }

    #[test]
    fn spreads_applications_over_all_slots() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut counts = [0_u32; Slot::COUNT as usize];
        for _ in 0..6_400 {
            let app = AppId::generate(Timestamp::from_micros(1_700_000_000_000_000), &mut rng);
            counts[Slot::of(&app).0 as usize] += 1;
        }
        assert!(counts.iter().all(|n| (50..=160).contains(n)), "{counts:?}");
    }
}
