//! What a delivery profile wants of an endpoint. Pure.

use posthaste_api::field::Faults;
use posthaste_domain::{Endpoint, SigningSecret};
use posthaste_profile::Profile;

/// An endpoint as it is to be, and as it was.
pub(super) struct Wish<'a> {
    pub(super) next: &'a Endpoint,
    /// `None` for a new one.
    pub(super) current: Option<&'a Endpoint>,
    /// What its requests are signed with, where that is known here.
    pub(super) secret: Option<&'a SigningSecret>,
    /// Whether another profile is in force for it than before.
    pub(super) is_moved: bool,
}

/// Notes whatever `profile` forbids. What is not changed is not judged again, for a profile that
/// its application was given later must not make an endpoint immutable.
pub(super) fn check(profile: &Profile, wish: &Wish<'_>, faults: &mut Faults) {
    let Wish { next, current, secret, is_moved } = *wish;
    let is_new = |same: fn(&Endpoint, &Endpoint) -> bool| {
        is_moved || current.is_none_or(|current| !same(current, next))
    };
    if is_new(|current, next| current.url == next.url) {
        let url = next.url.as_url();
        if profile.transport.https_only && url.scheme() != "https" {
            faults.add(["url"], "must be https, as the endpoint's profile demands");
        } else if profile.only_port_443 && url.port_or_known_default() != Some(443) {
            faults.add(["url"], "must have port 443, as the endpoint's profile demands");
        }
    }
    let chosen = next.event_types.is_some() && profile.subscription.unfiltered;
    if chosen && is_new(|current, next| current.event_types == next.event_types) {
        faults.add(["eventTypes"], "cannot be chosen: by the endpoint's profile it gets all");
    }
    if is_moved && current.is_some() && secret.is_some_and(|secret| !profile.secret.fits(secret)) {
        let msg = "wants another kind of secret than the endpoint has: make a new endpoint";
        faults.add(["profile"], msg);
    }
}
