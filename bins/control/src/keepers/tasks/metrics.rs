//! What is counted of tasks.

use std::collections::HashMap;

use prometheus::{Error, IntCounterVec, IntGaugeVec, Opts, Registry};

use super::step::{Step, StepError};
use crate::tasks::{Task, TaskKind, TaskStatus};

/// The kinds that this server has tasks of.
const KINDS: [TaskKind; 7] = [
    TaskKind::Recover,
    TaskKind::Replay,
    TaskKind::BulkReplay,
    TaskKind::PurgeContent,
    TaskKind::Redrive,
    TaskKind::ApplicationStats,
    TaskKind::EventTypeAggregate,
];

/// What is counted of tasks.
#[derive(Clone)]
pub(crate) struct TaskMetrics {
    running: IntGaugeVec,
    steps: IntCounterVec,
    ended: IntCounterVec,
}

impl TaskMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, Error> {
        let running = IntGaugeVec::new(
            Opts::new(
                "posthaste_tasks_running",
                "Background tasks that run or wait, over the whole fleet: read it by max",
            ),
            &["task"],
        )?;
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, Error>(counters)
        };
        registry.register(Box::new(running.clone()))?;
        let metrics = Self {
            running,
            steps: counters(
                "posthaste_task_steps_total",
                "Steps of background tasks, by what came of them",
                &["task", "result"],
            )?,
            ended: counters(
                "posthaste_tasks_ended_total",
                "Background tasks that ended, by how",
                &["task", "status"],
            )?,
        };
        for kind in KINDS {
            metrics.steps.with_label_values(&[kind.as_str(), "made"]);
            for status in [TaskStatus::Finished, TaskStatus::Failed] {
                metrics.ended.with_label_values(&[kind.as_str(), spelled(status)]);
            }
        }
        metrics.running(HashMap::new());
        Ok(metrics)
    }

    /// So many run, of each kind; of the others none.
    pub(super) fn running(&self, counts: HashMap<TaskKind, i64>) {
        for kind in KINDS {
            let count = counts.get(&kind).copied().unwrap_or(0);
            self.running.with_label_values(&[kind.as_str()]).set(count);
        }
    }

    pub(super) fn stepped(&self, kind: TaskKind, result: &Result<Step, StepError>) {
        let result = result.as_ref().map_or_else(StepError::as_str, |_| "made");
        self.steps.with_label_values(&[kind.as_str(), result]).inc();
    }

    pub(super) fn ended(&self, task: &Task) {
        self.ended.with_label_values(&[task.kind().as_str(), spelled(task.status)]).inc();
    }
}

const fn spelled(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Running => "running",
        TaskStatus::Finished => "finished",
        TaskStatus::Failed => "failed",
    }
}
