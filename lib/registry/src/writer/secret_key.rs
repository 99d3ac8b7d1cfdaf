//! Writing merchants' keys.

use std::sync::Arc;

use posthaste_domain::{AppId, Application, SecretKeyId};

use super::{WriteError, Writer, unavailable};
use crate::{SecretKey, key};

impl Writer {
    /// Lets a key in.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] where there is no such application;
    /// [`WriteError::Unavailable`].
    pub async fn create_secret_key(&self, made: SecretKey) -> Result<Arc<SecretKey>, WriteError> {
        if self.registry.application_by_id(&made.app).is_none() {
            return Err(WriteError::NotFound);
        }
        self.create(&key::secret_key(&made.app, &made.id), &made, None).await?;
        if self.registry.application_by_id(&made.app).is_none() {
            self.bucket.delete(&key::secret_key(&made.app, &made.id)).await.map_err(unavailable)?;
            return Err(WriteError::NotFound);
        }
        Ok(Arc::new(made))
    }

    /// Takes a key back; once this returns nobody is let in with it.
    ///
    /// # Errors
    /// [`WriteError::NotFound`], [`WriteError::Unavailable`].
    pub async fn delete_secret_key(&self, app: &AppId, id: &SecretKeyId) -> Result<(), WriteError> {
        let key = key::secret_key(app, id);
        let (_, _): (SecretKey, _) = self.read(&key).await?;
        self.bucket.delete(&key).await.map_err(unavailable)?;
        self.seen(|registry| registry.secret_keys(app).iter().all(|known| known.id != *id)).await
    }

    pub(super) async fn forget_secret_keys(
        &self,
        application: &Application,
    ) -> Result<(), WriteError> {
        for known in self.registry.secret_keys(&application.id) {
            let key = key::secret_key(&application.id, &known.id);
            self.bucket.delete(&key).await.map_err(unavailable)?;
        }
        Ok(())
    }
}
