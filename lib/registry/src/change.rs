//! What is told of each change of an endpoint.
//!
//! Every revision of an endpoint's key carries a note of what was done, its removal too. Whoever
//! announces changes follows the revisions through [`posthaste_bus::Bus::registry_changes`] and
//! reads the notes, so an announcement is owed from the moment the change is made.

use posthaste_bus::Claim;
use posthaste_domain::{AppId, Endpoint, EndpointId, OrgId, Timestamp, Uid};
use serde::{Deserialize, Serialize};

/// What was done to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was created.
    Created,
    /// It was changed, and is as enabled or disabled as before.
    Updated,
    /// It was switched off, whatever else was changed with it.
    Disabled,
    /// It was switched on, whatever else was changed with it.
    Enabled,
    /// It was deleted, alone or with its application.
    Deleted,
}

impl ChangeKind {
    pub(crate) const fn between(before: &Endpoint, after: &Endpoint) -> Self {
        match (before.disabled, after.disabled) {
            (false, true) => Self::Disabled,
            (true, false) => Self::Enabled,
            (false, false) | (true, true) => Self::Updated,
        }
    }
}

/// One change of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    /// What was done.
    pub kind: ChangeKind,
    /// The organisation of its application.
    pub org: OrgId,
    /// Its application.
    pub app: AppId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The platform's own name for it, after the change.
    pub uid: Option<Uid>,
    /// When it was done.
    pub at: Timestamp,
    /// The registry's revision with this change: unique, and growing with every change.
    pub revision: u64,
}

impl EndpointChange {
    /// Reads the change that a revision of the registry made; `None` where it is about something
    /// else, or was written before changes were noted.
    #[must_use]
    pub fn read(revision: &Claim) -> Option<Self> {
        Note::read(revision.note()?).map(|note| note.at_revision(revision.seq()))
    }
}

/// A change as it is written beside a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    kind: ChangeKind,
    org: OrgId,
    app: AppId,
    endpoint: EndpointId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<Uid>,
    at: Timestamp,
}

impl Note {
    pub(crate) fn of(kind: ChangeKind, org: &OrgId, endpoint: &Endpoint, at: Timestamp) -> Self {
        let Endpoint { id, app, uid, .. } = endpoint;
        Self {
            kind,
            org: org.clone(),
            app: app.clone(),
            endpoint: id.clone(),
            uid: uid.clone(),
            at,
        }
    }

    pub(crate) fn written(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn at_revision(self, revision: u64) -> EndpointChange {
        let Self { kind, org, app, endpoint, uid, at } = self;
        EndpointChange { kind, org, app, endpoint, uid, at, revision }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_pinned_and_anything_else_is_none() {
        let pinned = r#"{"kind":"disabled","org":"org_23rb8YdGqMT0qIzpgGwdXfHirMu","app":"app_23rb8YdGqMT0qIzpgGwdXfHirMu","endpoint":"ep_23rb8YdGqMT0qIzpgGwdXfHirMu","uid":"main.1","at":"2021-02-25T15:02:10.000042Z"}"#;
        let note = Note::read(pinned).unwrap();
        assert_eq!(note.written().unwrap(), pinned);
        let change = note.at_revision(7);
        assert_eq!((change.kind, change.revision), (ChangeKind::Disabled, 7));
        assert_eq!(Note::read("{}"), None);
        assert_eq!(Note::read("no note"), None);
    }
}
