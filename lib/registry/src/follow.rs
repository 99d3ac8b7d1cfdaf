//! The registry: a view kept equal to the bucket by one follower task.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use bytes::Bytes;
use posthaste_bus::{Bucket, Change, TopologyError};
use posthaste_domain::{AppId, Application, EndpointId, EventTypeDefinition, OrgId, ProfileRef};
use posthaste_profile::{Preset, Profile};
use posthaste_service::Kit;
use prometheus::{IntGauge, Opts};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    EndpointEntry, Headers, KeyDigest, Published, Sealer, SecretKey,
    key::{self, Key},
    published::ProfileRecord,
    record::EndpointRecord,
    view::View,
};

/// How long to wait before a watch that could not be begun is tried again.
const AGAIN_IN: Duration = Duration::from_millis(250);

/// How long the first reading of the bucket may take: minutes' worth for the largest registry.
const START_WITHIN: Duration = Duration::from_secs(120);

/// The in-memory view of applications, endpoints, event types, profiles and keys. Cheap to clone; reads never
/// wait for anything but a change being applied.
#[derive(Clone)]
pub struct Registry {
    view: Arc<RwLock<View>>,
    progress: watch::Receiver<Progress>,
}

/// How far the follower has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) revision: u64,
    pub(crate) caught_up: bool,
}

/// Why there is no registry.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The bucket cannot be opened.
    #[error(transparent)]
    Bucket(#[from] TopologyError),
    /// The metrics of a registry are there already.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    /// The bucket was not read to its end in time.
    #[error("the registry was not read within {START_WITHIN:?}")]
    TooSlow,
}

impl Registry {
    /// Follows the registry bucket for as long as the process runs; returns once everything in it
    /// is known, and opens the readiness gate `registry` then.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        bucket: &Bucket,
        sealer: Option<Sealer>,
        kit: &Kit,
    ) -> Result<Self, StartError> {
        let gate = kit.readiness.gate("registry");
        let revision = IntGauge::with_opts(
            Opts::new("posthaste_config_revision", "The last revision of a bucket that was seen")
                .const_label("bucket", "registry"),
        )?;
        kit.registry.register(Box::new(revision.clone()))?;
        let (registry, follower) = Self::follow(bucket, sealer, kit.stop.intake.clone());
        let mut progress = registry.progress();
        let seen = async move {
            while progress.changed().await.is_ok() {
                let now = progress.borrow_and_update().revision;
                revision.set(i64::try_from(now).unwrap_or(i64::MAX));
            }
        };
        // The gate lives as long as the follower: dropped with it, it closes.
        let caught_up = registry.clone();
        kit.spawn("registry", async move {
            let opened = async {
                caught_up.caught_up().await;
                gate.open();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = follower => {}
                () = seen => {}
                () = opened => {}
            }
        });
        tokio::time::timeout(START_WITHIN, registry.caught_up())
            .await
            .map_err(|_| StartError::TooSlow)?;
        Ok(registry)
    }

    /// A registry of `bucket`, and the task that keeps it current until `stop`. Without a sealer
    /// it has no keyrings.
    pub fn follow(
        bucket: &Bucket,
        sealer: Option<Sealer>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let view = Arc::new(RwLock::new(View::default()));
        let (tell, progress) = watch::channel(Progress::default());
        let follower = Follower { view: Arc::clone(&view), tell, sealer };
        let mut watch = bucket.watch();
        let task = async move {
            loop {
                let change = tokio::select! {
                    () = stop.cancelled() => return,
                    change = watch.next() => change,
                };
                match change {
                    Ok(change) => follower.apply(change),
                    Err(error) => {
                        warn!(error = &error as &dyn std::error::Error, "no watch of the registry");
                        tokio::select! {
                            () = stop.cancelled() => return,
                            () = tokio::time::sleep(AGAIN_IN) => {}
                        }
                    }
                }
            }
        };
        (Self { view, progress }, task)
    }

    /// Waits until everything that was in the bucket at the start is known.
    pub async fn caught_up(&self) {
        let mut progress = self.progress.clone();
        // The follower's end is the process's end; there is nothing to wait for then.
        let _ = progress.wait_for(|progress| progress.caught_up).await;
    }

    /// The bucket's revision that this view shows.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.progress.borrow().revision
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// The application with this id, or else this uid, if it is the organisation's.
    #[must_use]
    pub fn application(&self, org: &OrgId, id_or_uid: &str) -> Option<Arc<Application>> {
        self.read().application(org, id_or_uid)
    }

    /// The application with this id.
    #[must_use]
    pub fn application_by_id(&self, id: &AppId) -> Option<Arc<Application>> {
        self.read().application_by_id(id)
    }

    /// The organisation's applications, ascending by id.
    #[must_use]
    pub fn applications(&self, org: &OrgId) -> Vec<Arc<Application>> {
        self.read().applications(org)
    }

    /// The application's endpoint with this id, or else this uid.
    #[must_use]
    pub fn endpoint(&self, app: &AppId, id_or_uid: &str) -> Option<Arc<EndpointEntry>> {
        self.read().endpoint(app, id_or_uid)
    }

    /// The application's endpoint with this id.
    #[must_use]
    pub fn endpoint_by_id(&self, app: &AppId, id: &EndpointId) -> Option<Arc<EndpointEntry>> {
        self.read().endpoint_by_id(app, id)
    }

    /// The application's endpoints, ascending by id.
    #[must_use]
    pub fn endpoints(&self, app: &AppId) -> Arc<[Arc<EndpointEntry>]> {
        self.read().endpoints(app)
    }

    /// The organisation's event type of this name, archived or not.
    #[must_use]
    pub fn event_type(&self, org: &OrgId, name: &str) -> Option<Arc<EventTypeDefinition>> {
        self.read().event_type(org, name)
    }

    /// The organisation's event types, archived ones too, ascending by name.
    #[must_use]
    pub fn event_types(&self, org: &OrgId) -> Vec<Arc<EventTypeDefinition>> {
        self.read().event_types(org)
    }

    /// A profile of the organisation's, or of those that everybody has.
    #[must_use]
    pub fn profile(&self, org: &OrgId, reference: &ProfileRef) -> Option<Arc<Profile>> {
        if let Some(preset) = Preset::named(reference) {
            return Some(Arc::clone(&preset.profile));
        }
        Some(self.read().profile(org, reference)?.profile)
    }

    /// The organisation's own profiles, by name and version.
    #[must_use]
    pub fn profiles(&self, org: &OrgId) -> Vec<Published> {
        self.read().profiles(org)
    }

    /// One of the organisation's own profiles.
    #[must_use]
    pub fn published(&self, org: &OrgId, reference: &ProfileRef) -> Option<Published> {
        self.read().profile(org, reference)
    }

    /// The profiles that the organisation may name: everybody's and its own.
    #[must_use]
    pub fn profile_names(&self, org: &OrgId) -> Vec<ProfileRef> {
        let presets = Preset::all().map(|preset| preset.profile.reference.clone());
        let own = self.read().profiles(org).into_iter();
        presets.chain(own.map(|published| published.profile.reference.clone())).collect()
    }

    /// Every profile that any organisation has published.
    #[must_use]
    pub fn all_profiles(&self) -> Vec<Arc<Profile>> {
        self.read().all_profiles()
    }

    /// The key of this digest, unless it was taken back.
    #[must_use]
    pub fn secret_key(&self, digest: &KeyDigest) -> Option<Arc<SecretKey>> {
        self.read().secret_key(digest)
    }

    /// The application's keys, ascending by id.
    #[must_use]
    pub fn secret_keys(&self, app: &AppId) -> Vec<Arc<SecretKey>> {
        self.read().secret_keys(app)
    }

    fn read(&self) -> RwLockReadGuard<'_, View> {
        // A panic while applying a change leaves at worst that one change half applied.
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Follower {
    view: Arc<RwLock<View>>,
    tell: watch::Sender<Progress>,
    sealer: Option<Sealer>,
}

impl Follower {
    fn apply(&self, change: Change) {
        match change {
            Change::Put { key, value, revision } => {
                self.put(&key, &value);
                self.tell.send_modify(|progress| progress.revision = revision);
            }
            Change::Gone { key, revision } => {
                self.remove(&key);
                self.tell.send_modify(|progress| progress.revision = revision);
            }
            Change::CaughtUp => {
                self.tell
                    .send_if_modified(|progress| !std::mem::replace(&mut progress.caught_up, true));
                info!(revision = self.tell.borrow().revision, "the registry is current");
            }
            Change::Interrupted => warn!("the registry's watch broke off; resuming"),
        }
    }

    fn put(&self, key: &str, value: &Bytes) {
        let applied = match key::parse(key) {
            Some(Key::Application(_)) => serde_json::from_slice(value)
                .map(|found| self.change(|view| view.put_application(found))),
            Some(Key::Endpoint(..)) => serde_json::from_slice(value)
                .map(|found| self.open(found))
                .map(|found| self.change(|view| view.put_endpoint(found))),
            Some(Key::EventType(..)) => serde_json::from_slice(value)
                .map(|found| self.change(|view| view.put_event_type(found))),
            Some(Key::Profile(..)) => {
                serde_json::from_slice(value).map(|found| self.publish(key, found))
            }
            Some(Key::Merchant(..)) => serde_json::from_slice(value)
                .map(|found| self.change(|view| view.put_secret_key(found))),
            Some(Key::Uid) => Ok(()),
            None => {
                warn!(key, "a key of the registry is not known to this version");
                Ok(())
            }
        };
        if let Err(error) = applied {
            // What was known of it stays: an old endpoint is better than none.
            error!(key, %error, "a record of the registry cannot be read");
        }
    }

    fn remove(&self, key: &str) {
        match key::parse(key) {
            Some(Key::Application(id)) => self.change(|view| view.remove_application(&id)),
            Some(Key::Endpoint(app, id)) => self.change(|view| view.remove_endpoint(&app, &id)),
            Some(Key::EventType(org, name)) => {
                self.change(|view| view.remove_event_type(&org, &name))
            }
            Some(Key::Merchant(app, id)) => self.change(|view| view.remove_secret_key(&app, &id)),
            // A profile is never taken back.
            Some(Key::Profile(..) | Key::Uid) | None => {}
        }
    }

    fn publish(&self, key: &str, record: ProfileRecord) {
        let org = record.org.clone();
        match record.open() {
            Ok(found) => self.change(|view| view.put_profile(&org, found)),
            Err(faults) => error!(key, ?faults, "a profile is not one to this version"),
        }
    }

    fn open(&self, record: EndpointRecord) -> EndpointEntry {
        let closed = EndpointEntry {
            endpoint: record.endpoint.clone(),
            keyring: None,
            headers: Headers::new(),
        };
        let Some(sealer) = &self.sealer else { return closed };
        match record.open(sealer) {
            Ok(entry) => entry,
            Err(error) => {
                error!(endpoint = %closed.endpoint.id, %error, "an endpoint's secret cannot be opened");
                closed
            }
        }
    }

    fn change(&self, apply: impl FnOnce(&mut View)) {
        apply(&mut self.view.write().unwrap_or_else(PoisonError::into_inner));
    }
}
