//! An application that comes along with the first message for it.

use std::{sync::Arc, time::Duration};

use posthaste_api::{Problem, ProfileChoice, ValidationFault, application::ApplicationIn};
use posthaste_domain::{AppId, Application, OrgId, Timestamp};
use posthaste_registry::{Registry, WriteError, Writer};

/// When a caller whose write was not confirmed may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The application that `key` names, made of `described` where there is none. Two who bring the
/// same one at once get the same one.
///
/// # Errors
/// 422 where it cannot be made as described or would not be found under `key`; 503 where the
/// registry does not confirm it.
pub async fn find_or_create(
    registry: &Registry,
    writer: &Writer,
    org: &OrgId,
    key: &str,
    described: ApplicationIn,
    now: Timestamp,
) -> Result<Arc<Application>, Problem> {
    if let Some(found) = registry.application(org, key) {
        return Ok(found);
    }
    let find = |choice: &ProfileChoice| choice.among(&registry.profile_names(org));
    let draft = described.validate()?.with_profile(find)?;
    let fault = |msg: &str, kind| {
        let fault = ValidationFault::body(["application", "uid"], msg);
        Problem::validation(vec![fault.of_kind(kind)])
    };
    match &draft.uid {
        None => {
            let msg = "The application's uid must be given, and be the one of the path.";
            return Err(fault(msg, "application_uid_missing"));
        }
        Some(uid) if uid.as_str() != key => {
            let msg = "The application's uid must be the one of the path.";
            return Err(fault(msg, "application_uid_mismatch"));
        }
        Some(_) => {}
    }
    let id = AppId::generate(now, &mut rand::rng());
    match writer.find_or_create_application(draft.create(id, org.clone(), now)).await {
        Ok((application, _)) => Ok(application),
        Err(WriteError::UidTaken | WriteError::Exists) => {
            let detail = "An application with that id or uid already exists";
            Err(Problem::conflict("conflict", detail))
        }
        Err(error) => Err(Problem::unavailable(RETRY_AFTER, error)),
    }
}
