//! What the variables of templates stand for.

use posthaste_domain::Timestamp;

use super::{Occasion, Outgoing};
use crate::{
    Profile,
    body::{Value, Values},
    variable::Variable,
};

/// What variables stand for in one request.
pub(super) struct Known<'a> {
    pub(super) profile: &'a Profile,
    pub(super) outgoing: &'a Outgoing<'a>,
    pub(super) occasion: Option<&'a Occasion<'a>>,
    /// The payload.
    pub(super) json: &'a str,
}

impl Known<'_> {
    pub(super) fn message_id(&self) -> std::borrow::Cow<'_, str> {
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
