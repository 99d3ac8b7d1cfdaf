//! What was attempted and what was given up, for whoever announces it.
//!
//! Each stream has one durable consumer under the announcer's name, beside the recorder's; both
//! begin with what is stored after they are first asked for, because nobody wants to hear of what
//! happened before.

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};

use crate::{
    Authority, Bus, Intake, IntakeError, subject,
    topology::{ATTEMPTS, DEAD_LETTERS},
};

/// Pull requests that may wait at one consumer: two for each process and more.
const MAX_WAITING: i64 = 512;

impl Bus {
    /// Follows the attempts made, many to a message, read by [`Claim::attempts`]. Of several
    /// processes under one name each message is given to one; at most `slots` are held by this one.
    ///
    /// # Errors
    /// [`IntakeError`] where the broker does not answer, or knows the name for something else.
    ///
    /// [`Claim::attempts`]: crate::Claim::attempts
    pub async fn attempts_made(&self, durable: &str, slots: u32) -> Result<Intake, IntakeError> {
        self.follow(ATTEMPTS, subject::ATTEMPTS, "attempts made", durable, slots).await
    }

    /// Follows the deliveries that nobody took, read by [`Claim::dead_letter`]; as
    /// [`attempts_made`](Self::attempts_made).
    ///
    /// # Errors
    /// [`IntakeError`] where the broker does not answer, or knows the name for something else.
    ///
    /// [`Claim::dead_letter`]: crate::Claim::dead_letter
    pub async fn deliveries_given_up(
        &self,
        durable: &str,
        slots: u32,
    ) -> Result<Intake, IntakeError> {
        self.follow(DEAD_LETTERS, subject::DEAD, "deliveries given up", durable, slots).await
    }

    async fn follow(
        &self,
        stream: &'static str,
        subjects: &str,
        name: &'static str,
        durable: &str,
        slots: u32,
    ) -> Result<Intake, IntakeError> {
        let consumer = pull::Config {
            durable_name: Some(durable.to_owned()),
            filter_subject: subjects.to_owned(),
            deliver_policy: DeliverPolicy::New,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.config.ack_wait,
            max_ack_pending: i64::from(self.config.max_ack_pending),
            max_deliver: -1,
            max_waiting: MAX_WAITING,
            ..pull::Config::default()
        };
        self.ensure_consumer(stream, consumer, Authority::Guest)
            .await
            .map_err(|error| IntakeError::new(name, error))?;
        Intake::of_consumer(self, name, (stream, durable), slots).await
    }
}
