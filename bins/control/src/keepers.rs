//! What control does unasked, at its own pace.
//!
//! Every replica runs every keeper: what they do is harmless when done twice at once.

mod announcer;
#[cfg(test)]
mod fake_store;
mod overdue;
mod parked;
mod queues;
mod recorder;
mod retention;
mod tasks;

pub(crate) use announcer::{Announcer, declare_webhooks};
pub(crate) use overdue::fire_overdue;
pub(crate) use parked::release_parked;
pub(crate) use queues::{QueueMetrics, report_queues};
pub(crate) use recorder::{Recorder, RecorderMetrics};
pub(crate) use retention::forget_old;
pub(crate) use tasks::{Bench, TaskKeeper, TaskMetrics};
