//! What a template may speak of: a closed set, so that what parses cannot fail later.

/// Something that is known of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    EventId,
    EventType,
    EventTime,
    EventSubject,
    EventData,
    EventMeta,
    EventMode,
    MessageId,
    DeliveryId,
    TenantId,
    TenantExternalId,
    EndpointId,
    AttemptTime,
    AttemptNumber,
    AttemptId,
    UserAgent,
}

use Variable::{
    AttemptId, AttemptNumber, AttemptTime, DeliveryId, EndpointId, EventData, EventId, EventMeta,
    EventMode, EventSubject, EventTime, EventType, MessageId, TenantExternalId, TenantId,
    UserAgent,
};

/// Where a template is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The same on every attempt, so it may not speak of one.
    Body,
    /// Made anew for each attempt.
    Header,
}

const NAMES: [(&str, Variable); 16] = [
    ("event.id", EventId),
    ("event.type", EventType),
    ("event.time", EventTime),
    ("event.subject", EventSubject),
    ("event.data", EventData),
    ("event.meta", EventMeta),
    ("event.mode", EventMode),
    ("message.id", MessageId),
    ("delivery.id", DeliveryId),
    ("tenant.id", TenantId),
    ("tenant.external_id", TenantExternalId),
    ("endpoint.id", EndpointId),
    ("attempt.unix", AttemptTime),
    ("attempt.number", AttemptNumber),
    ("attempt.id", AttemptId),
    ("platform.user_agent", UserAgent),
];

impl Variable {
    /// The variable of this name, where a template of this scope may speak of it.
    pub(crate) fn named(name: &str, scope: Scope) -> Result<Self, String> {
        let (_, found) = NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("there is no variable {name}"))?;
        match (scope, found) {
            (Scope::Body, AttemptTime | AttemptNumber | AttemptId | UserAgent) => {
                Err(format!("{name} may differ between attempts, and a body may not"))
            }
            (Scope::Header, EventData | EventMeta) => {
                Err(format!("{name} may hold what no header can"))
            }
            _ => Ok(*found),
        }
    }
}

/// A piece of a text with variables in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Variable(Variable),
}

/// Cuts a text at its `{{variables}}`.
pub(crate) fn pieces(text: &str, scope: Scope) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("{{ is not closed")?;
        if !before.is_empty() {
            found.push(Piece::Literal(before.to_owned()));
        }
        found.push(Piece::Variable(Variable::named(name.trim(), scope)?));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Literal(rest.to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_their_variables() {
        let cut = pieces("a{{event.id}}{{ event.type }}b}}", Scope::Body).unwrap();
        let literal = |text: &str| Piece::Literal(text.into());
        let wanted =
            [literal("a"), Piece::Variable(EventId), Piece::Variable(EventType), literal("b}}")];
        assert_eq!(cut, wanted);
        assert_eq!(pieces("", Scope::Body), Ok(vec![]));
    }

    #[test]
    fn what_cannot_be_known_is_refused() {
        for (text, scope) in [
            ("{{event.id", Scope::Body),
            ("{{event.size}}", Scope::Body),
            ("{{attempt.unix}}", Scope::Body),
            ("{{platform.user_agent}}", Scope::Body),
            ("{{event.data}}", Scope::Header),
        ] {
            assert!(pieces(text, scope).is_err(), "{text}");
        }
        assert!(pieces("t={{attempt.unix}}", Scope::Header).is_ok());
    }
}
