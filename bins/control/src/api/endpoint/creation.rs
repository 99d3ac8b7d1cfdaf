//! Making endpoints, for platforms and for the merchants who register their own.

use std::sync::Arc;

use http::StatusCode;
use posthaste_api::{Json, Problem, field::Faults};
use posthaste_domain::{Application, Endpoint, EndpointId, Keyring, Mode};
use posthaste_profile::{Reveal, SecretKind, SecretPolicy};
use posthaste_registry::EndpointEntry;

use super::{
    EndpointIn, EndpointOut, New, ShownWithStatus, TAKEN, checked,
    force::profile_of,
    remove,
    rules::{self, Wish},
};
use crate::api::{Api, no_store::NO_STORE, refused, secret::new_secret};

/// Creates an endpoint. Its secret is in the answer where that is the only one that may show it;
/// whoever may create endpoints may see secrets.
pub(in crate::api) async fn insert(
    api: &Api,
    application: &Application,
    new: New,
) -> ShownWithStatus {
    let is_ours = new.secret.is_none();
    let created = create_in(api, application, new, None).await?;
    let secret = if is_ours { shown_once(api, application, &created) } else { None };
    let no_store = secret.is_some().then_some(NO_STORE);
    let told = EndpointOut::from(&created.endpoint).showing(secret);
    Ok((StatusCode::CREATED, no_store, Json(told)))
}

/// The secret that was made for a new endpoint, where its profile shows it now and never again.
fn shown_once(api: &Api, application: &Application, created: &EndpointEntry) -> Option<String> {
    let profile = profile_of(api, application, &created.endpoint).ok().flatten()?;
    let SecretPolicy { reveal, kind, .. } = profile.secret;
    let is_shown = reveal == Reveal::Once && kind != SecretKind::None;
    let keyring = created.keyring.as_ref().filter(|_| is_shown)?;
    Some(keyring.current().reveal())
}

/// Creates an endpoint that a merchant registers in `mode`.
pub(crate) async fn register(
    api: &Api,
    application: &Application,
    body: EndpointIn,
    mode: Mode,
) -> Result<Arc<EndpointEntry>, Problem> {
    let new = checked(api, &application.org, body)?;
    create_in(api, application, new, Some(mode)).await
}

async fn create_in(
    api: &Api,
    application: &Application,
    new: New,
    mode: Option<Mode>,
) -> Result<Arc<EndpointEntry>, Problem> {
    let New { draft, secret, headers } = new;
    let now = api.now();
    let id = EndpointId::generate(now, &mut rand::rng());
    let endpoint = Endpoint { mode, ..draft.create(id, application.id.clone(), now) };
    let profile = profile_of(api, application, &endpoint)?;
    let mut faults = Faults::default();
    let given = secret.as_ref().map(|text| text.as_str());
    let secret = faults.take("secret", new_secret(profile.as_deref(), given));
    let wish = Wish { next: &endpoint, current: None, secret: None, is_moved: false };
    rules::check_address(&api.guard, api.https_only, &wish, &mut faults);
    rules::check(profile.as_deref(), &wish, &mut faults);
    let secret = faults.finish(|| secret)?;
    let most = profile.and_then(|profile| profile.subscription.endpoints_max);
    let count = || api.registry.endpoints(&application.id).len();
    if most.is_some_and(|most| count() >= most) {
        return Err(too_many());
    }
    let created = api.writer.create_endpoint(endpoint, Keyring::new(secret), headers).await;
    let created = created.map_err(|error| refused(error, TAKEN))?;
    // Of several that were let in at the same moment, whoever came last sees all of them.
    if most.is_some_and(|most| count() > most) {
        remove(api, &created).await?;
        return Err(too_many());
    }
    Ok(created)
}

fn too_many() -> Problem {
    let detail = "The application has as many endpoints as its profile allows.";
    Problem::conflict("too_many_endpoints", detail)
}
