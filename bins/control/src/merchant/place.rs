//! Where merchants' programs call. Paths are data: each profile has its own.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use http::HeaderName;
use posthaste_domain::Application;
use posthaste_profile::{Preset, Profile, RegistrationApi, VerifyCallback};
use posthaste_registry::Registry;

use super::key::Caller;

/// What stands at a path, for one application.
pub(super) enum Place {
    /// The list of its registrations.
    Registrations(RegistrationApi),
    /// One of them, by this id.
    Registration(String),
    /// Where it asks whether an event is ours; by the rules of one of these, at least one.
    Verification(Vec<VerifyCallback>),
}

/// Whether anything may stand at `path`, for whomever; and in which headers, beside
/// `Authorization`, a key may be shown there.
pub(super) fn known(registry: &Registry, path: &str) -> Option<HashSet<HeaderName>> {
    // Most of what strays here is meant for us, and no profile has a place there.
    if path.starts_with("/api/v1") {
        return None;
    }
    let mut headers = HashSet::new();
    let mut is_known = is_at(&RegistrationApi::default(), path);
    let mut look = |profile: &Profile| {
        is_known |= profile.registration.as_ref().is_some_and(|api| is_at(api, path));
        if let Some(callback) = profile.verify_callback.as_ref().filter(|own| own.path == path) {
            is_known = true;
            headers.insert(callback.auth_header.clone());
        }
    };
    Preset::all().for_each(|preset| look(&preset.profile));
    registry.all_profiles().iter().for_each(|profile| look(profile));
    is_known.then_some(headers)
}

/// What stands at `path` for `caller`, who must have shown the key in a header that the place
/// allows.
pub(super) fn of(registry: &Registry, caller: &Caller, path: &str) -> Option<Place> {
    let application = &caller.application;
    let own = application.profile.as_ref();
    let own = own.and_then(|reference| registry.profile(&application.org, reference));
    let registration = own.as_ref().and_then(|profile| profile.registration.clone());
    let registration = registration.unwrap_or_default();
    let is_bearer = caller.shown_in == http::header::AUTHORIZATION;
    if is_bearer && path == registration.path {
        return Some(Place::Registrations(registration));
    }
    if is_bearer && let Some(id) = below(&registration, path) {
        return Some(Place::Registration(id.to_owned()));
    }
    let mut callbacks: Vec<VerifyCallback> = Vec::new();
    for profile in own.into_iter().chain(profiles_of_endpoints(registry, application)) {
        let callback = profile.verify_callback.as_ref().filter(|callback| {
            callback.path == path && (is_bearer || callback.auth_header == caller.shown_in)
        });
        if let Some(callback) = callback.filter(|callback| !callbacks.contains(callback)) {
            callbacks.push(callback.clone());
        }
    }
    (!callbacks.is_empty()).then_some(Place::Verification(callbacks))
}

fn profiles_of_endpoints(
    registry: &Registry,
    application: &Application,
) -> impl Iterator<Item = Arc<Profile>> {
    let endpoints = registry.endpoints(&application.id);
    let references: BTreeSet<_> =
        endpoints.iter().filter_map(|entry| entry.endpoint.profile.clone()).collect();
    references.into_iter().filter_map(|one| registry.profile(&application.org, &one))
}

fn is_at(api: &RegistrationApi, path: &str) -> bool {
    path == api.path || below(api, path).is_some()
}

/// The one step of `path` that follows the list's.
fn below<'a>(api: &RegistrationApi, path: &'a str) -> Option<&'a str> {
    let step = path.strip_prefix(&*api.path)?.strip_prefix('/')?;
    (!step.is_empty() && !step.contains('/')).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_below_the_list_is_a_registration() {
        let api = RegistrationApi::default();
        assert_eq!(below(&api, "/api/webhooks/ep_1"), Some("ep_1"));
        for other in ["/api/webhooks", "/api/webhooks/", "/api/webhooksx", "/api/webhooks/a/b"] {
            assert_eq!(below(&api, other), None, "{other}");
        }
        assert!(is_at(&api, "/api/webhooks") && !is_at(&api, "/api/webhook"));
    }
}
