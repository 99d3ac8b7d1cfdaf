//! Whom a request speaks for, as arguments of handlers: a handler's signature says which token it
//! needs.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::{header, request::Parts};
use posthaste_api::{Principal, Problem};
use posthaste_domain::{Application, OrgId};
use posthaste_registry::EndpointEntry;

use crate::api::Api;

/// Any good token.
pub(crate) struct Anyone(pub(crate) Principal);

/// A token for all of an organisation; an application's is answered 403.
pub(crate) struct Organisation(pub(crate) OrgId);

/// The application `{app_id}`, for its organisation or for itself. Others do not find it.
pub(crate) struct OwnApplication(pub(crate) Arc<Application>);

/// The application `{app_id}`, for its organisation only.
pub(crate) struct ManagedApplication(pub(crate) Arc<Application>);

/// [`OwnApplication`] and its endpoint `{endpoint_id}`.
pub(crate) struct OwnEndpoint(pub(crate) Arc<Application>, pub(crate) Arc<EndpointEntry>);

impl FromRequestParts<Arc<Api>> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok());
        api.verifier.verify(header, api.now()).map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for Organisation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Anyone(principal) = Anyone::from_request_parts(parts, api).await?;
        principal.into_organisation().map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for OwnApplication {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Anyone(principal) = Anyone::from_request_parts(parts, api).await?;
        let key = path_param(parts, api, "app_id").await?;
        let found = api.registry.application(principal.org(), &key);
        let application = found.ok_or_else(Problem::entity_not_found)?;
        match principal {
            Principal::Application { app, .. } if app != application.id => {
                Err(Problem::entity_not_found())
            }
            Principal::Application { .. } | Principal::Organisation(_) => Ok(Self(application)),
        }
    }
}

impl FromRequestParts<Arc<Api>> for ManagedApplication {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Organisation(org) = Organisation::from_request_parts(parts, api).await?;
        let key = path_param(parts, api, "app_id").await?;
        let found = api.registry.application(&org, &key);
        found.map(Self).ok_or_else(Problem::entity_not_found)
    }
}

impl FromRequestParts<Arc<Api>> for OwnEndpoint {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let OwnApplication(application) = OwnApplication::from_request_parts(parts, api).await?;
        let key = path_param(parts, api, "endpoint_id").await?;
        let found = api.registry.endpoint(&application.id, &key);
        let endpoint = found.ok_or_else(Problem::entity_not_found)?;
        Ok(Self(application, endpoint))
    }
}

/// One parameter of the path; one that is not text names nothing.
async fn path_param(parts: &mut Parts, api: &Arc<Api>, name: &str) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(parts, api).await;
    let params = params.map_err(|_| Problem::entity_not_found())?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned()).ok_or_else(Problem::entity_not_found)
}
