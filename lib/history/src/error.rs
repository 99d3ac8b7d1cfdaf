//! Why a question had no answer.

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The address is not one of a store that we know.
    #[error("history.url must be sqlite:<path> or postgres://…")]
    Address,
    /// The store did not answer, or not in time. Asking again later may help.
    #[error("the history store does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store holds something that this version cannot read, or refused what we asked.
    #[error("the history store holds what cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tables could not be brought to this version's form.
    #[error("the history store cannot be migrated")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
}
