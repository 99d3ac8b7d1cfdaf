//! The loop that claims: one for each source, each with its own slots.

use std::sync::Arc;

use posthaste_bus::{Claim, Intake, Source};
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
        tasks.spawn(handle(Arc::clone(&stage), source, claim));
    }
    let in_hand = intake.in_hand();
    let returned = intake.close().await;
    info!(source = source.as_str(), in_hand, returned, "stopped claiming");
}

async fn handle(stage: Arc<Stage>, source: Source, claim: Claim) {
    if claim.is_redelivered() {
        stage.metrics.redelivered();
    }
    match source {
        Source::Events => fan_out::handle(&stage, claim).await,
        Source::Lane(_) => deliver::handle(&stage, claim).await,
    }
}
