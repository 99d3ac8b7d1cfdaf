//! Writing event types.

use std::sync::Arc;

use posthaste_domain::{EventType, EventTypeDefinition, OrgId};

use super::{Contended, RACES, WriteError, Writer, unavailable};
use crate::key;

impl Writer {
    /// Adds an event type to the catalogue.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::Unavailable`].
    pub async fn create_event_type(
        &self,
        definition: EventTypeDefinition,
    ) -> Result<Arc<EventTypeDefinition>, WriteError> {
        let key = key::event_type(&definition.org, &definition.name);
        self.create(&key, &definition, None).await?;
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
            if self.replace(&key, &next, revision, (None, None), None).await? {
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
}
