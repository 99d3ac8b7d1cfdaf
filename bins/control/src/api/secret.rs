//! An endpoint's signing secret: the one operation that shows it, and the one that replaces it.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use http::{HeaderValue, StatusCode, header};
use posthaste_api::{Json, Problem, RawBody, parse_json};
use posthaste_domain::{EndpointId, Keyring, SigningSecret};
use serde::{Deserialize, Serialize};

use super::{Api, field::Faults, refused};
use crate::access::OwnEndpoint;

/// How long a replaced secret goes on signing where the caller does not say: a day.
const DEFAULT_GRACE_SECONDS: u32 = 86_400;
/// How long it may: a week.
const MAX_GRACE_SECONDS: u32 = 604_800;

/// The body of a rotation. Not `Debug`: it may hold a secret.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RotateIn {
    key: Option<String>,
    grace_period_seconds: Option<u32>,
}

/// The secret, in the form that receivers take. Not `Debug`.
#[derive(Serialize)]
pub(crate) struct SecretOut {
    key: String,
}

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

/// `GET /app/{app_id}/endpoint/{endpoint_id}/secret`
pub(crate) async fn get(
    OwnEndpoint(_, found): OwnEndpoint,
) -> Result<([(header::HeaderName, HeaderValue); 1], Json<SecretOut>), Problem> {
    let Some(keyring) = &found.keyring else {
        return Err(Problem::internal(Unopened(found.endpoint.id.clone())));
    };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((no_store, Json(SecretOut { key: keyring.current().reveal() })))
}

/// `POST /app/{app_id}/endpoint/{endpoint_id}/secret/rotate`; no body is as good as an empty one.
pub(crate) async fn rotate(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found): OwnEndpoint,
    RawBody(body): RawBody,
) -> Result<StatusCode, Problem> {
    let body: RotateIn = if body.is_empty() { RotateIn::default() } else { parse_json(&body)? };
    let (next, grace) = body.validate()?;
    let next = next.unwrap_or_else(|| SigningSecret::generate(&mut rand::rng()));
    let now = api.now();
    let rotate = |current: &Keyring| current.rotate(next.clone(), now, now + grace);
    let rotated = api.writer.rotate_secret(&found.endpoint.app, &found.endpoint.id, rotate).await;
    rotated.map_err(|error| refused(error, "The secret was changed meanwhile"))?;
    Ok(StatusCode::NO_CONTENT)
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
