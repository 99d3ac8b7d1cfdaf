//! An endpoint's signing secret: the one operation that shows it, and the one that replaces it.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use posthaste_api::{Json, Problem, RawBody, field::Faults, parse_json};
use posthaste_domain::{EndpointId, Keyring, SigningSecret};
use posthaste_profile::{Profile, Reveal, SecretKind, SecretPolicy, SecretRefused, SecretSource};
use posthaste_registry::EndpointEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    Api,
    endpoint::profile_of,
    no_store::{NO_STORE, NoStore},
    path::EndpointPath,
    refused,
};
use crate::access::{OwnEndpoint, RotateSecret, ViewSecret};

/// How long a replaced secret may go on signing: a week.
const MAX_GRACE: Duration = Duration::from_secs(604_800);

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(get)).routes(routes!(rotate))
}

/// The body of a rotation; it may be left out.
// Not `Debug`: it may hold a secret.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = EndpointSecretRotateIn)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotateIn {
    /// The next secret: `whsec_` and 24 to 75 bytes in base64, or `whsk_` and an Ed25519 key pair
    /// (the seed, then the public key) in base64. Without one, 24 random bytes are drawn. A
    /// delivery profile may want another kind, demand one, or allow none to be given.
    #[schema(min_length = 1, max_length = 256, example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    key: Option<String>,
    /// For how many seconds the old one goes on signing beside the new one: a day, or as the
    /// endpoint's profile says, where this is not said.
    #[schema(format = "uint32", minimum = 0, maximum = 604_800)]
    grace_period_seconds: Option<u32>,
}

/// The secret, in the form that receivers take.
// Not `Debug`.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointSecretOut)]
pub(crate) struct SecretOut {
    /// `whsec_` and the key in base64; of a key pair, `whpk_` and its public half; or the text that
    /// its owner chose.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    key: String,
}

pub(super) type ShownSecret = Result<(NoStore, Json<SecretOut>), Problem>;
pub(super) type Rotated = Result<(StatusCode, NoStore), Problem>;

/// The registry shows the endpoint, and no sealing key of ours opens its secret.
#[derive(Debug, thiserror::Error)]
#[error("no sealing key opens the secret of endpoint {0}")]
struct Unopened(EndpointId);

/// The secret that an endpoint of this profile, or of none, gets.
pub(super) fn new_secret(
    profile: Option<&Profile>,
    given: Option<&str>,
) -> Result<SigningSecret, SecretRefused> {
    let rng = &mut rand::rng();
    match profile {
        Some(profile) => profile.new_secret(given, rng),
        None => SecretPolicy::default().secret(given, rng),
    }
}

impl RotateIn {
    /// The next secret, and for how long the old one stays valid.
    fn validate(self, profile: Option<&Profile>) -> Result<(SigningSecret, Duration), Problem> {
        let mut faults = Faults::default();
        let given = self.key.map(Zeroizing::new);
        let given = given.as_ref().map(|text| text.as_str());
        let key = faults.take("key", new_secret(profile, given));
        let policy = profile.map_or_else(SecretPolicy::default, |profile| profile.secret);
        let grace = self.grace_period_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        if grace.is_some_and(|grace| grace > MAX_GRACE) {
            let most = MAX_GRACE.as_secs();
            faults.add(["gracePeriodSeconds"], format!("must be at most {most}"));
        }
        faults.finish(|| Some((key?, grace.unwrap_or(policy.rotation_overlap))))
    }
}

/// Get an endpoint's signing secret
///
/// In the form that receivers take; 403 where its profile shows it once only, or never.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret", operation_id = "v1.endpoint.get-secret", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, body = SecretOut),
    ),
)]
pub(crate) async fn get(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, found, _): OwnEndpoint<ViewSecret>,
) -> ShownSecret {
    let profile = profile_of(&api, &application, &found.endpoint)?;
    match profile.map(|profile| profile.secret) {
        Some(policy) if policy.kind == SecretKind::None => {
            Err(Problem::not_found("The endpoint's profile signs with no secret."))
        }
        Some(policy) if policy.reveal != Reveal::Portal => {
            let detail = "The endpoint's profile does not show a secret again. Rotate it instead.";
            Err(Problem::never_allowed("secret_not_shown", detail))
        }
        _ => shown(&found),
    }
}

/// Replace an endpoint's signing secret
///
/// The old one goes on signing beside the new one for a while. The answer shows the new one, which
/// the SDKs of today read; but not to whoever had to choose it.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate", operation_id = "v1.endpoint.rotate-secret", tag = "Endpoint",
    params(EndpointPath),
    request_body = Option<RotateIn>,
    responses(
        (status = 200, description = "It was replaced.", body = SecretOut),
        (status = 204, description = "It was replaced with the one of its owner's choice."),
    ),
)]
pub(crate) async fn rotate(
    State(api): State<Arc<Api>>,
    OwnEndpoint(application, found, _): OwnEndpoint<RotateSecret>,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let profile = profile_of(&api, &application, &found.endpoint)?;
    let policy = profile.as_ref().map_or_else(SecretPolicy::default, |profile| profile.secret);
    if policy.kind == SecretKind::None {
        let detail = "The endpoint's profile signs with no secret.";
        return Err(Problem::bad_request("no_secret", detail));
    }
    let next = change(&api, &found, &body, profile.as_deref()).await?;
    Ok(if policy.source == SecretSource::CustomerRequired {
        (StatusCode::NO_CONTENT, NO_STORE).into_response()
    } else {
        (NO_STORE, Json(SecretOut { key: next.reveal() })).into_response()
    })
}

/// The secrets of an endpoint, which our sealing keys must open.
pub(super) fn keyring(entry: &EndpointEntry) -> Result<&Keyring, Problem> {
    let unopened = || Problem::internal(Unopened(entry.endpoint.id.clone()));
    entry.keyring.as_ref().ok_or_else(unopened)
}

/// The secret of an endpoint, for its receiver.
pub(super) fn shown(entry: &EndpointEntry) -> ShownSecret {
    let key = keyring(entry)?.current().reveal();
    Ok((NO_STORE, Json(SecretOut { key })))
}

/// Replaces an endpoint's secret as `body` says, where it says anything.
pub(super) async fn replace(api: &Api, entry: &EndpointEntry, body: &[u8]) -> Rotated {
    change(api, entry, body, None).await?;
    Ok((StatusCode::NO_CONTENT, NO_STORE))
}

async fn change(
    api: &Api,
    entry: &EndpointEntry,
    body: &[u8],
    profile: Option<&Profile>,
) -> Result<SigningSecret, Problem> {
    let body: Option<RotateIn> = if body.is_empty() { None } else { parse_json(body)? };
    let (next, grace) = body.unwrap_or_default().validate(profile)?;
    let now = api.now();
    let rotate = |current: &Keyring| current.rotate(next.clone(), now, now + grace);
    let endpoint = &entry.endpoint;
    let rotated = api.writer.rotate_secret(&endpoint.app, &endpoint.id, rotate).await;
    rotated.map_err(|error| refused(error, "The secret was changed meanwhile"))?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(body: &str) -> Option<(SigningSecret, u64)> {
        let body: RotateIn = serde_json::from_str(body).unwrap();
        let checked = body.validate(None).ok();
        checked.map(|(key, grace)| (key, grace.as_secs()))
    }

    #[test]
    fn the_old_secret_stays_for_a_day_unless_said_otherwise() {
        let grace = |body| check(body).map(|(_, grace)| grace);
        assert_eq!(grace("{}"), Some(86_400));
        assert_eq!(grace(r#"{"key":null,"gracePeriodSeconds":null}"#), Some(86_400));
        assert_eq!(grace(r#"{"gracePeriodSeconds":0}"#), Some(0));
        assert_eq!(grace(r#"{"gracePeriodSeconds":604800}"#), Some(604_800));
        assert_eq!(grace(r#"{"gracePeriodSeconds":604801}"#), None);
    }

    #[test]
    fn a_given_secret_is_taken_as_it_is() {
        let key = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let (next, _) = check(&format!(r#"{{"key":"{key}"}}"#)).unwrap();
        assert_eq!(next.reveal(), key);
    }

    proptest! {
        #[test]
        fn a_fault_never_repeats_the_secret(text in "[a-z_]{12,40}") {
            let body = RotateIn { key: Some(text.clone()), grace_period_seconds: None };
            let problem = body.validate(None).unwrap_err();
            let shown = format!("{problem:?}");
            prop_assert!(!shown.contains(&text));
        }
    }
}
