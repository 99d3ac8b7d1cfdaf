//! What was done to the registry, one revision after the other.
//!
//! The bucket keeps the last revisions of each key, so whoever follows them is given those that
//! were made while it was away, as long as a key was not changed more often than that. Each carries
//! the note that its writer made.

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};

use crate::{Authority, Bus, Intake, IntakeError, topology::REGISTRY_STREAM};

/// Revisions that may be held at once. One: they are told in their order.
const AT_ONCE: u32 = 1;

impl Bus {
    /// Follows the registry's revisions from the first that is kept, under a name by which the
    /// broker remembers how far this follower has come. Of several processes under one name each
    /// revision is given to one, and the next once it is settled.
    ///
    /// A claim's [`seq`](crate::Claim::seq) is the revision, its [`note`](crate::Claim::note) what
    /// was noted of it. It is given again until it is acknowledged.
    ///
    /// # Errors
    /// [`IntakeError`] where the broker does not answer, or knows the name for something else.
    pub async fn registry_changes(&self, durable: &str) -> Result<Intake, IntakeError> {
        let consumer = pull::Config {
            durable_name: Some(durable.to_owned()),
            filter_subject: format!("$KV.{}.>", crate::topology::REGISTRY),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.config.ack_wait,
            max_ack_pending: i64::from(AT_ONCE),
            max_deliver: -1,
            ..pull::Config::default()
        };
        self.ensure_consumer(REGISTRY_STREAM, consumer, Authority::Guest)
            .await
            .map_err(|error| IntakeError::new(REGISTRY_STREAM, error))?;
        Intake::of_consumer(self, "registry changes", (REGISTRY_STREAM, durable), AT_ONCE).await
    }
}
