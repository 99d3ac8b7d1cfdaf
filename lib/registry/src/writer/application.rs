//! Writing applications.

use std::{sync::Arc, time::Duration};

use posthaste_domain::{AppId, Application};

use super::{Contended, RACES, WriteError, Writer, unavailable};
use crate::key;

/// How often, and how far apart, one looks for an application that somebody else is creating.
const LOOKS: u32 = 50;
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Writer {
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
        self.create(&key, &application, None).await?;
        Ok(Arc::new(application))
    }

    /// The application that bears the uid of `wanted`, which is created where there is none; of many
    /// who ask at once, one creates it. Says whether this call did.
    ///
    /// # Errors
    /// [`WriteError::UidTaken`] where somebody has reserved the uid and no application comes to
    /// bear it; [`WriteError::Unavailable`].
    pub async fn find_or_create_application(
        &self,
        wanted: Application,
    ) -> Result<(Arc<Application>, bool), WriteError> {
        // A uid is reserved a moment before its record shows.
        let mut looks = tokio::time::interval(LOOK_EVERY);
        for _ in 0..LOOKS {
            let uid = wanted.uid.as_ref().map(|uid| uid.as_str());
            if let Some(found) = uid.and_then(|uid| self.registry.application(&wanted.org, uid)) {
                return Ok((found, false));
            }
            match self.create_application(wanted.clone()).await {
                Ok(created) => return Ok((created, true)),
                Err(WriteError::UidTaken) => {}
                Err(error) => return Err(error),
            }
            looks.tick().await;
        }
        Err(WriteError::UidTaken)
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
            let uids = (uid_key(&current), uid_key(&next));
            if self.replace(&key, &next, revision, uids, None).await? {
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
        self.forget_secret_keys(&application).await?;
        let mut gone = self.forget_endpoints(&application).await?;
        self.bucket.delete(&key).await.map_err(unavailable)?;
        self.shows(|registry| registry.application_by_id(id).is_none()).await?;
        // Every endpoint that was created before that is seen by now. One that is created after it
        // is removed by who creates it.
        self.forget_secret_keys(&application).await?;
        gone.extend(self.forget_endpoints(&application).await?);
        if let Some(uid) = &application.uid {
            self.give_up(&key::application_uid(&application.org, uid), &key).await?;
        }
        self.seen(|registry| gone.iter().all(|gone| registry.endpoint_by_id(id, gone).is_none()))
            .await
    }
}
