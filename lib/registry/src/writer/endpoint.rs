//! Writing endpoints: the record, its secrets and its headers, and what is noted of each change.

use std::sync::Arc;

use posthaste_bus::BucketError;
use posthaste_domain::{AppId, Application, Endpoint, EndpointId, Keyring, OrgId, RotateError};

use super::{Contended, RACES, WriteError, Writer, unavailable};
use crate::{
    EndpointEntry, Headers,
    change::{ChangeKind, Note},
    key,
    record::{EndpointRecord, seal_headers, seal_keyring},
};

impl Writer {
    /// Creates an endpoint with its secrets and the headers it wants beside ours.
    ///
    /// # Errors
    /// [`WriteError::UidTaken`], [`WriteError::Seal`], [`WriteError::Unavailable`];
    /// [`WriteError::NotFound`] where there is no such application.
    pub async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        keyring: Keyring,
        headers: Headers,
    ) -> Result<Arc<EndpointEntry>, WriteError> {
        let org = self.org_of(&endpoint.app)?;
        let key = key::endpoint(&endpoint.app, &endpoint.id);
        if let Some(uid) = &endpoint.uid {
            self.reserve(&key::endpoint_uid(&endpoint.app, uid), &key).await?;
        }
        let note = self.note(ChangeKind::Created, &org, &endpoint)?;
        let record = EndpointRecord {
            secrets: seal_keyring(&endpoint, &keyring, &self.sealer, &mut rand::rng())?,
            headers: seal_headers(&endpoint, &headers, &self.sealer, &mut rand::rng())?,
            endpoint,
        };
        self.create(&key, &record, Some(&note)).await?;
        if self.registry.application_by_id(&record.endpoint.app).is_none() {
            self.forget_endpoint(&org, &record.endpoint.app, &record.endpoint.id).await?;
            return Err(WriteError::NotFound);
        }
        Ok(Arc::new(EndpointEntry { endpoint: record.endpoint, keyring: Some(keyring), headers }))
    }

    /// Changes an endpoint to what `change` makes of the newest version; its secrets and headers
    /// stay.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::UidTaken`], [`WriteError::Unavailable`].
    pub async fn update_endpoint(
        &self,
        app: &AppId,
        id: &EndpointId,
        change: impl Fn(&Endpoint) -> Endpoint,
    ) -> Result<Arc<EndpointEntry>, WriteError> {
        self.change_record(app, id, |current| {
            let endpoint = change(&current.endpoint);
            Ok::<_, WriteError>(EndpointRecord { endpoint, ..current.clone() })
        })
        .await
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
        let rotate = |current: &EndpointRecord| {
            let keyring = change(&current.open_keyring(&self.sealer)?)?;
            let rng = &mut rand::rng();
            let secrets = seal_keyring(&current.endpoint, &keyring, &self.sealer, rng)?;
            Ok::<_, WriteError>(EndpointRecord { secrets, ..current.clone() })
        };
        self.change_record(app, id, rotate).await?;
        Ok(())
    }

    /// Changes the headers that an endpoint wants beside ours to what `change` makes of the newest
    /// ones, or not at all where it fails.
    ///
    /// Which names may be used, and how much there may be of them, is for `change` to judge.
    ///
    /// # Errors
    /// What `change` fails with; [`WriteError::NotFound`], [`WriteError::Seal`],
    /// [`WriteError::Unavailable`].
    pub async fn update_headers<E: From<WriteError>>(
        &self,
        app: &AppId,
        id: &EndpointId,
        change: impl Fn(&Headers) -> Result<Headers, E>,
    ) -> Result<Arc<EndpointEntry>, E> {
        self.change_record(app, id, |current| {
            let headers = change(&current.open_headers(&self.sealer).map_err(WriteError::from)?)?;
            let rng = &mut rand::rng();
            let headers = seal_headers(&current.endpoint, &headers, &self.sealer, rng);
            Ok(EndpointRecord { headers: headers.map_err(WriteError::from)?, ..current.clone() })
        })
        .await
    }

    /// Deletes an endpoint.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::Unavailable`].
    pub async fn delete_endpoint(&self, app: &AppId, id: &EndpointId) -> Result<(), WriteError> {
        let org = self.org_of(app)?;
        if !self.forget_endpoint(&org, app, id).await? {
            return Err(WriteError::NotFound);
        }
        self.seen(|registry| registry.endpoint_by_id(app, id).is_none()).await
    }

    async fn change_record<E: From<WriteError>>(
        &self,
        app: &AppId,
        id: &EndpointId,
        change: impl Fn(&EndpointRecord) -> Result<EndpointRecord, E>,
    ) -> Result<Arc<EndpointEntry>, E> {
        let key = key::endpoint(app, id);
        let org = self.org_of(app)?;
        for _ in 0..RACES {
            let (current, revision): (EndpointRecord, _) = self.read(&key).await?;
            let next = change(&current)?;
            let uid_key =
                |endpoint: &Endpoint| endpoint.uid.as_ref().map(|uid| key::endpoint_uid(app, uid));
            let uids = (uid_key(&current.endpoint), uid_key(&next.endpoint));
            let kind = ChangeKind::between(&current.endpoint, &next.endpoint);
            let note = self.note(kind, &org, &next.endpoint)?;
            if self.replace(&key, &next, revision, uids, Some(&note)).await? {
                return Ok(Arc::new(next.open(&self.sealer).map_err(WriteError::from)?));
            }
        }
        Err(unavailable(Contended).into())
    }

    pub(super) async fn forget_endpoints(
        &self,
        application: &Application,
    ) -> Result<Vec<EndpointId>, WriteError> {
        let all = self.registry.endpoints(&application.id);
        for entry in all.iter() {
            self.forget_endpoint(&application.org, &application.id, &entry.endpoint.id).await?;
        }
        Ok(all.iter().map(|entry| entry.endpoint.id.clone()).collect())
    }

    /// Removes an endpoint as it is found, so that its removal is noted once; `false` where there
    /// was none.
    async fn forget_endpoint(
        &self,
        org: &OrgId,
        app: &AppId,
        id: &EndpointId,
    ) -> Result<bool, WriteError> {
        let key = key::endpoint(app, id);
        for _ in 0..RACES {
            let (EndpointRecord { endpoint, .. }, revision) = match self.read(&key).await {
                Ok(found) => found,
                Err(WriteError::NotFound) => return Ok(false),
                Err(error) => return Err(error),
            };
            let note = self.note(ChangeKind::Deleted, org, &endpoint)?;
            match self.bucket.delete_at_noted(&key, revision, Some(&note)).await {
                Ok(()) => {}
                Err(BucketError::Changed) => {
                    Self::step_aside().await;
                    continue;
                }
                Err(error) => return Err(unavailable(error)),
            }
            if let Some(uid) = &endpoint.uid {
                self.give_up(&key::endpoint_uid(app, uid), &key).await?;
            }
            return Ok(true);
        }
        Err(unavailable(Contended))
    }

    /// Whose an application is; changes are told to its organisation.
    fn org_of(&self, app: &AppId) -> Result<OrgId, WriteError> {
        let application = self.registry.application_by_id(app).ok_or(WriteError::NotFound)?;
        Ok(application.org.clone())
    }

    fn note(
        &self,
        kind: ChangeKind,
        org: &OrgId,
        endpoint: &Endpoint,
    ) -> Result<String, WriteError> {
        Note::of(kind, org, endpoint, self.now()).written().map_err(unavailable)
    }
}
