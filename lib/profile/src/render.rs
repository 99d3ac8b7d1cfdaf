//! From a message to the request that one endpoint gets: a pure function of the profile, the
//! message, the endpoint and the attempt.
//!
//! # Invariants
//! - The body is a function of what never changes after acceptance, so every attempt and every
//!   resend of a delivery has the same bytes, whoever renders it and whenever.
//! - What an attempt changes is in the headers: the moment, and what is signed with it.
//! - A request that its profile wants signed is signed, or there is none.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use posthaste_domain::{
    AttemptId, AttemptNo, EndpointId, EndpointUrl, Event, Mode, SigningSecret, Timestamp,
};

use crate::{
    Profile, SerializeError, Serializer,
    body::{Value, Values, filled},
    compatibility,
    scheme::{SignError, Signed, Target},
    variable::Variable,
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
    Body(#[from] SerializeError),
    /// A value cannot stand in a header.
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
    /// [`RenderError::Payload`], [`RenderError::Body`].
    pub fn body(&self, outgoing: &Outgoing<'_>) -> Result<Bytes, RenderError> {
        let preserved = self.serializer == Serializer::Preserve;
        if outgoing.event.content_type.is_some() || (preserved && self.template.is_bare()) {
            return Ok(outgoing.payload.clone());
        }
        let known = Known { profile: self, outgoing, occasion: None, json: json(outgoing)? };
        let mut text = String::with_capacity(outgoing.payload.len() + 512);
        self.template.write(&known, self.omit_absent, &mut text);
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
            let value = HeaderValue::try_from(filled(pieces, &known));
            headers.insert(name, value.map_err(|_| RenderError::Header(name.clone()))?);
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
            Some(own) => HeaderValue::from_str(own).map_err(|_| RenderError::Header(CONTENT_TYPE)),
        }
    }

    /// The mode of an event: what its producer said of it, else what its body says at the profile's
    /// place for that.
    #[must_use]
    pub fn mode(&self, outgoing: &Outgoing<'_>) -> Option<Mode> {
        let said = outgoing.event.occurrence.mode;
        said.or_else(|| {
            let pointer = self.modes.pointer.as_deref()?;
            let body: serde_json::Value =
                serde_json::from_slice(&self.body(outgoing).ok()?).ok()?;
            body.pointer(pointer)?.as_str()?.parse().ok()
        })
    }
}

fn json<'a>(outgoing: &Outgoing<'a>) -> Result<&'a str, RenderError> {
    std::str::from_utf8(outgoing.payload).map_err(|_| RenderError::Payload)
}

/// What variables stand for in one request.
struct Known<'a> {
    profile: &'a Profile,
    outgoing: &'a Outgoing<'a>,
    occasion: Option<&'a Occasion<'a>>,
    /// The payload.
    json: &'a str,
}

impl Known<'_> {
    fn message_id(&self) -> std::borrow::Cow<'_, str> {
        let event = self.outgoing.event;
        match (self.outgoing.ids.message, &self.profile.message_id) {
            (Some(given), _) => given.into(),
            (None, None) => event.id.as_str().into(),
            (None, Some(form)) => {
                form.derive("message", &[event.id.as_str()], event.accepted_at).into()
            }
        }
    }
}

impl Values for Known<'_> {
    fn value(&self, variable: Variable) -> Option<Value<'_>> {
        let Outgoing { event, endpoint, ids, .. } = *self.outgoing;
        let said = &event.occurrence;
        let text = |text: &'_ str| Value::Text(text.to_owned().into());
        Some(match variable {
            Variable::EventData => Value::Json(self.json),
            Variable::EventMeta => Value::Json(said.meta.as_deref()?),
            Variable::EventType => Value::Text(self.profile.wire_name(&event.event_type).into()),
            Variable::EventSubject => Value::Text(said.subject.as_deref()?.into()),
            Variable::EventMode => Value::Text(said.mode?.as_str().into()),
            Variable::EventId => match &event.event_id {
                Some(id) => text(id.as_str()),
                None => {
                    let parts = [event.id.as_str()];
                    let id = self.profile.event_id.derive("event", &parts, event.accepted_at);
                    Value::Text(id.into())
                }
            },
            Variable::EventTime => moment(self.profile.event_time, event.occurred_at()),
            Variable::MessageId => Value::Text(self.message_id()),
            Variable::DeliveryId => match ids.delivery {
                Some(id) => Value::Text(id.into()),
                None => {
                    let parts = [event.id.as_str(), endpoint.as_str()];
                    let form = &self.profile.delivery_id;
                    Value::Text(form.derive("delivery", &parts, event.accepted_at).into())
                }
            },
            Variable::TenantId => Value::Text(event.app.as_str().into()),
            Variable::TenantExternalId => {
                Value::Text(said.tenant.as_ref().map_or(event.app.as_str(), |t| t.as_str()).into())
            }
            Variable::EndpointId => Value::Text(endpoint.as_str().into()),
            Variable::AttemptTime => moment(self.profile.attempt_time, self.occasion?.at),
            Variable::AttemptNumber => Value::Number(self.occasion?.number.to_string()),
            Variable::AttemptId => Value::Text(self.occasion?.id.as_str().into()),
            Variable::UserAgent => Value::Text(self.occasion?.user_agent.into()),
        })
    }
}

fn moment(form: crate::moment::MomentForm, at: Timestamp) -> Value<'static> {
    let text = form.write(at);
    if form.is_number() { Value::Number(text) } else { Value::Text(text.into()) }
}
