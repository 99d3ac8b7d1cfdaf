//! `POST {verify_callback.path}`: whether an event is one that we sent to the caller.
//!
//! # Invariants
//! - What was not sent, what was altered, what was sent to another, what was sent too long ago and
//!   what is no JSON are answered by the same bytes.
//! - Nothing is said of an event but to the application that it was sent to.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{DefaultBodyLimit, FromRequest as _, Request},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use posthaste_api::{Json, Problem, RawBody};
use posthaste_bus::{BucketError, Sent};
use posthaste_domain::{MessageId, Timestamp};
use posthaste_profile::{VerifyCallback, canonical_digest};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    complaint::Complaint,
    key::Caller,
    pace::{Crowded, Wait},
};
use crate::api::{Api, RETRY_AFTER};

/// The largest event that can be asked about, in bytes. A message has a million, unless an operator
/// allows more; what a profile makes of it grows where its language escapes or spells numbers out
/// (`é` is `\u00e9`, `1e20` has 21 digits) by less than six times, and the receiver's JSON library
/// may indent what it posts.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Above how many bytes an event is large, of which few are held at once; also one whose length is
/// not told.
const LARGE: u64 = 1024 * 1024;
/// When to ask again where everybody asks.
const CROWDED: Duration = Duration::from_secs(1);

/// The answer for an event that we sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    verified: bool,
    /// When it was first sent: a receiver that knows when it was told of it can tell a replay.
    first_sent_at: Timestamp,
    /// Of which message it was made.
    message_id: MessageId,
}

/// The answer for any other.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unverified {
    verified: bool,
    error_type: &'static str,
    error_code: &'static str,
    description: &'static str,
}

const UNVERIFIED: Unverified = Unverified {
    verified: false,
    error_type: "invalid_request_error",
    error_code: "event_not_verified",
    description: "This event is not known to have been sent to you as it is.",
};

/// Answers by the first of `callbacks` that knows the event.
pub(super) async fn answer(
    api: &Arc<Api>,
    caller: &Caller,
    callbacks: &[VerifyCallback],
    mut request: Request,
) -> Result<Response, Complaint> {
    let asked_at = std::time::Instant::now();
    let _pass =
        api.verify_pace.take(&caller.application.id, asked_at).map_err(|wait| match wait {
            Wait::For(wait) => Complaint::too_often(wait),
            Wait::Crowded => Problem::overloaded(CROWDED).into(),
        })?;
    let told = request.headers().get(header::CONTENT_LENGTH);
    let length = told.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let is_large = length.is_none_or(|length| length > LARGE);
    let large = is_large.then(|| api.verify_pace.take_large()).transpose();
    let _large = large.map_err(|Crowded| Problem::overloaded(CROWDED))?;
    DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
    let RawBody(body) = RawBody::from_request(request, &()).await?;
    let now = api.now();
    for raw in [false, true] {
        let of_this: Vec<_> = callbacks.iter().filter(|callback| callback.raw == raw).collect();
        if of_this.is_empty() {
            continue;
        }
        let found = api.sent.find(&caller.application.id, &digest(raw, &body)).await;
        let Some(sent) = found.map_err(unavailable)? else { continue };
        let knows = |callback: &&&VerifyCallback| is_recent(&sent, callback.window, now);
        if let Some(callback) = of_this.iter().find(knows) {
            let status = status(callback.ok_status, StatusCode::OK);
            let Sent { message: message_id, first_at: first_sent_at, .. } = sent;
            let told = Verified { verified: true, first_sent_at, message_id };
            return Ok((status, Json(told)).into_response());
        }
    }
    let mismatch = callbacks.first().map_or(400, |callback| callback.mismatch_status);
    Ok((status(mismatch, StatusCode::BAD_REQUEST), Json(UNVERIFIED)).into_response())
}

/// By what the worker noted it. What has no canonical form, such as a number that no double is, is
/// known by its bytes alone.
fn digest(raw: bool, body: &[u8]) -> [u8; 32] {
    let canonical = if raw { None } else { canonical_digest(body).ok() };
    canonical.unwrap_or_else(|| Sha256::digest(body).into())
}

fn is_recent(sent: &Sent, window: Duration, now: Timestamp) -> bool {
    sent.last_at >= now - window
}

fn status(code: u16, otherwise: StatusCode) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(otherwise)
}

fn unavailable(error: BucketError) -> Complaint {
    Problem::unavailable(RETRY_AFTER, error).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_event_is_known_until_its_window_is_over(
            first in 0_i64..1_000_000_000,
            later in 0_u64..1_000_000,
            window in 0_u64..2_000_000,
        ) {
            let first_at = Timestamp::from_micros(first);
            let last_at = first_at + Duration::from_micros(later);
            let message = "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
            let sent = Sent { message, first_at, last_at };
            let window = Duration::from_micros(window);
            prop_assert!(is_recent(&sent, window, last_at + window));
            prop_assert!(!is_recent(&sent, window, last_at + window + Duration::from_micros(1)));
        }
    }
}
