//! What a delivery profile wants of an endpoint. Pure.

use posthaste_api::field::Faults;
use posthaste_domain::{Endpoint, SigningSecret};
use posthaste_outbound::Guard;
use posthaste_profile::{Profile, SecretPolicy};

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

impl Wish<'_> {
    /// Whether something is to be judged: it is not the `same` as before, or not by the same rules.
    fn is_new(&self, same: fn(&Endpoint, &Endpoint) -> bool) -> bool {
        self.is_moved || self.current.is_none_or(|current| !same(current, self.next))
    }
}

/// Notes it where the endpoint could never be called: its own URL says that it is in a private or
/// special network. What a name resolves to is judged whenever it is called.
pub(super) fn check_address(guard: &Guard, https_only: bool, wish: &Wish<'_>, faults: &mut Faults) {
    if wish.current.is_some_and(|current| current.url == wish.next.url) {
        return;
    }
    if !guard.permits_url(&wish.next.url) {
        faults.add(["url"], "must be in the public Internet: private addresses are not called");
    }
    if https_only && wish.next.url.as_url().scheme() != "https" {
        faults.add(["url"], "must be https");
    }
}

/// Notes whatever `profile` forbids, or what is wrong without any. What is not changed is not judged
/// again, for a profile that its application was given later must not make an endpoint immutable.
pub(super) fn check(profile: Option<&Profile>, wish: &Wish<'_>, faults: &mut Faults) {
    if let Some(profile) = profile {
        check_settings(profile, wish, faults);
    }
    let Wish { current, secret, is_moved, .. } = *wish;
    let policy = profile.map_or_else(SecretPolicy::default, |profile| profile.secret);
    let fits = |secret| policy.fits(secret) && profile.is_none_or(|one| one.can_sign(secret));
    if is_moved && current.is_some() && secret.is_some_and(|secret| !fits(secret)) {
        let msg = "wants another kind of secret than the endpoint has: make a new endpoint";
        faults.add(["profile"], msg);
    }
}

fn check_settings(profile: &Profile, wish: &Wish<'_>, faults: &mut Faults) {
    let next = wish.next;
    if wish.is_new(|current, next| current.url == next.url) {
        let url = next.url.as_url();
        if profile.transport.https_only && url.scheme() != "https" {
            faults.add(["url"], "must be https, as the endpoint's profile demands");
        } else if profile.only_port_443 && url.port_or_known_default() != Some(443) {
            faults.add(["url"], "must have port 443, as the endpoint's profile demands");
        }
    }
    let chosen = next.event_types.is_some() && profile.subscription.unfiltered;
    if chosen && wish.is_new(|current, next| current.event_types == next.event_types) {
        faults.add(["eventTypes"], "cannot be chosen: by the endpoint's profile it gets all");
    }
}
