//! What is sent to a receiver: a message under its profile, with its endpoint's own headers.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use posthaste_bus::StoredEvent;
use posthaste_domain::{AttemptId, Delivery, Keyring, Timestamp};
use posthaste_profile::{
    Ids, Occasion, Outgoing, Profile, RenderError, VerifyCallback, canonical_digest,
};
use posthaste_registry::EndpointEntry;
use sha2::{Digest as _, Sha256};
use tracing::warn;

use crate::{headers, stage::Stage};

/// One try at a delivery, before it is made.
pub(crate) struct Try {
    pub(crate) id: AttemptId,
    pub(crate) at: Timestamp,
    pub(crate) profile: Arc<Profile>,
}

/// A request, ready to go.
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) warning: Option<&'static str>,
}

/// It is not known that it could be noted what is about to be sent.
pub(crate) struct NotNoted;

impl Stage {
    pub(crate) fn request(
        &self,
        delivery: &Delivery,
        stored: &StoredEvent,
        entry: &EndpointEntry,
        keyring: &Keyring,
        one: &Try,
    ) -> Result<Request, RenderError> {
        let StoredEvent { event, payload, .. } = stored;
        let outgoing =
            Outgoing { event, payload, endpoint: &delivery.endpoint, ids: Ids::default() };
        let occasion = Occasion {
            at: one.at,
            number: delivery.attempt,
            id: &one.id,
            url: &entry.endpoint.url,
            user_agent: &self.policy.user_agent,
        };
        let body = one.profile.body(&outgoing)?;
        let keys = keyring.active(one.at);
        let mut headers = one.profile.headers(&outgoing, &occasion, keys, &body)?;
        headers::add(&mut headers, &entry.headers);
        let warning = one.profile.warning(event, &body);
        Ok(Request { headers, body, warning })
    }

    /// Notes what is about to be sent where receivers may ask about it: while the request is still
    /// under way, they will.
    pub(crate) async fn note_sent(
        &self,
        stored: &StoredEvent,
        one: &Try,
        callback: &VerifyCallback,
        body: &[u8],
    ) -> Result<(), NotNoted> {
        // What has no canonical form is known by its bytes.
        let digest: [u8; 32] = match canonical_digest(body) {
            Ok(digest) if !callback.raw => digest,
            Ok(_) | Err(_) => Sha256::digest(body).into(),
        };
        let event = &stored.event;
        self.sent.note(&event.app, &digest, &event.id, one.at).await.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "cannot note what is to be sent");
            NotNoted
        })
    }
}
