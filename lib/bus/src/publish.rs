//! Publishing that returns once the broker has confirmed.

use async_nats::{
    HeaderMap,
    jetstream::{self, context::PublishErrorKind, publish::PublishAck},
};
use bytes::Bytes;
use tracing::debug;

use crate::{
    Bus,
    retry::{self, Step},
    wire::WireError,
};

/// Why a message is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The stream is at its size limit and refuses new messages.
    #[error("the stream is full")]
    Full(#[source] jetstream::Error),
    /// The message is larger than the server takes.
    #[error("the message is larger than the broker takes")]
    TooLarge,
    /// The subject's last sequence is not the expected one.
    #[error("the subject has changed meanwhile")]
    Changed,
    /// The broker did not confirm. The message may be stored all the same.
    #[error("the broker did not confirm the message")]
    NotConfirmed(#[source] jetstream::context::PublishError),
    /// The broker refused the message.
    #[error("the broker refused the message")]
    Refused(#[source] jetstream::Error),
    /// The broker knows the message already, but the first one cannot be read now.
    #[error("the first message of the same key cannot be read")]
    OriginalUnread(#[source] Box<crate::ReadError>),
    /// What should be written cannot be.
    #[error("the message cannot be written")]
    Unwritable(#[from] WireError),
}

/// Codes by which the server says that there is no room: a stream's own limit is reported under
/// the general "stream store failed".
const STORE_FAILED: u64 = 10_077;
/// The server's queue for the stream is full for the moment.
const TOO_MANY_REQUESTS: u64 = 10_167;

impl Bus {
    /// Publishes and waits for the confirmation, trying again for
    /// [`publish_budget`](crate::BusConfig::publish_budget). Repeats carry the same headers, so
    /// with a message id or a schedule's subject they change nothing.
    pub(crate) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<PublishAck, PublishError> {
        retry::within(self.config.publish_budget, || {
            self.publish_once(subject.clone(), headers.clone(), payload.clone())
        })
        .await
    }

    /// Publishes and waits for the confirmation, without trying again.
    pub(crate) async fn publish_once(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<PublishAck, Step<PublishError>> {
        // The client would keep it for the next connection, long after its caller has given up, and
        // an outage would fill memory with what nobody waits for.
        if !self.is_connected() {
            let error = PublishErrorKind::BrokenPipe.into();
            return Err(Step::Transient(PublishError::NotConfirmed(error)));
        }
        let confirmed =
            async { self.jetstream.publish_with_headers(subject, headers, payload).await?.await };
        // The library would wait as long as for any request, which is longer.
        let confirmed = tokio::time::timeout(self.config.publish_timeout, confirmed)
            .await
            .unwrap_or_else(|_| Err(PublishErrorKind::TimedOut.into()));
        confirmed.map_err(|error| {
            let step = classify(error);
            if let Step::Transient(error) = &step {
                debug!(error = error as &dyn std::error::Error, "publish not confirmed yet");
            }
            step
        })
    }
}

fn classify(error: jetstream::context::PublishError) -> Step<PublishError> {
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => Step::Final(PublishError::TooLarge),
        PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId => {
            Step::Final(PublishError::Changed)
        }
        // Nobody listens on the subject while a leader is elected or a server starts.
        PublishErrorKind::StreamNotFound
        | PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::MaxAckPending => Step::Transient(PublishError::NotConfirmed(error)),
        PublishErrorKind::Other => match refusal(&error) {
            Some(refusal) => by_code(refusal),
            None => Step::Transient(PublishError::NotConfirmed(error)),
        },
    }
}

fn refusal(error: &jetstream::context::PublishError) -> Option<jetstream::Error> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<jetstream::Error>().cloned()
}

fn by_code(refusal: jetstream::Error) -> Step<PublishError> {
    use jetstream::ErrorCode;

    match refusal.error_code() {
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => Step::Final(PublishError::TooLarge),
        ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES => Step::Final(PublishError::Full(refusal)),
        code if code.0 == STORE_FAILED => Step::Final(PublishError::Full(refusal)),
        code if code.0 == TOO_MANY_REQUESTS => Step::Transient(PublishError::Refused(refusal)),
        // The first message of this id is on its way to the replicas; then the repeat is known.
        ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT => {
            Step::Transient(PublishError::Refused(refusal))
        }
        ErrorCode::CLUSTER_NOT_AVAILABLE | ErrorCode::CLUSTER_NOT_LEADER => {
            Step::Transient(PublishError::Refused(refusal))
        }
        _ => Step::Final(PublishError::Refused(refusal)),
    }
}
