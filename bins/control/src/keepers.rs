//! What control does unasked, at its own pace.
//!
//! Every replica runs every keeper: what they do is harmless when done twice at once.

mod overdue;
mod queues;

pub(crate) use overdue::fire_overdue;
pub(crate) use queues::{QueueMetrics, report_queues};
