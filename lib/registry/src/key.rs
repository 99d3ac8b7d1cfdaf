//! How the bucket's keys are spelled.
//!
//! ```text
//! app.<app>                the application
//! ep.<app>.<endpoint>      the endpoint, its secrets sealed
//! type.<org>.<name>        the event type
//! appuid.<org>.<uid>       which application has this uid
//! epuid.<app>.<uid>        which endpoint has this uid
//! profile.<org>.<name>.<v> the version of a delivery profile
//! skey.<app>.<key>         a merchant's key, as its digest
//! ```
//!
//! Names may hold dots, also in places where a key may not; a dot is written `=`, which no name
//! may hold.

use posthaste_domain::{
    AppId, EndpointId, EventType, OrgId, ProfileName, ProfileRef, SecretKeyId, Uid,
};

/// What a key is about; `None` from [`parse`] for one this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Application(AppId),
    Endpoint(AppId, EndpointId),
    EventType(OrgId, EventType),
    Profile(OrgId, ProfileRef),
    /// A key with which a merchant calls.
    Merchant(AppId, SecretKeyId),
    /// An index by which the writer keeps uids unique; readers find uids in the records.
    Uid,
}

pub(crate) fn application(id: &AppId) -> String {
    format!("app.{id}")
}

pub(crate) fn endpoint(app: &AppId, id: &EndpointId) -> String {
    format!("ep.{app}.{id}")
}

pub(crate) fn event_type(org: &OrgId, name: &EventType) -> String {
    format!("type.{org}.{}", escape(name.as_str()))
}

pub(crate) fn application_uid(org: &OrgId, uid: &Uid) -> String {
    format!("appuid.{org}.{}", escape(uid.as_str()))
}

pub(crate) fn endpoint_uid(app: &AppId, uid: &Uid) -> String {
    format!("epuid.{app}.{}", escape(uid.as_str()))
}

pub(crate) fn profile(org: &OrgId, reference: &ProfileRef) -> String {
    format!("profile.{org}.{}.{}", reference.name, reference.version)
}

pub(crate) fn secret_key(app: &AppId, id: &SecretKeyId) -> String {
    format!("skey.{app}.{id}")
}

pub(crate) fn parse(key: &str) -> Option<Key> {
    let (kind, rest) = key.split_once('.')?;
    match kind {
        "app" => Some(Key::Application(rest.parse().ok()?)),
        "ep" => {
            let (app, id) = rest.split_once('.')?;
            Some(Key::Endpoint(app.parse().ok()?, id.parse().ok()?))
        }
        "type" => {
            let (org, name) = rest.split_once('.')?;
            Some(Key::EventType(org.parse().ok()?, name.replace('=', ".").parse().ok()?))
        }
        "profile" => {
            let (org, rest) = rest.split_once('.')?;
            let (name, version) = rest.split_once('.')?;
            let name: ProfileName = name.parse().ok()?;
            Some(Key::Profile(org.parse().ok()?, name.at(version.parse().ok()?)))
        }
        "skey" => {
            let (app, id) = rest.split_once('.')?;
            Some(Key::Merchant(app.parse().ok()?, id.parse().ok()?))
        }
        "appuid" | "epuid" => Some(Key::Uid),
        _ => None,
    }
}

fn escape(name: &str) -> String {
    name.replace('.', "=")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_event_type_is_read_back_and_makes_a_valid_key(name in "[a-zA-Z0-9_.\\-]{1,256}") {
            let org: OrgId = "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
            let name: EventType = name.parse().unwrap();
            let key = event_type(&org, &name);
            prop_assert!(key.split('.').all(|token| !token.is_empty()));
            prop_assert_eq!(parse(&key), Some(Key::EventType(org, name)));
        }

        #[test]
        fn parsing_never_panics(key in "\\PC{0,80}") {
            let _ = parse(&key);
        }
    }
}
