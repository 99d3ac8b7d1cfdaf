//! From a message to the request that one endpoint gets: a pure function of the profile, the
//! message, the endpoint and the attempt.
//!
//! # Invariants
//! - The body is a function of what never changes after acceptance, so every attempt and every
//!   resend of a delivery has the same bytes, whoever renders it and whenever.
//! - What an attempt changes is in the headers: the moment, and what is signed with it.
//! - A request that its profile wants signed is signed, or there is none.

mod known;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use posthaste_domain::{
    AttemptId, AttemptNo, EndpointId, EndpointUrl, Event, Mode, SigningSecret, Timestamp,
};

use self::known::Known;
use crate::{
    Profile, Refusal, SerializeError, Serializer,
    body::{BODY_MAX, TooLong, filled},
    compatibility,
    headers::ascii_value,
    json::text_at,
    scheme::{SignError, Signed, Target},
};

/// How many headers a request has once the client has added its own, so that the map seldom grows.
const HEADERS_SENT: usize = 12;

/// The header that says an event's mode, where its producer said it.
pub(crate) const MODE: HeaderName = HeaderName::from_static("webhook-mode");

/// One message for one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The message.
    pub event: &'a Event,
    /// Its payload, as it was accepted.
    pub payload: &'a Bytes,
    /// The endpoint.
    pub endpoint: &'a EndpointId,
    /// Ids to be shown instead of those that the profile gives.
    pub ids: Ids<'a>,
}

/// Ids that are given, as in a published example.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids<'a> {
    /// The message's.
    pub message: Option<&'a str>,
    /// The delivery's.
    pub delivery: Option<&'a str>,
}

/// What is different on each attempt.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// When the request is begun.
    pub at: Timestamp,
    /// Which try it is.
    pub number: AttemptNo,
    /// The attempt's id.
    pub id: &'a AttemptId,
    /// Where the request goes.
    pub url: &'a EndpointUrl,
    /// What we call ourselves.
    pub user_agent: &'a str,
}

/// Why there is no request. For the platform's developers: it names no secret.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The payload is not text.
    #[error("the payload is not UTF-8")]
    Payload,
    /// The body has no form that the profile's serializer writes.
    #[error("the body cannot be written as the endpoint's profile wants it: {0}")]
    Body(#[source] SerializeError),
    /// The body would be longer than [`BODY_MAX`].
    #[error("the body would be longer than {BODY_MAX} bytes")]
    TooLong,
    /// A value cannot stand in a header: it is not printable ASCII.
    #[error("what header {0} would say cannot stand in a header")]
    Header(HeaderName),
    /// The id or the event type cannot be sent, or a header to be signed is missing.
    #[error("the request cannot be signed: {0}")]
    Sign(#[from] SignError),
    /// None of the endpoint's secrets is of the kind that the profile signs with.
    #[error("no secret of the endpoint fits its profile: set another")]
    NoKey,
}

impl Profile {
    /// The body that every attempt at a delivery sends. A raw payload, which has a content type of
    /// its own, is sent as it is.
    ///
    /// # Errors
    /// [`RenderError::Payload`], [`RenderError::Body`], [`RenderError::TooLong`].
    pub fn body(&self, outgoing: &Outgoing<'_>) -> Result<Bytes, RenderError> {
        let preserved = self.serializer == Serializer::Preserve;
        if outgoing.event.content_type.is_some() || (preserved && self.template.is_bare()) {
            return Ok(outgoing.payload.clone());
        }
        let known = Known { profile: self, outgoing, occasion: None, json: json(outgoing)? };
        let mut text = String::with_capacity(outgoing.payload.len() + 512);
        self.template.write(&known, self.omit_absent, &mut text)?;
        if preserved {
            return Ok(text.into());
        }
        let mut body = Vec::with_capacity(text.len());
        self.serializer.write(&text, &mut body)?;
        Ok(body.into())
    }

    /// The headers of one attempt with a `body` that [`body`](Self::body) made, signed with `keys`,
    /// the newest first.
    ///
    /// # Errors
    /// [`RenderError::Header`], [`RenderError::Sign`], [`RenderError::NoKey`].
    pub fn headers<'k>(
        &self,
        outgoing: &Outgoing<'_>,
        occasion: &Occasion<'_>,
        keys: impl Iterator<Item = &'k SigningSecret> + Clone,
        body: &[u8],
    ) -> Result<HeaderMap, RenderError> {
        let event = outgoing.event;
        let mut headers = HeaderMap::with_capacity(HEADERS_SENT);
        headers.insert(CONTENT_TYPE, self.content_type(event)?);
        if let Some(mode) = event.occurrence.mode {
            headers.insert(MODE, HeaderValue::from_static(mode.as_str()));
        }
        let known = Known { profile: self, outgoing, occasion: Some(occasion), json: "" };
        for (name, pieces) in &self.headers {
            let value = ascii_value(&filled(pieces, &known));
            headers.insert(name, value.ok_or_else(|| RenderError::Header(name.clone()))?);
        }
        if !self.signing.is_empty() {
            let id = known.message_id();
            let event_type = self.wire_name(&event.event_type);
            let signed = Signed { id: &id, at: occasion.at, event_type, body };
            let target = Target { method: "POST", uri: occasion.url.as_str() };
            if self.signing.signatures.sign(keys, &signed, &target, &mut headers)? == 0 {
                return Err(RenderError::NoKey);
            }
        }
        Ok(headers)
    }

    /// What the developer of a receiver should know of a body: in which receivers its signature
    /// does not verify although it is right. Only asked where a signature covers nothing but the
    /// body, for those are the ones that receivers check over JSON that they have written anew.
    #[must_use]
    pub fn warning(&self, event: &Event, body: &[u8]) -> Option<&'static str> {
        let rewritten = matches!(self.serializer, Serializer::Compact | Serializer::Php)
            && self.signing.covers_the_body_alone
            && event.content_type.is_none();
        if rewritten { compatibility(body).warning() } else { None }
    }

    fn content_type(&self, event: &Event) -> Result<HeaderValue, RenderError> {
        match &event.content_type {
            None => Ok(self.content_type.clone()),
            Some(own) => ascii_value(own).ok_or(RenderError::Header(CONTENT_TYPE)),
        }
    }

    /// The mode of an event: what its producer said of it, else what its body says at the profile's
    /// place for that.
    #[must_use]
    pub fn mode(&self, outgoing: &Outgoing<'_>) -> Option<Mode> {
        let said = outgoing.event.occurrence.mode;
        said.or_else(|| {
            let pointer = self.modes.pointer.as_deref()?;
            let body = self.body(outgoing).ok()?;
            text_at(std::str::from_utf8(&body).ok()?, pointer)?.parse().ok()
        })
    }
}

fn json<'a>(outgoing: &Outgoing<'a>) -> Result<&'a str, RenderError> {
    std::str::from_utf8(outgoing.payload).map_err(|_| RenderError::Payload)
}

impl From<TooLong> for RenderError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}

impl From<SerializeError> for RenderError {
    fn from(error: SerializeError) -> Self {
        if error.refusal == Refusal::TooLong { Self::TooLong } else { Self::Body(error) }
    }
}
