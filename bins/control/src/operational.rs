//! Operational webhooks: what Posthaste tells an organisation of its own endpoints and messages.
//!
//! They are messages like any other. Each organisation that wants them has one application, kept
//! by Posthaste in an organisation of its own, whose uid is the id of the organisation it is for;
//! where they go are that application's endpoints. So no token of an organisation reaches
//! another's, and they stand in nobody's list of applications.
//!
//! # Invariants
//! - An organisation has at most one such application: its uid is unique.
//! - Posthaste's own organisation has none, or a webhook that fails would tell of itself for ever.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use posthaste_api::Problem;
use posthaste_domain::{AppId, Application, EventType, OrgId, Timestamp, Uid};
use posthaste_registry::{Registry, Writer};

/// Posthaste's own organisation, which owns the applications behind operational webhooks.
pub(crate) static ORGANISATION: LazyLock<OrgId> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, read by a test")]
    "org_00000000PosthasteOperations".parse().expect("27 letters and digits follow the prefix")
});

/// When to ask again where the broker did not confirm.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One thing that operational webhooks tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OperationalEvent {
    EndpointCreated,
    EndpointUpdated,
    EndpointDeleted,
    EndpointDisabled,
    EndpointEnabled,
    MessageAttemptFailing,
    MessageAttemptExhausted,
    MessageAttemptRecovered,
    BackgroundTaskFinished,
}

impl OperationalEvent {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::EndpointCreated,
        Self::EndpointUpdated,
        Self::EndpointDeleted,
        Self::EndpointDisabled,
        Self::EndpointEnabled,
        Self::MessageAttemptFailing,
        Self::MessageAttemptExhausted,
        Self::MessageAttemptRecovered,
        Self::BackgroundTaskFinished,
    ];

    /// The name of its event type.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::EndpointCreated => "endpoint.created",
            Self::EndpointUpdated => "endpoint.updated",
            Self::EndpointDeleted => "endpoint.deleted",
            Self::EndpointDisabled => "endpoint.disabled",
            Self::EndpointEnabled => "endpoint.enabled",
            Self::MessageAttemptFailing => "message.attempt.failing",
            Self::MessageAttemptExhausted => "message.attempt.exhausted",
            Self::MessageAttemptRecovered => "message.attempt.recovered",
            Self::BackgroundTaskFinished => "background_task.finished",
        }
    }

    /// Whether there is an event type of this name.
    pub(crate) fn is_known(name: &EventType) -> bool {
        Self::ALL.iter().any(|one| one.as_str() == name.as_str())
    }
}

/// The application behind the operational webhooks of `org`, where it has had any.
pub(crate) fn application_of(registry: &Registry, org: &OrgId) -> Option<Arc<Application>> {
    registry.application(&ORGANISATION, org.as_str())
}

/// The same, created where there is none; of many who ask at once, one creates it.
///
/// # Errors
/// 503 where the broker does not confirm in time.
pub(crate) async fn application_for(
    registry: &Registry,
    writer: &Writer,
    org: &OrgId,
    now: Timestamp,
) -> Result<Arc<Application>, Problem> {
    if let Some(found) = application_of(registry, org) {
        return Ok(found);
    }
    match writer.find_or_create_application(drafted(org, now)).await {
        Ok((application, _)) => Ok(application),
        Err(error) => Err(Problem::unavailable(RETRY_AFTER, error)),
    }
}

fn drafted(org: &OrgId, now: Timestamp) -> Application {
    #[expect(clippy::expect_used, reason = "a test reads ids back as uids")]
    let uid: Uid = org.as_str().parse().expect("an id is made of what a uid is made of");
    Application {
        profile: None,
        id: AppId::generate(now, &mut rand::rng()),
        org: ORGANISATION.clone(),
        name: format!("Operational webhooks of {org}"),
        uid: Some(uid),
        throttle_rate: None,
        metadata: std::collections::BTreeMap::new(),
        token_cut_offs: posthaste_domain::CutOffs::default(),
        created_at: now,
        updated_at: now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_event_has_a_name_of_its_own() {
        for event in OperationalEvent::ALL {
            assert!(OperationalEvent::is_known(&event.as_str().parse().unwrap()));
        }
        let names: std::collections::BTreeSet<_> =
            OperationalEvent::ALL.iter().map(|event| event.as_str()).collect();
        assert_eq!(names.len(), OperationalEvent::ALL.len());
        assert!(!OperationalEvent::is_known(&"endpoint".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn every_organisation_names_its_application(body in "[A-Za-z0-9]{27}") {
            let org: OrgId = format!("org_{body}").parse().unwrap();
            let application = drafted(&org, Timestamp::from_micros(1_700_000_000_000_000));
            let uid = application.uid.unwrap();
            prop_assert_eq!(uid.as_str(), org.as_str());
            prop_assert_eq!(&application.org, &*ORGANISATION);
        }
    }
}
