//! The loop that claims: one for each source, each with its own slots.

use std::sync::Arc;

use posthaste_bus::{Intake, Source};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use crate::{deliver, fan_out, stage::Stage};

/// Claims from `intake` until `stop`, starting a task for each claim in `tasks`.
pub(crate) async fn pull(
    stage: Arc<Stage>,
    mut intake: Intake,
    source: Source,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    while let Some(claim) = intake.next(&stop).await {
        if claim.is_redelivered() {
            stage.metrics.redelivered();
        }
        let stage = Arc::clone(&stage);
        // Tasks of their own kind, for one that could be either would be as large as the larger.
        match source {
            Source::Events => tasks.spawn(async move { fan_out::handle(&stage, claim).await }),
            Source::Lane(lane) => {
                tasks.spawn(async move { deliver::handle(&stage, claim, lane).await })
            }
        };
    }
    let in_hand = intake.in_hand();
    let returned = intake.close().await;
    info!(source = source.as_str(), in_hand, returned, "stopped claiming");
}
