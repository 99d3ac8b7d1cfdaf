//! Where merchants' programs call. Paths are data: each profile has its own.
//!
//! # Invariants
//! - A path that only other organisations' profiles have is to a caller what an unknown path is.
//! - An event may be asked about wherever a profile says so that its organisation may name, be it in
//!   force or not: what was sent under one is still asked about when nothing is called by it any
//!   more. Whose event it is is never a question of the path.

mod index;

use std::collections::BTreeSet;

use posthaste_profile::{Preset, RegistrationApi, VerifyCallback};
use posthaste_registry::Registry;

pub use self::index::Places;
use super::key::Caller;

/// What stands at a path, for one application.
pub(super) enum Place {
    /// The list of its registrations.
    Registrations(RegistrationApi),
    /// One of them, by this id.
    Registration(String),
    /// Where it asks whether an event is ours; by the rules of one of these, at least one. Its own
    /// profile's come first, then its endpoints', then those that remember longest.
    Verification(Vec<VerifyCallback>),
}

/// What stands at `path` for `caller`, who must have shown the key in a header that the place
/// allows.
pub(super) fn of(registry: &Registry, caller: &Caller, path: &str) -> Option<Place> {
    let application = &caller.application;
    let own = application.profile.as_ref();
    let own = own.and_then(|reference| registry.profile(&application.org, reference));
    let registration = own.and_then(|profile| profile.registration.clone());
    let registration = registration.unwrap_or_default();
    let is_bearer = caller.shown_in == http::header::AUTHORIZATION;
    if is_bearer && path == registration.path {
        return Some(Place::Registrations(registration));
    }
    if is_bearer && let Some(id) = below(&registration, path) {
        return Some(Place::Registration(id.to_owned()));
    }
    let is_here = |callback: &VerifyCallback| {
        callback.path == path && (is_bearer || callback.auth_header == caller.shown_in)
    };
    let callbacks = callbacks(registry, caller, is_here);
    (!callbacks.is_empty()).then_some(Place::Verification(callbacks))
}

/// The ways to ask that fit, of all that the caller's organisation has; each once.
fn callbacks(
    registry: &Registry,
    caller: &Caller,
    is_here: impl Fn(&VerifyCallback) -> bool,
) -> Vec<VerifyCallback> {
    let application = &caller.application;
    let endpoints = registry.endpoints(&application.id);
    let named: BTreeSet<_> =
        endpoints.iter().filter_map(|entry| entry.endpoint.profile.as_ref()).collect();
    let in_force = application.profile.iter().chain(named);
    let in_force = in_force.filter_map(|one| registry.profile(&application.org, one));
    let mut found: Vec<VerifyCallback> = Vec::new();
    let mut add = |callback: &VerifyCallback| {
        if is_here(callback) && !found.contains(callback) {
            found.push(callback.clone());
        }
    };
    in_force.filter_map(|profile| profile.verify_callback.clone()).for_each(|one| add(&one));
    let presets = Preset::all().filter_map(|preset| preset.profile.verify_callback.clone());
    let published = registry.profiles(&application.org).into_iter();
    let published = published.filter_map(|one| one.profile.verify_callback.clone());
    let mut all: Vec<_> = presets.chain(published).collect();
    all.sort_by_key(|callback| std::cmp::Reverse(callback.window));
    all.iter().for_each(add);
    found
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
    }
}
