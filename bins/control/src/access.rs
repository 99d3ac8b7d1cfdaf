//! Whom a request speaks for, as arguments of handlers: a handler's signature says which token it
//! needs, and what that token must be allowed.

use std::{marker::PhantomData, sync::Arc};

use axum::extract::{FromRequestParts, RawPathParams};
use http::{header, request::Parts};
use posthaste_api::{Capability, Portal, Principal, Problem};
use posthaste_domain::{Application, OrgId, Timestamp};
use posthaste_registry::EndpointEntry;

use crate::{api::Api, operational};

/// Any good token.
pub(crate) struct Anyone(pub(crate) Principal);

/// A token for all of an organisation; an application's is answered 403.
pub(crate) struct Organisation(pub(crate) OrgId);

/// The application `{app_id}`, for its organisation, or for itself where its token may do what
/// `M` says. Others do not find it.
pub(crate) struct OwnApplication<M = View>(pub(crate) Arc<Application>, pub(crate) PhantomData<M>);

/// The application `{app_id}`, for its organisation only.
pub(crate) struct ManagedApplication(pub(crate) Arc<Application>);

/// [`OwnApplication`] and its endpoint `{endpoint_id}`.
pub(crate) struct OwnEndpoint<M = View>(
    pub(crate) Arc<Application>,
    pub(crate) Arc<EndpointEntry>,
    pub(crate) PhantomData<M>,
);

/// [`ManagedApplication`] and its endpoint `{endpoint_id}`.
pub(crate) struct ManagedEndpoint(pub(crate) Arc<Application>, pub(crate) Arc<EndpointEntry>);

/// An organisation that may have operational webhooks: any but Posthaste's own, which is what they
/// come from.
pub(crate) struct Subscriber(pub(crate) OrgId);

/// The endpoint `{endpoint_id}` of the organisation's operational webhooks.
pub(crate) struct OperationalEndpoint(pub(crate) Arc<EndpointEntry>);

/// What an application's own token must be allowed. Organisations are allowed everything.
pub(crate) trait May: Send + Sync + 'static {
    /// The capability it must have.
    const WANTED: Capability;
}

macro_rules! may {
    ($($(#[$doc:meta])* $name:ident = $wanted:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl May for $name {
            const WANTED: Capability = Capability::$wanted;
        }
    )*};
}

may! {
    /// To look.
    View = ViewBase;
    /// To see a signing secret.
    ViewSecret = ViewEndpointSecret;
    /// To rotate one.
    RotateSecret = ManageEndpointSecret;
    /// To have something sent.
    Attempt = CreateAttempts;
    /// To make, change and delete endpoints.
    Edit = ManageEndpoint;
}

impl Anyone {
    /// Whether it is a customer of the platform who speaks, rather than the platform.
    pub(crate) const fn is_portal(&self) -> bool {
        matches!(self.0, Principal::Application(_))
    }

    /// # Errors
    /// 403 where a customer has `chosen` how they are called: that is the platform's promise, not
    /// theirs.
    pub(crate) fn may_choose(&self, chosen: bool) -> Result<(), Problem> {
        if chosen && self.is_portal() { Err(Problem::forbidden()) } else { Ok(()) }
    }
}

impl FromRequestParts<Arc<Api>> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok());
        let now = api.now();
        let principal = api.verifier.verify(header, now)?;
        match &principal {
            Principal::Application(portal) if !is_alive(portal, api, now) => {
                Err(Problem::unauthorised())
            }
            Principal::Application(_) | Principal::Organisation(_) => Ok(Self(principal)),
        }
    }
}

impl FromRequestParts<Arc<Api>> for Organisation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Anyone(principal) = Anyone::from_request_parts(parts, api).await?;
        principal.into_organisation().map(Self)
    }
}

impl<M: May> FromRequestParts<Arc<Api>> for OwnApplication<M> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Anyone(principal) = Anyone::from_request_parts(parts, api).await?;
        let key = path_param(parts, api, "app_id").await?;
        let found = api.registry.application(principal.org(), &key);
        let application = found.ok_or_else(Problem::entity_not_found)?;
        match principal {
            Principal::Organisation(_) => Ok(Self(application, PhantomData)),
            Principal::Application(portal) if portal.app != application.id => {
                Err(Problem::entity_not_found())
            }
            Principal::Application(portal) if portal.may(M::WANTED) => {
                Ok(Self(application, PhantomData))
            }
            Principal::Application(_) => Err(Problem::forbidden()),
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

impl<M: May> FromRequestParts<Arc<Api>> for OwnEndpoint<M> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let OwnApplication(application, may) =
            OwnApplication::<M>::from_request_parts(parts, api).await?;
        let endpoint = endpoint_of(&application, parts, api).await?;
        Ok(Self(application, endpoint, may))
    }
}

impl FromRequestParts<Arc<Api>> for ManagedEndpoint {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let ManagedApplication(application) =
            ManagedApplication::from_request_parts(parts, api).await?;
        let endpoint = endpoint_of(&application, parts, api).await?;
        Ok(Self(application, endpoint))
    }
}

impl FromRequestParts<Arc<Api>> for Subscriber {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Organisation(org) = Organisation::from_request_parts(parts, api).await?;
        if org == *operational::ORGANISATION { Err(Problem::forbidden()) } else { Ok(Self(org)) }
    }
}

impl FromRequestParts<Arc<Api>> for OperationalEndpoint {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Subscriber(org) = Subscriber::from_request_parts(parts, api).await?;
        let found = operational::application_of(&api.registry, &org);
        let application = found.ok_or_else(Problem::entity_not_found)?;
        endpoint_of(&application, parts, api).await.map(Self)
    }
}

/// Whether there still is whom the token speaks for, and nobody has ended it.
fn is_alive(portal: &Portal, api: &Api, now: Timestamp) -> bool {
    let session = portal.session_id.as_deref();
    let application = api.registry.application(&portal.org, portal.app.as_str());
    application.is_some_and(|found| !found.token_cut_offs.ended(portal.issued_at, session, now))
}

async fn endpoint_of(
    application: &Application,
    parts: &mut Parts,
    api: &Arc<Api>,
) -> Result<Arc<EndpointEntry>, Problem> {
    let key = path_param(parts, api, "endpoint_id").await?;
    api.registry.endpoint(&application.id, &key).ok_or_else(Problem::entity_not_found)
}

/// One parameter of the path; one that is not text names nothing.
async fn path_param(parts: &mut Parts, api: &Arc<Api>, name: &str) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(parts, api).await;
    let params = params.map_err(|_| Problem::entity_not_found())?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned()).ok_or_else(Problem::entity_not_found)
}
