//! Under which profile a message is sent once more: the one that its delivery began with, so that
//! it is the same bytes, whatever its endpoint has been given since.

use posthaste_domain::{Application, Endpoint, MessageId, ProfileRef};
use posthaste_history::{History, HistoryError};

/// The profile of the last attempt at `endpoint`; where there was none, the one in force now.
///
/// # Errors
/// Where history does not answer.
pub(crate) async fn kept_profile(
    history: &History,
    application: &Application,
    endpoint: &Endpoint,
    message: &MessageId,
) -> Result<Option<ProfileRef>, HistoryError> {
    let app = &application.id;
    if let Some(delivery) = history.delivery(app, message, &endpoint.id).await?
        && let Some(last) = history.attempt(app, message, &delivery.last_attempt).await?
    {
        return Ok(last.profile);
    }
    Ok(in_force(application, endpoint))
}

/// The profile that a new message gets.
pub(crate) fn in_force(application: &Application, endpoint: &Endpoint) -> Option<ProfileRef> {
    endpoint.profile.clone().or_else(|| application.profile.clone())
}
