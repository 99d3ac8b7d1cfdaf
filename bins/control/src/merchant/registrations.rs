//! The registrations of an application: made, listed and deleted by its own programs.
//!
//! A registration is an endpoint, by the same rules as those that the platform makes; what is here
//! is how merchants speak of it.

use std::sync::Arc;

use axum::{
    extract::{FromRequest as _, Request},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use posthaste_api::{Json, RawBody};
use posthaste_profile::{ModeScope, Profile, RegistrationApi, SecretKind};
use posthaste_registry::EndpointEntry;
use serde_json::{Map, Value};

use super::{
    complaint::Complaint,
    key::Caller,
    registration::{Created, Listed, Registration},
};
use crate::api::{
    Api,
    endpoint::{self, EndpointIn},
    no_store::NO_STORE,
};

/// Registers an endpoint. This answer alone has the secret, where it is not its owner who chose it.
pub(super) async fn create(
    api: &Arc<Api>,
    caller: &Caller,
    request: Request,
) -> Result<Response, Complaint> {
    let RawBody(body) = RawBody::from_request(request, &()).await?;
    let registration = Registration::read(&body)?;
    let is_chosen = registration.secret.is_some();
    let profile = profile(api, caller);
    let Registration { name, url, secret, event_types } = registration;
    let secret = secret.map(|text| (*text).clone());
    let body = EndpointIn::registered(url, name, secret, event_types);
    let created = endpoint::register(api, &caller.application, body, caller.mode);
    let created = created.await?;
    let signs = profile.as_ref().is_none_or(|profile| profile.secret.kind != SecretKind::None);
    let secret = created.keyring.as_ref().filter(|_| signs && !is_chosen);
    let secret = secret.map(|keyring| keyring.current().reveal());
    let warning = profile.as_ref().and_then(|profile| warning(api, caller, profile));
    let listed = Listed::from(&created.endpoint);
    let told = Json(Created { listed, secret, warning });
    Ok((StatusCode::OK, NO_STORE, told).into_response())
}

/// The registrations that the caller sees, the newest first.
pub(super) fn list(api: &Api, caller: &Caller, place: &RegistrationApi) -> Response {
    let profile = profile(api, caller);
    let all = api.registry.endpoints(&caller.application.id);
    let seen = all.iter().rev().filter(|entry| sees(caller, profile.as_deref(), entry));
    let listed: Vec<_> = seen.map(|entry| Listed::from(&entry.endpoint)).collect();
    let listed = serde_json::to_value(listed).unwrap_or_default();
    let told = Map::from_iter([(place.list_key.clone(), listed)]);
    Json(Value::Object(told)).into_response()
}

/// Deletes a registration that the caller sees.
pub(super) async fn delete(
    api: &Arc<Api>,
    caller: &Caller,
    id: &str,
) -> Result<Response, Complaint> {
    let id = id.parse().map_err(|_| Complaint::not_found())?;
    let found = api.registry.endpoint_by_id(&caller.application.id, &id);
    let profile = profile(api, caller);
    let found = found.filter(|entry| sees(caller, profile.as_deref(), entry));
    let found = found.ok_or_else(Complaint::not_found)?;
    Ok(endpoint::remove(api, &found).await?.into_response())
}

/// The profile under which the caller registers; `None` where its application has none.
fn profile(api: &Api, caller: &Caller) -> Option<Arc<Profile>> {
    let application = &caller.application;
    api.registry.profile(&application.org, application.profile.as_ref()?)
}

/// Whether an endpoint of the caller's application is there for the caller: where modes are kept
/// apart, only what was registered in its own.
fn sees(caller: &Caller, profile: Option<&Profile>, entry: &EndpointEntry) -> bool {
    let is_apart = profile.is_some_and(|profile| profile.modes.scope == ModeScope::PerMode);
    !is_apart || entry.endpoint.mode == Some(caller.mode)
}

/// What to say where there are more registrations than are usually meant.
fn warning(api: &Api, caller: &Caller, profile: &Profile) -> Option<String> {
    let most = profile.subscription.warn_above?;
    let all = api.registry.endpoints(&caller.application.id);
    let count = all.iter().filter(|entry| sees(caller, Some(profile), entry)).count();
    let plural = if most == 1 { "" } else { "s" };
    (count > most).then(|| {
        format!(
            "There are {count} webhooks now, and each gets every event; {most} webhook{plural} \
             should do. Delete those that are not needed."
        )
    })
}
