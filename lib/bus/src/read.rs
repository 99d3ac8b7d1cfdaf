//! Reading single messages of a stream by sequence.

use async_nats::jetstream::{
    ErrorCode,
    message::StreamMessage,
    stream::{DirectGetErrorKind, RawMessageError, RawMessageErrorKind, Stream},
};

use crate::{Bus, wire::WireError};

/// Why a stored message could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The broker did not answer, or answered with an error.
    #[error("the broker did not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The message is not in the form we write.
    #[error("the message is not in the form we write")]
    Malformed(#[from] WireError),
}

impl ReadError {
    pub(crate) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Bus {
    pub(crate) async fn stream(&self, name: &'static str) -> Result<Stream<()>, ReadError> {
        self.jetstream.get_stream_no_info(name).await.map_err(ReadError::unavailable)
    }

    /// The message at `sequence`, from the stream's leader, so that what was just confirmed is
    /// found; `None` if it is no longer there.
    pub(crate) async fn message_at(
        &self,
        stream: &'static str,
        sequence: u64,
    ) -> Result<Option<StreamMessage>, ReadError> {
        match self.stream(stream).await?.get_raw_message(sequence).await {
            Ok(message) => Ok(Some(message)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(ReadError::unavailable(error)),
        }
    }

    /// The message at `sequence`, from whichever replica answers; where that one has not got it,
    /// the leader is asked.
    pub(crate) async fn settled_message_at(
        &self,
        stream: &'static str,
        sequence: u64,
    ) -> Result<Option<StreamMessage>, ReadError> {
        match self.stream(stream).await?.direct_get(sequence).await {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => {
                self.message_at(stream, sequence).await
            }
            Err(error) => Err(ReadError::unavailable(error)),
        }
    }
}

/// Whether the answer was that there is no such message.
pub(crate) fn is_absent(error: &RawMessageError) -> bool {
    match error.kind() {
        RawMessageErrorKind::NoMessageFound => true,
        RawMessageErrorKind::JetStream(error) => error.error_code() == ErrorCode::NO_MESSAGE_FOUND,
        _ => false,
    }
}
