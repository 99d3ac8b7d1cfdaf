//! The profile that is in force for an endpoint, and whether the two suit each other.

use std::sync::Arc;

use posthaste_api::{Problem, field::Faults};
use posthaste_domain::{Application, Endpoint, Keyring, ProfileRef};
use posthaste_profile::Profile;
use posthaste_registry::EndpointEntry;

use super::rules::{self, Wish};
use crate::{
    api::{Api, RETRY_AFTER},
    kept_profile::in_force,
};

/// The profile that is in force for an endpoint; `None` where it is called plainly.
///
/// # Errors
/// 503 where one is in force that cannot be read here: without its rules nothing is allowed.
pub(in crate::api) fn profile_of(
    api: &Api,
    application: &Application,
    endpoint: &Endpoint,
) -> Result<Option<Arc<Profile>>, Problem> {
    let Some(reference) = in_force(application, endpoint) else { return Ok(None) };
    match api.registry.profile(&application.org, &reference) {
        Some(profile) => Ok(Some(profile)),
        None => Err(Problem::unavailable(RETRY_AFTER, Unread(reference))),
    }
}

/// The registry names a profile and does not show it.
#[derive(Debug, thiserror::Error)]
#[error("profile {0} cannot be read")]
struct Unread(ProfileRef);

/// Whether an endpoint may become `next`, by the profile that is in force for that.
pub(super) fn check_change(
    api: &Api,
    application: &Application,
    found: &EndpointEntry,
    next: &Endpoint,
) -> Result<(), Problem> {
    let wish = Wish {
        next,
        current: Some(&found.endpoint),
        secret: found.keyring.as_ref().map(Keyring::current),
        is_moved: in_force(application, &found.endpoint) != in_force(application, next),
    };
    let mut faults = Faults::default();
    rules::check_address(&api.guard, api.https_only, &wish, &mut faults);
    rules::check(profile_of(api, application, next)?.as_deref(), &wish, &mut faults);
    faults.finish(|| Some(()))
}

/// How many of an application's endpoints, those that leave their profile to it, could not be called
/// by `profile`, or plainly where there is none, and what is wrong with the first of them.
pub(in crate::api) fn misfits(
    api: &Api,
    application: &Application,
    profile: Option<&Profile>,
) -> Option<(usize, String)> {
    let all = api.registry.endpoints(&application.id);
    let faults = all.iter().filter(|entry| entry.endpoint.profile.is_none()).filter_map(|entry| {
        let wish = Wish {
            next: &entry.endpoint,
            current: Some(&entry.endpoint),
            secret: entry.keyring.as_ref().map(Keyring::current),
            is_moved: true,
        };
        let mut faults = Faults::default();
        rules::check(profile, &wish, &mut faults);
        let first = faults.first()?;
        Some(format!("{} {first}", entry.endpoint.id))
    });
    let faults: Vec<_> = faults.collect();
    Some((faults.len(), faults.into_iter().next()?))
}
