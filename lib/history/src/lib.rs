//! What happened, and the questions about it: a projection of the streams.
//!
//! The recorder writes batches of what it read from the streams; the API asks. Nothing on the way
//! of a delivery waits for this crate: losing history costs history, never deliveries.
//!
//! # Invariants
//! - A batch written twice changes nothing: rows are found by the ids that the nouns brought along.
//! - Nouns may arrive in any order: an attempt before its message, a dead letter before its last
//!   attempt.
//! - Every question is answered by an index, at any depth of a list.

mod batch;
mod dead_letter;
mod delivery;
mod error;
mod filter;
mod message;
mod open;
mod page;
mod sql;
mod standing;
mod statistics;
mod store;

pub use batch::{Batch, RecordedEvent};
pub use dead_letter::{DeadLetterFilter, DeadLetterRow, DeadLetterState};
pub use delivery::{DeliveryRow, DeliveryStatus};
pub use error::HistoryError;
pub use filter::{AttemptFilter, AttemptStatus, DeliveryFilter, MessageFilter, TimeRange};
pub use message::{Content, MessageRow};
pub use open::{open, open_explaining};
pub use page::{Cursor, Order, Page, PageOf};
pub use sql::Plans;
pub use statistics::{ApplicationUsage, AttemptCounts, EventTypeUsage};
pub use store::{Forgotten, History, Retention, Store};
