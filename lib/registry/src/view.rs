//! The in-memory maps behind the registry.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

use posthaste_domain::{
    AppId, Application, EndpointId, EventType, EventTypeDefinition, OrgId, ProfileRef, SecretKeyId,
};
use posthaste_profile::Profile;

use crate::{EndpointEntry, KeyDigest, Published, SecretKey};

/// Everything known, indexed by how it is asked for. Changed by one follower, read by many.
#[derive(Default)]
pub(crate) struct View {
    applications: HashMap<AppId, Arc<Application>>,
    by_org: HashMap<OrgId, OrgView>,
    endpoints: HashMap<AppId, AppView>,
    secret_keys: HashMap<AppId, BTreeMap<SecretKeyId, Arc<SecretKey>>>,
    by_digest: HashMap<KeyDigest, Arc<SecretKey>>,
}

#[derive(Default)]
struct OrgView {
    applications: BTreeMap<AppId, Arc<Application>>,
    uids: HashMap<String, AppId>,
    event_types: BTreeMap<EventType, Arc<EventTypeDefinition>>,
    profiles: BTreeMap<ProfileRef, Published>,
}

#[derive(Default)]
struct AppView {
    by_id: BTreeMap<EndpointId, Arc<EndpointEntry>>,
    uids: HashMap<String, EndpointId>,
    /// `by_id` as a slice that fan-out can hold without copying; made when first asked for.
    all: OnceLock<Arc<[Arc<EndpointEntry>]>>,
}

impl View {
    pub(crate) fn application_by_id(&self, id: &AppId) -> Option<Arc<Application>> {
        self.applications.get(id).cloned()
    }

    pub(crate) fn application(&self, org: &OrgId, id_or_uid: &str) -> Option<Arc<Application>> {
        let org = self.by_org.get(org)?;
        let id = id_or_uid.parse().ok().or_else(|| org.uids.get(id_or_uid).cloned())?;
        org.applications.get(&id).cloned()
    }

    pub(crate) fn applications(&self, org: &OrgId) -> Vec<Arc<Application>> {
        self.by_org
            .get(org)
            .map_or_else(Vec::new, |org| org.applications.values().cloned().collect())
    }

    pub(crate) fn endpoint(&self, app: &AppId, id_or_uid: &str) -> Option<Arc<EndpointEntry>> {
        let app = self.endpoints.get(app)?;
        let id = id_or_uid.parse().ok().or_else(|| app.uids.get(id_or_uid).cloned())?;
        app.by_id.get(&id).cloned()
    }

    pub(crate) fn endpoint_by_id(
        &self,
        app: &AppId,
        id: &EndpointId,
    ) -> Option<Arc<EndpointEntry>> {
        self.endpoints.get(app)?.by_id.get(id).cloned()
    }

    pub(crate) fn endpoints(&self, app: &AppId) -> Arc<[Arc<EndpointEntry>]> {
        match self.endpoints.get(app) {
            Some(app) => Arc::clone(app.all.get_or_init(|| app.by_id.values().cloned().collect())),
            None => Arc::from([]),
        }
    }

    pub(crate) fn event_type(&self, org: &OrgId, name: &str) -> Option<Arc<EventTypeDefinition>> {
        let name: EventType = name.parse().ok()?;
        self.by_org.get(org)?.event_types.get(&name).cloned()
    }

    pub(crate) fn event_types(&self, org: &OrgId) -> Vec<Arc<EventTypeDefinition>> {
        self.by_org
            .get(org)
            .map_or_else(Vec::new, |org| org.event_types.values().cloned().collect())
    }

    pub(crate) fn profile(&self, org: &OrgId, reference: &ProfileRef) -> Option<Published> {
        self.by_org.get(org)?.profiles.get(reference).cloned()
    }

    pub(crate) fn profiles(&self, org: &OrgId) -> Vec<Published> {
        self.by_org.get(org).map_or_else(Vec::new, |org| org.profiles.values().cloned().collect())
    }

    pub(crate) fn all_profiles(&self) -> Vec<Arc<Profile>> {
        let all = self.by_org.values().flat_map(|org| org.profiles.values());
        all.map(|published| Arc::clone(&published.profile)).collect()
    }

    pub(crate) fn secret_key(&self, digest: &KeyDigest) -> Option<Arc<SecretKey>> {
        self.by_digest.get(digest).cloned()
    }

    pub(crate) fn secret_keys(&self, app: &AppId) -> Vec<Arc<SecretKey>> {
        let keys = self.secret_keys.get(app);
        keys.map_or_else(Vec::new, |keys| keys.values().cloned().collect())
    }

    pub(crate) fn put_profile(&mut self, org: &OrgId, published: Published) {
        let profiles = &mut self.by_org.entry(org.clone()).or_default().profiles;
        profiles.insert(published.profile.reference.clone(), published);
    }

    pub(crate) fn put_secret_key(&mut self, key: SecretKey) {
        self.remove_secret_key(&key.app, &key.id);
        let key = Arc::new(key);
        self.by_digest.insert(key.digest, Arc::clone(&key));
        let keys = self.secret_keys.entry(key.app.clone()).or_default();
        keys.insert(key.id.clone(), key);
    }

    pub(crate) fn remove_secret_key(&mut self, app: &AppId, id: &SecretKeyId) {
        let Some(keys) = self.secret_keys.get_mut(app) else { return };
        if let Some(key) = keys.remove(id) {
            self.by_digest.remove(&key.digest);
        }
        if keys.is_empty() {
            self.secret_keys.remove(app);
        }
    }

    pub(crate) fn put_application(&mut self, application: Application) {
        self.remove_application(&application.id);
        let application = Arc::new(application);
        let org = self.by_org.entry(application.org.clone()).or_default();
        if let Some(uid) = &application.uid {
            org.uids.insert(uid.as_str().to_owned(), application.id.clone());
        }
        org.applications.insert(application.id.clone(), Arc::clone(&application));
        self.applications.insert(application.id.clone(), application);
    }

    pub(crate) fn remove_application(&mut self, id: &AppId) {
        let Some(application) = self.applications.remove(id) else { return };
        let Some(org) = self.by_org.get_mut(&application.org) else { return };
        org.applications.remove(id);
        remove_uid(&mut org.uids, application.uid.as_ref().map(|uid| uid.as_str()), id);
    }

    pub(crate) fn put_endpoint(&mut self, entry: EndpointEntry) {
        let (app, id) = (entry.endpoint.app.clone(), entry.endpoint.id.clone());
        self.remove_endpoint(&app, &id);
        let app = self.endpoints.entry(app).or_default();
        if let Some(uid) = &entry.endpoint.uid {
            app.uids.insert(uid.as_str().to_owned(), id.clone());
        }
        app.by_id.insert(id, Arc::new(entry));
        app.all = OnceLock::new();
    }

    pub(crate) fn remove_endpoint(&mut self, app: &AppId, id: &EndpointId) {
        let Some(view) = self.endpoints.get_mut(app) else { return };
        if let Some(entry) = view.by_id.remove(id) {
            let uid = entry.endpoint.uid.as_ref().map(|uid| uid.as_str());
            remove_uid(&mut view.uids, uid, id);
            view.all = OnceLock::new();
        }
        if view.by_id.is_empty() {
            self.endpoints.remove(app);
        }
    }

    pub(crate) fn put_event_type(&mut self, definition: EventTypeDefinition) {
        let org = self.by_org.entry(definition.org.clone()).or_default();
        org.event_types.insert(definition.name.clone(), Arc::new(definition));
    }

    pub(crate) fn remove_event_type(&mut self, org: &OrgId, name: &EventType) {
        if let Some(org) = self.by_org.get_mut(org) {
            org.event_types.remove(name);
        }
    }
}

/// A uid may have passed to another owner already; only our own entry is taken out.
fn remove_uid<Id: PartialEq>(uids: &mut HashMap<String, Id>, uid: Option<&str>, owner: &Id) {
    if let Some(uid) = uid
        && uids.get(uid) == Some(owner)
    {
        uids.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use posthaste_domain::Timestamp;

    use super::*;

    fn application(id: char, uid: Option<&str>) -> Application {
        Application {
            profile: None,
            id: format!("app_{}", id.to_string().repeat(27)).parse().unwrap(),
            org: "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
            name: "n".into(),
            uid: uid.map(|uid| uid.parse().unwrap()),
            throttle_rate: None,
            metadata: BTreeMap::new(),
            token_cut_offs: posthaste_domain::CutOffs::default(),
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_uid_follows_its_application_and_can_pass_to_another() {
        let mut view = View::default();
        let (first, second) = (application('a', Some("shop")), application('b', Some("shop")));
        let org = first.org.clone();
        view.put_application(first.clone());
        assert_eq!(view.application(&org, "shop").unwrap().id, first.id);
        // The second takes the uid over before word of the first's removal arrives.
        view.put_application(second.clone());
        view.remove_application(&first.id);
        assert_eq!(view.application(&org, "shop").unwrap().id, second.id);
        view.put_application(application('b', None));
        assert!(view.application(&org, "shop").is_none());
        assert_eq!(view.applications(&org).len(), 1);
    }

    #[test]
    fn another_organisation_sees_nothing() {
        let mut view = View::default();
        let application = application('a', Some("shop"));
        view.put_application(application.clone());
        let stranger: OrgId = "org_33rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
        assert!(view.application(&stranger, "shop").is_none());
        assert!(view.application(&stranger, application.id.as_str()).is_none());
    }
}
