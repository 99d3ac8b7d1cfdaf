//! The profiles that ship inside the binary.

use std::{collections::BTreeMap, sync::LazyLock};

use posthaste_domain::ProfileRef;

use crate::Profile;

/// A profile that every organisation has, and its text.
#[derive(Debug)]
pub struct Preset {
    /// The profile.
    pub profile: std::sync::Arc<Profile>,
    /// What it was read from.
    pub document: &'static str,
}

const DOCUMENTS: [&str; 6] = [
    include_str!("../presets/standard.json"),
    include_str!("../presets/justt.json"),
    include_str!("../presets/justwallet.json"),
    include_str!("../presets/justwallet-php.json"),
    include_str!("../presets/yoco.json"),
    include_str!("../presets/kloutit.json"),
];

static PRESETS: LazyLock<BTreeMap<ProfileRef, Preset>> = LazyLock::new(|| {
    let read = |document: &'static str| {
        #[expect(clippy::expect_used, reason = "a test reads every one of them")]
        let profile = Profile::parse(document).expect("presets have no faults");
        (profile.reference.clone(), Preset { profile: profile.into(), document })
    };
    DOCUMENTS.into_iter().map(read).collect()
});

impl Preset {
    /// The preset of this name and version.
    #[must_use]
    pub fn named(reference: &ProfileRef) -> Option<&'static Self> {
        PRESETS.get(reference)
    }

    /// Every preset, by name.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        PRESETS.values()
    }
}
