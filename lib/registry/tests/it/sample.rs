//! What a test writes into the registry.

use std::collections::BTreeMap;

use posthaste_domain::{
    AppId, Application, Endpoint, EndpointId, EndpointUrl, EventTypeDefinition, Keyring, OrgId,
    SigningSecret, Timestamp, Uid,
};

pub(crate) fn now() -> Timestamp {
    posthaste_service::clock::now().into()
}

pub(crate) fn org() -> OrgId {
    OrgId::generate(now(), &mut rand::rng())
}

pub(crate) fn uid(text: &str) -> Option<Uid> {
    Some(text.parse().unwrap())
}

pub(crate) fn application(org: &OrgId, uid: Option<Uid>) -> Application {
    Application {
        profile: None,
        id: AppId::generate(now(), &mut rand::rng()),
        org: org.clone(),
        name: "shop".into(),
        uid,
        throttle_rate: None,
        metadata: BTreeMap::new(),
        token_cut_offs: posthaste_domain::CutOffs::default(),
        created_at: now(),
        updated_at: now(),
    }
}

pub(crate) fn endpoint(app: &AppId, uid: Option<Uid>) -> Endpoint {
    Endpoint {
        mode: None,
        profile: None,
        id: EndpointId::generate(now(), &mut rand::rng()),
        app: app.clone(),
        uid,
        url: EndpointUrl::parse("https://example.com/hook").unwrap(),
        description: String::new(),
        version: 1,
        disabled: false,
        paused_at: None,
        event_types: None,
        channels: None,
        throttle_rate: None,
        metadata: BTreeMap::new(),
        created_at: now(),
        updated_at: now(),
    }
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new(SigningSecret::generate(&mut rand::rng()))
}

pub(crate) fn event_type(org: &OrgId, name: &str) -> EventTypeDefinition {
    EventTypeDefinition {
        name: name.parse().unwrap(),
        org: org.clone(),
        description: String::new(),
        archived: false,
        deprecated: false,
        schemas: None,
        feature_flags: std::collections::BTreeSet::new(),
        group_name: None,
        created_at: now(),
        updated_at: now(),
    }
}
