//! The one way to change the registry.
//!
//! A record is changed from what was read, or not at all; then it is read and changed anew. An
//! endpoint is created only while there is its application, and an application goes with its
//! endpoints, whoever creates and deletes at the same moment.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use posthaste_bus::{Bucket, BucketError};
use posthaste_domain::{
    AppId, Application, Endpoint, EndpointId, EventType, EventTypeDefinition, Keyring, OrgId,
    RotateError, Timestamp,
};
use rand::Rng as _;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use crate::{
    EndpointEntry, Registry, SealError, Sealer, key,
    record::{self, EndpointRecord},
};

/// How often a change is computed anew because somebody else changed the record meanwhile.
pub(crate) const RACES: usize = 16;
/// The longest wait before that, in milliseconds; each waits its own, so that writers who met do
/// not meet again.
const STEP_ASIDE_MS: u32 = 50;
/// How long a write may take to come back through this process's own watch.
const VISIBLE_WITHIN: Duration = Duration::from_secs(5);

/// Why the registry was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another application or endpoint has this uid.
    #[error("the uid is taken")]
    UidTaken,
    /// There is one already.
    #[error("it exists already")]
    Exists,
    /// There is none, or no application that it could belong to.
    #[error("there is no such thing")]
    NotFound,
    /// Ten replaced secrets are still valid.
    #[error(transparent)]
    TooManyOldSecrets(#[from] RotateError),
    /// The secret cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The broker did not confirm, or the change did not come back in time. It may be made all
    /// the same.
    #[error("the registry did not confirm the change")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Changes the registry. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    pub(crate) bucket: Bucket,
    registry: Registry,
    sealer: Sealer,
    settle: Duration,
    clock: fn() -> std::time::SystemTime,
}

#[derive(Debug, thiserror::Error)]
#[error("the change was not seen within {VISIBLE_WITHIN:?}")]
struct NotSeen;

#[derive(Debug, thiserror::Error)]
#[error("the record was changed by others {RACES} times in a row")]
pub(crate) struct Contended;

impl Writer {
    /// A writer that waits, after each write, until `registry` shows it and `settle` has passed,
    /// in which other processes' views come to show it too.
    #[must_use]
    pub const fn new(
        bucket: Bucket,
        registry: Registry,
        sealer: Sealer,
        settle: Duration,
        clock: fn() -> std::time::SystemTime,
    ) -> Self {
        Self { bucket, registry, sealer, settle, clock }
    }

    /// Creates an application.
    ///
    /// # Errors
    /// [`WriteError::UidTaken`], [`WriteError::Unavailable`].
    pub async fn create_application(
        &self,
        application: Application,
    ) -> Result<Arc<Application>, WriteError> {
        let key = key::application(&application.id);
        if let Some(uid) = &application.uid {
            self.reserve(&key::application_uid(&application.org, uid), &key).await?;
        }
        self.create(&key, &application).await?;
        Ok(Arc::new(application))
    }

    /// Changes an application to what `change` makes of the newest version.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::UidTaken`], [`WriteError::Unavailable`].
    pub async fn update_application(
        &self,
        id: &AppId,
        change: impl Fn(&Application) -> Application,
    ) -> Result<Arc<Application>, WriteError> {
        let key = key::application(id);
        for _ in 0..RACES {
            let (current, revision): (Application, _) = self.read(&key).await?;
            let next = change(&current);
            let uid_key = |application: &Application| {
                let uid = application.uid.as_ref()?;
                Some(key::application_uid(&application.org, uid))
            };
            let (old_uid, new_uid) = (uid_key(&current), uid_key(&next));
            if self.replace(&key, &next, revision, old_uid, new_uid).await? {
                return Ok(Arc::new(next));
            }
        }
        Err(unavailable(Contended))
    }

    /// Deletes an application and its endpoints.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::Unavailable`].
    pub async fn delete_application(&self, id: &AppId) -> Result<(), WriteError> {
        let key = key::application(id);
        let (application, _): (Application, _) = self.read(&key).await?;
        // The application goes last: whoever dies on the way leaves it to be deleted again.
        let mut gone = self.forget_endpoints(id).await?;
        self.bucket.delete(&key).await.map_err(unavailable)?;
        self.shows(|registry| registry.application_by_id(id).is_none()).await?;
        // Every endpoint that was created before that is seen by now. One that is created after it
        // is removed by who creates it.
        gone.extend(self.forget_endpoints(id).await?);
        if let Some(uid) = &application.uid {
            self.give_up(&key::application_uid(&application.org, uid), &key).await?;
        }
        self.seen(|registry| gone.iter().all(|gone| registry.endpoint_by_id(id, gone).is_none()))
            .await
    }

    /// Creates an endpoint with its secrets.
    ///
    /// # Errors
    /// [`WriteError::UidTaken`], [`WriteError::Seal`], [`WriteError::Unavailable`];
    /// [`WriteError::NotFound`] where there is no such application.
    pub async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        keyring: Keyring,
    ) -> Result<Arc<EndpointEntry>, WriteError> {
        let key = key::endpoint(&endpoint.app, &endpoint.id);
        if let Some(uid) = &endpoint.uid {
            self.reserve(&key::endpoint_uid(&endpoint.app, uid), &key).await?;
        }
        let secrets = record::seal(&endpoint, &keyring, &self.sealer, &mut rand::rng())?;
        let record = EndpointRecord { endpoint, secrets };
        self.create(&key, &record).await?;
        if self.registry.application_by_id(&record.endpoint.app).is_none() {
            self.forget_endpoint(&record.endpoint).await?;
            return Err(WriteError::NotFound);
        }
        Ok(Arc::new(EndpointEntry { endpoint: record.endpoint, keyring: Some(keyring) }))
    }

    /// Changes an endpoint to what `change` makes of the newest version; its secrets stay.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::UidTaken`], [`WriteError::Unavailable`].
    pub async fn update_endpoint(
        &self,
        app: &AppId,
        id: &EndpointId,
        change: impl Fn(&Endpoint) -> Endpoint,
    ) -> Result<Arc<EndpointEntry>, WriteError> {
        let key = key::endpoint(app, id);
        for _ in 0..RACES {
            let (current, revision): (EndpointRecord, _) = self.read(&key).await?;
            let next =
                EndpointRecord { endpoint: change(&current.endpoint), secrets: current.secrets };
            let uid_key =
                |endpoint: &Endpoint| endpoint.uid.as_ref().map(|uid| key::endpoint_uid(app, uid));
            let (old_uid, new_uid) = (uid_key(&current.endpoint), uid_key(&next.endpoint));
            if self.replace(&key, &next, revision, old_uid, new_uid).await? {
                let keyring = Some(next.open(&self.sealer)?);
                return Ok(Arc::new(EndpointEntry { endpoint: next.endpoint, keyring }));
            }
        }
        Err(unavailable(Contended))
    }

    /// Changes an endpoint's secrets to what `change` makes of the newest ones.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::TooManyOldSecrets`], [`WriteError::Seal`],
    /// [`WriteError::Unavailable`].
    pub async fn rotate_secret(
        &self,
        app: &AppId,
        id: &EndpointId,
        change: impl Fn(&Keyring) -> Result<Keyring, RotateError>,
    ) -> Result<(), WriteError> {
        let key = key::endpoint(app, id);
        for _ in 0..RACES {
            let (current, revision): (EndpointRecord, _) = self.read(&key).await?;
            let keyring = change(&current.open(&self.sealer)?)?;
            let secrets =
                record::seal(&current.endpoint, &keyring, &self.sealer, &mut rand::rng())?;
            let next = EndpointRecord { endpoint: current.endpoint, secrets };
            if self.replace(&key, &next, revision, None, None).await? {
                return Ok(());
            }
        }
        Err(unavailable(Contended))
    }

    /// Deletes an endpoint.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::Unavailable`].
    pub async fn delete_endpoint(&self, app: &AppId, id: &EndpointId) -> Result<(), WriteError> {
        let (record, _): (EndpointRecord, _) = self.read(&key::endpoint(app, id)).await?;
        self.forget_endpoint(&record.endpoint).await?;
        self.seen(|registry| registry.endpoint_by_id(app, id).is_none()).await
    }

    /// Adds an event type to the catalogue.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::Unavailable`].
    pub async fn create_event_type(
        &self,
        definition: EventTypeDefinition,
    ) -> Result<Arc<EventTypeDefinition>, WriteError> {
        self.create(&key::event_type(&definition.org, &definition.name), &definition).await?;
        Ok(Arc::new(definition))
    }

    /// Changes an event type to what `change` makes of the newest version.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::Unavailable`].
    pub async fn update_event_type(
        &self,
        org: &OrgId,
        name: &EventType,
        change: impl Fn(&EventTypeDefinition) -> EventTypeDefinition,
    ) -> Result<Arc<EventTypeDefinition>, WriteError> {
        let key = key::event_type(org, name);
        for _ in 0..RACES {
            let (current, revision): (EventTypeDefinition, _) = self.read(&key).await?;
            let next = change(&current);
            if self.replace(&key, &next, revision, None, None).await? {
                return Ok(Arc::new(next));
            }
        }
        Err(unavailable(Contended))
    }

    /// Takes an event type out of the catalogue for good.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::Unavailable`].
    pub async fn delete_event_type(&self, org: &OrgId, name: &EventType) -> Result<(), WriteError> {
        let key = key::event_type(org, name);
        let (_, _): (EventTypeDefinition, _) = self.read(&key).await?;
        self.bucket.delete(&key).await.map_err(unavailable)?;
        self.seen(|registry| registry.event_type(org, name.as_str()).is_none()).await
    }

    async fn forget_endpoints(&self, app: &AppId) -> Result<Vec<EndpointId>, WriteError> {
        let all = self.registry.endpoints(app);
        for entry in all.iter() {
            self.forget_endpoint(&entry.endpoint).await?;
        }
        Ok(all.iter().map(|entry| entry.endpoint.id.clone()).collect())
    }

    async fn forget_endpoint(&self, endpoint: &Endpoint) -> Result<(), WriteError> {
        let key = key::endpoint(&endpoint.app, &endpoint.id);
        self.bucket.delete(&key).await.map_err(unavailable)?;
        if let Some(uid) = &endpoint.uid {
            self.give_up(&key::endpoint_uid(&endpoint.app, uid), &key).await?;
        }
        Ok(())
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<(T, u64), WriteError> {
        let found = self.bucket.get(key).await.map_err(unavailable)?;
        let (value, revision) = found.ok_or(WriteError::NotFound)?;
        Ok((serde_json::from_slice(&value).map_err(unavailable)?, revision))
    }

    async fn create<T: Serialize>(&self, key: &str, record: &T) -> Result<(), WriteError> {
        let value = json(record)?;
        let revision = match self.bucket.create(key, value.clone()).await {
            Ok(revision) => revision,
            Err(BucketError::Taken) => match self.bucket.get(key).await.map_err(unavailable)? {
                // Our own, whose confirmation was lost.
                Some((stored, revision)) if stored == value => revision,
                Some(_) | None => return Err(WriteError::Exists),
            },
            Err(error) => return Err(unavailable(error)),
        };
        self.shown(revision).await
    }

    /// Writes `next` over `revision`, moving the uid along; `false` where the record was changed
    /// meanwhile.
    async fn replace<T: Serialize>(
        &self,
        key: &str,
        next: &T,
        revision: u64,
        old_uid: Option<String>,
        new_uid: Option<String>,
    ) -> Result<bool, WriteError> {
        let moved = old_uid != new_uid;
        if moved && let Some(uid) = &new_uid {
            self.reserve(uid, key).await?;
        }
        let revision = match self.bucket.update(key, json(next)?, revision).await {
            Ok(revision) => revision,
            // A reservation made for it stays ours and is found again by the next try.
            Err(BucketError::Changed) => {
                let wait = rand::rng().next_u32() % STEP_ASIDE_MS;
                tokio::time::sleep(Duration::from_millis(wait.into())).await;
                return Ok(false);
            }
            Err(error) => return Err(unavailable(error)),
        };
        if moved && let Some(uid) = &old_uid {
            self.give_up(uid, key).await?;
        }
        self.shown(revision).await?;
        Ok(true)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)().into()
    }

    /// Waits until the view shows `revision`, and for others to follow.
    async fn shown(&self, revision: u64) -> Result<(), WriteError> {
        self.seen(|registry| registry.revision() >= revision).await
    }

    async fn seen(&self, shows: impl Fn(&Registry) -> bool) -> Result<(), WriteError> {
        self.shows(shows).await?;
        tokio::time::sleep(self.settle).await;
        Ok(())
    }

    async fn shows(&self, shows: impl Fn(&Registry) -> bool) -> Result<(), WriteError> {
        let mut progress = self.registry.progress();
        let shown = async {
            // Not `wait_for`: its closure runs under the lock that `revision` takes.
            while !shows(&self.registry) {
                progress.changed().await?;
            }
            Ok::<_, tokio::sync::watch::error::RecvError>(())
        };
        match timeout(VISIBLE_WITHIN, shown).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(unavailable(NotSeen)),
        }
    }
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<Bytes, WriteError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(unavailable)
}

pub(crate) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> WriteError {
    WriteError::Unavailable(error.into())
}
