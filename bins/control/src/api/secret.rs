//! An endpoint's signing secret: the one operation that shows it, and the one that replaces it.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use http::{HeaderValue, StatusCode, header};
use posthaste_api::{Json, Problem, RawBody, field::Faults, parse_json};
use posthaste_domain::{EndpointId, Keyring, SigningSecret};
use posthaste_registry::EndpointEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Api, path::EndpointPath, refused};
use crate::access::{OwnEndpoint, RotateSecret, ViewSecret};

/// How long a replaced secret goes on signing where the caller does not say: a day.
const DEFAULT_GRACE_SECONDS: u32 = 86_400;
/// How long it may: a week.
const MAX_GRACE_SECONDS: u32 = 604_800;

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
    /// (the seed, then the public key) in base64. Without one, 24 random bytes are drawn.
    #[schema(
        pattern = "^(whsec_[a-zA-Z0-9+/=]{32,100}|whsk_[a-zA-Z0-9+/=]{88})$",
        example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    )]
    key: Option<String>,
    /// For how many seconds the old one goes on signing beside the new one.
    #[schema(format = "uint32", minimum = 0, maximum = 604_800, default = 86_400)]
    grace_period_seconds: Option<u32>,
}

/// The secret, in the form that receivers take.
// Not `Debug`.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointSecretOut)]
pub(crate) struct SecretOut {
    /// `whsec_` and the key in base64; of a key pair, `whpk_` and its public half.
    #[schema(
        pattern = "^(whsec_[a-zA-Z0-9+/=]{32,100}|whpk_[a-zA-Z0-9+/=]{44})$",
        example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    )]
    key: String,
}

/// Keeps an answer out of every cache.
type NoStore = [(header::HeaderName, HeaderValue); 1];
pub(super) type ShownSecret = Result<(NoStore, Json<SecretOut>), Problem>;
pub(super) type Rotated = Result<(StatusCode, NoStore), Problem>;

const NO_STORE: NoStore = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// The registry shows the endpoint, and no sealing key of ours opens its secret.
#[derive(Debug, thiserror::Error)]
#[error("no sealing key opens the secret of endpoint {0}")]
struct Unopened(EndpointId);

impl RotateIn {
    /// The next secret, where one is given, and for how long the old one stays valid.
    fn validate(self) -> Result<(Option<SigningSecret>, Duration), Problem> {
        let mut faults = Faults::default();
        let key = self.key.map(|text| SigningSecret::parse(&text)).transpose();
        let key = faults.take("key", key);
        let grace = self.grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS);
        if grace > MAX_GRACE_SECONDS {
            faults.add(["gracePeriodSeconds"], format!("must be at most {MAX_GRACE_SECONDS}"));
        }
        faults.finish(|| Some((key?, Duration::from_secs(grace.into()))))
    }
}

/// Get an endpoint's signing secret
///
/// In the form that receivers take.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret", operation_id = "v1.endpoint.get-secret", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, body = SecretOut),
    ),
)]
pub(crate) async fn get(OwnEndpoint(_, found, _): OwnEndpoint<ViewSecret>) -> ShownSecret {
    shown(&found)
}

/// Replace an endpoint's signing secret
///
/// The old one goes on signing beside the new one for a while. The answer shows the new one, which
/// the SDKs of today read.
#[utoipa::path(
    post, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate", operation_id = "v1.endpoint.rotate-secret", tag = "Endpoint",
    params(EndpointPath),
    request_body = Option<RotateIn>,
    responses(
        (status = 200, description = "It was replaced.", body = SecretOut),
    ),
)]
pub(crate) async fn rotate(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint<RotateSecret>,
    RawBody(body): RawBody,
) -> ShownSecret {
    let next = change(&api, &found, &body).await?;
    Ok((NO_STORE, Json(SecretOut { key: next.reveal() })))
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
    change(api, entry, body).await?;
    Ok((StatusCode::NO_CONTENT, NO_STORE))
}

async fn change(api: &Api, entry: &EndpointEntry, body: &[u8]) -> Result<SigningSecret, Problem> {
    let body: Option<RotateIn> = if body.is_empty() { None } else { parse_json(body)? };
    let (next, grace) = body.unwrap_or_default().validate()?;
    let next = next.unwrap_or_else(|| SigningSecret::generate(&mut rand::rng()));
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

    fn check(body: &str) -> Option<(Option<SigningSecret>, u64)> {
        let body: RotateIn = serde_json::from_str(body).unwrap();
        body.validate().ok().map(|(key, grace)| (key, grace.as_secs()))
    }

    #[test]
    fn the_old_secret_stays_for_a_day_unless_said_otherwise() {
        assert_eq!(check("{}"), Some((None, 86_400)));
        let nulls = r#"{"key":null,"gracePeriodSeconds":null}"#;
        assert_eq!(check(nulls), Some((None, 86_400)));
        assert_eq!(check(r#"{"gracePeriodSeconds":0}"#), Some((None, 0)));
        assert_eq!(check(r#"{"gracePeriodSeconds":604800}"#), Some((None, 604_800)));
        assert_eq!(check(r#"{"gracePeriodSeconds":604801}"#), None);
    }

    #[test]
    fn a_given_secret_is_taken_as_it_is() {
        let key = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let (next, _) = check(&format!(r#"{{"key":"{key}"}}"#)).unwrap();
        assert_eq!(next.unwrap().reveal(), key);
    }

    proptest! {
        #[test]
        fn a_fault_never_repeats_the_secret(text in "[a-z_]{12,40}") {
            let body = RotateIn { key: Some(text.clone()), grace_period_seconds: None };
            let problem = body.validate().unwrap_err();
            let shown = format!("{problem:?}");
            prop_assert!(!shown.contains(&text));
        }
    }
}
