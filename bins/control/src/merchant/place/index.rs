//! Every path at which anything may stand, for whomever: asked by whoever strays here, token or not.
//!
//! # Invariants
//! - A question costs one look into a table; only the first after a change of the registry reads
//!   profiles.
//! - The table holds a path of each profile at most twice, so it is smaller than what the registry
//!   holds of them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use http::HeaderName;
use posthaste_profile::{Preset, Profile, RegistrationApi};
use posthaste_registry::Registry;

/// The paths of all profiles. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<RwLock<Arc<Index>>>);

#[derive(Debug, Default)]
struct Index {
    /// The registry's revision that it was made of; `None` where it was made of nothing yet.
    revision: Option<u64>,
    /// Where registrations are listed; each is one step below.
    registrations: HashSet<String>,
    /// Where events are asked about, and in which headers a key may be shown there.
    verifications: HashMap<String, HashSet<HeaderName>>,
}

impl Places {
    /// Whether anything may stand at `path`; and in which headers, beside `Authorization`, a key may
    /// be shown there.
    pub(crate) fn known(&self, registry: &Registry, path: &str) -> Option<HashSet<HeaderName>> {
        // Most of what strays here is meant for us, and no profile has a place there.
        if path.starts_with("/api/v1") {
            return None;
        }
        self.current(registry).known(path)
    }

    fn current(&self, registry: &Registry) -> Arc<Index> {
        // Asked first: what is read then is at least as new as this says.
        let revision = Some(registry.revision());
        let known = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        if known.revision == revision {
            return known;
        }
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Of many who come at once, one reads.
        if held.revision < revision {
            let published = registry.all_profiles();
            let presets = Preset::all().map(|preset| &*preset.profile);
            let all = presets.chain(published.iter().map(|profile| &**profile));
            *held = Arc::new(Index::of(revision, all));
        }
        Arc::clone(&held)
    }
}

impl Index {
    fn of<'a>(revision: Option<u64>, profiles: impl Iterator<Item = &'a Profile>) -> Self {
        let mut index = Self { revision, ..Self::default() };
        index.registrations.insert(RegistrationApi::PATH.to_owned());
        for profile in profiles {
            index.registrations.extend(profile.registration.iter().map(|api| api.path.clone()));
            if let Some(callback) = &profile.verify_callback {
                let headers = index.verifications.entry(callback.path.clone()).or_default();
                headers.insert(callback.auth_header.clone());
            }
        }
        index
    }

    fn known(&self, path: &str) -> Option<HashSet<HeaderName>> {
        let list = path.rsplit_once('/').filter(|(_, step)| !step.is_empty());
        let is_registration = self.registrations.contains(path)
            || list.is_some_and(|(list, _)| self.registrations.contains(list));
        let headers = self.verifications.get(path).cloned();
        headers.or_else(|| is_registration.then(HashSet::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_profile_is_known_and_the_step_below_a_list() {
        let presets = Preset::all().map(|preset| &*preset.profile);
        let index = Index::of(Some(1), presets);
        let none = Some(HashSet::new());
        for path in ["/api/webhooks", "/api/webhooks/ep_1"] {
            assert_eq!(index.known(path), none, "{path}");
        }
        let key = HeaderName::from_static("x-api-key");
        assert_eq!(index.known("/case/verify-event"), Some(HashSet::from([key])));
        for path in
            ["", "/", "/api", "/api/webhooks/", "/api/webhooks/a/b", "/case/verify-event/x", "/x"]
        {
            assert_eq!(index.known(path), None, "{path}");
        }
    }
}
