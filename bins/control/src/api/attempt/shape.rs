//! What an attempt looks like on the wire.

use posthaste_api::{message::MessageOut, schema};
use posthaste_domain::{
    Attempt, AttemptId, EndpointId, FailureKind, Lane, MessageId, ProfileRef, Refusal, Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::query::{MessageStatus, StatusText, Trigger};

/// An attempt as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageAttemptOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptOut {
    /// Where it was sent.
    url: String,
    /// At most 16 KiB of the answer's body, text as it is and anything else as base64; why there
    /// is none, where no answer came; `{}` where it was not asked for; `EXPUNGED` where somebody
    /// removed it.
    #[schema(example = "{}")]
    response: String,
    /// What it was answered with; 0 where no answer came.
    #[schema(value_type = i16, format = "int16", example = 200)]
    response_status_code: u16,
    /// From the request's start to the end of the answer.
    #[schema(value_type = i64)]
    response_duration_ms: u64,
    /// 0 taken, 2 failed.
    status: MessageStatus,
    status_text: StatusText,
    trigger_type: Trigger,
    #[schema(value_type = schema::MessageId)]
    msg_id: MessageId,
    #[schema(value_type = schema::EndpointId)]
    endpoint_id: EndpointId,
    #[schema(value_type = schema::AttemptId)]
    id: AttemptId,
    /// When the request was begun.
    #[schema(value_type = schema::Moment)]
    timestamp: Timestamp,
    /// When the next attempt was to follow this one.
    #[schema(value_type = Option<schema::Moment>)]
    next_attempt: Option<Timestamp>,
    /// Which try it was, counted from 1.
    #[schema(required = false)]
    attempt_number: u32,
    /// The lane it waited in: `fresh`, `retry` or `bulk`; `null` where it did not wait.
    lane: Option<&'static str>,
    /// Why it failed, for programs.
    #[schema(example = "timeout")]
    failure: Option<&'static str>,
    /// Why it failed, for people.
    #[schema(example = "The endpoint did not answer in time.")]
    failure_reason: Option<&'static str>,
    /// The delivery profile that shaped the request, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "standard@1")]
    profile: Option<ProfileRef>,
    /// What the developer of the receiver should know of the request, whatever came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
    /// The message, without its payload, where `with_msg` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<MessageOut>,
}

/// `401 Unauthorized`: what most receivers answer to a signature that they cannot verify.
const UNAUTHORIZED: u16 = 401;
const REJECTED: &str =
    "The endpoint answered 401: most likely it has another secret than the one in force.";

impl AttemptOut {
    /// How `attempt` is shown, beside its message where that is to be shown too.
    pub(super) fn new(attempt: Attempt, with_content: bool, msg: Option<MessageOut>) -> Self {
        let failed = failed(attempt.failure, attempt.refusal);
        let reason = match attempt.status {
            Some(UNAUTHORIZED) if failed.is_some() => Some(REJECTED),
            _ => failed.map(|(_, reason)| reason),
        };
        let response = response(&attempt, with_content, failed.map(|(_, reason)| reason));
        let status = MessageStatus::of_attempt(attempt.is_success());
        Self {
            response,
            response_status_code: attempt.status.unwrap_or(0),
            response_duration_ms: attempt.duration_ms,
            status,
            status_text: status.text(),
            trigger_type: attempt.trigger.into(),
            msg_id: attempt.message,
            endpoint_id: attempt.endpoint,
            id: attempt.id,
            timestamp: attempt.started_at,
            next_attempt: attempt.next_attempt,
            attempt_number: attempt.number.get(),
            lane: attempt.lane.map(Lane::as_str),
            failure: failed.map(|(code, _)| code),
            failure_reason: reason,
            profile: attempt.profile,
            warning: attempt.warning,
            url: attempt.url,
            msg,
        }
    }
}

fn response(attempt: &Attempt, with_content: bool, reason: Option<&str>) -> String {
    if !with_content {
        return "{}".to_owned();
    }
    let is_empty = attempt.response.is_empty() && attempt.status.is_none();
    match reason.filter(|_| is_empty) {
        Some(reason) => reason.to_owned(),
        None => attempt.response.clone(),
    }
}

/// Why an attempt failed: a word for programs, and a sentence for people. `None` for a success.
pub(in crate::api) const fn failed(
    failure: Option<FailureKind>,
    refusal: Option<Refusal>,
) -> Option<(&'static str, &'static str)> {
    match (refusal, failure) {
        (Some(refusal), _) => Some((refusal.as_str(), refused(refusal))),
        (None, Some(kind)) => Some((kind.as_str(), fault(kind))),
        (None, None) => None,
    }
}

const fn fault(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Status => "The endpoint answered with a status that is not a success.",
        FailureKind::Redirect => "The endpoint answered with a redirect, which is not followed.",
        FailureKind::Timeout => "The endpoint did not answer in time.",
        FailureKind::Dns => "The endpoint's host name did not resolve.",
        FailureKind::Connect => "The endpoint could not be connected to.",
        FailureKind::Tls => "No secure connection: TLS failed, or the certificate is not valid.",
        FailureKind::Reset => "The connection broke before an answer came.",
    }
}

const fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::BlockedAddress => "Not sent: the endpoint's address is private or special.",
        Refusal::InvalidUrl => "Not sent: the endpoint's URL cannot be requested.",
        Refusal::EndpointDisabled => "Not sent: the endpoint was disabled.",
        Refusal::EndpointDeleted => "Not sent: the endpoint was deleted.",
        Refusal::EventGone => "Not sent: the message is no longer kept.",
        Refusal::Gone => "The endpoint answered 410 Gone, and is not asked again.",
        Refusal::Unrenderable => {
            "Not sent: the endpoint's profile makes no request of the message."
        }
    }
}

#[cfg(test)]
mod tests {
    use posthaste_history::Store;
    use serde_json::json;

    use super::*;

    fn attempt(status: Option<u16>, failure: Option<FailureKind>, response: &str) -> Attempt {
        let mut attempt = json!({
            "id": "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "org": "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
            "app": "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "message": "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
            "event_type": "a", "endpoint": "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
            "url": "https://x.example/", "number": 2, "trigger": "manual", "lane": "retry",
            "started_at": "2026-11-22T10:00:00.000001Z", "duration_ms": 7,
            "status": status, "failure": failure, "response": response,
        });
        if failure.is_some() {
            attempt["next_attempt"] = json!("2026-11-22T10:00:05Z");
        }
        serde_json::from_value(attempt).unwrap()
    }

    fn shown(attempt: Attempt, with_content: bool) -> serde_json::Value {
        serde_json::to_value(AttemptOut::new(attempt, with_content, None)).unwrap()
    }

    #[test]
    fn an_attempt_is_shown_in_the_words_of_the_contract() {
        let expected = json!({
            "url": "https://x.example/", "response": "no", "responseStatusCode": 500,
            "responseDurationMs": 7, "status": 2, "statusText": "fail", "triggerType": 1,
            "msgId": "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
            "endpointId": "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
            "id": "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
            "timestamp": "2026-11-22T10:00:00.000001Z",
            "nextAttempt": "2026-11-22T10:00:05.000000Z", "attemptNumber": 2, "lane": "retry",
            "failure": "status",
            "failureReason": "The endpoint answered with a status that is not a success.",
        });
        assert_eq!(shown(attempt(Some(500), Some(FailureKind::Status), "no"), true), expected);
    }

    #[test]
    fn w12_a_rejected_signature_is_called_so() {
        let rejected = shown(attempt(Some(401), Some(FailureKind::Status), "no"), true);
        assert_eq!(rejected["failureReason"], REJECTED);
        assert_eq!(rejected["failure"], "status");
    }

    #[test]
    fn a_response_says_what_came_or_why_nothing_did() {
        let response = |status, failure, body: &str, with_content| {
            shown(attempt(status, failure, body), with_content)["response"].clone()
        };
        assert_eq!(response(Some(200), None, "", true), "");
        assert_eq!(response(Some(200), None, "thanks", true), "thanks");
        let timeout = Some(FailureKind::Timeout);
        assert_eq!(response(None, timeout, "", true), "The endpoint did not answer in time.");
        assert_eq!(response(None, timeout, <dyn Store>::EXPUNGED, true), "EXPUNGED");
        assert_eq!(response(Some(200), None, <dyn Store>::EXPUNGED, false), "{}");
        assert_eq!(shown(attempt(None, timeout, ""), true)["responseStatusCode"], 0);
    }

    #[test]
    fn every_failure_has_a_word_and_a_sentence() {
        let kinds = FailureKind::ALL.map(|kind| failed(Some(kind), None));
        let refusals = Refusal::ALL.map(|refusal| failed(None, Some(refusal)));
        for (code, reason) in kinds.into_iter().chain(refusals).map(Option::unwrap) {
            assert!(!code.contains(' ') && reason.ends_with('.'), "{code}: {reason}");
        }
        assert_eq!(failed(None, None), None);
    }
}
