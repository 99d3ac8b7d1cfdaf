//! Forgets what is older than it may be.
//!
//! Every replica does; whoever comes second finds nothing to do.

use std::time::Duration;

use posthaste_history::{Forgotten, History, Retention};
use posthaste_service::{Kit, clock};
use prometheus::{Error, IntCounterVec, Opts, Registry};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(60);
/// Rounds of one look at most; the next look goes on.
const ROUNDS: u32 = 200;
/// Between two rounds, so that whoever records has the store to itself most of the time.
const PAUSE: Duration = Duration::from_millis(100);

/// What was forgotten.
struct RetentionMetrics {
    forgotten: IntCounterVec,
}

impl RetentionMetrics {
    fn register(registry: &Registry) -> Result<Self, Error> {
        let forgotten = IntCounterVec::new(
            Opts::new(
                "posthaste_history_forgotten_total",
                "What was removed from history because its time was over",
            ),
            &["kind"],
        )?;
        registry.register(Box::new(forgotten.clone()))?;
        let metrics = Self { forgotten };
        metrics.count(Forgotten::default());
        Ok(metrics)
    }

    fn count(&self, forgotten: Forgotten) {
        self.forgotten.with_label_values(&["content"]).inc_by(forgotten.contents);
        self.forgotten.with_label_values(&["row"]).inc_by(forgotten.rows);
    }
}

/// Forgets what is due, again and again, until the kit stops.
///
/// # Errors
/// Where the metrics are there already.
pub(crate) fn forget_old(store: History, retention: Retention, kit: &Kit) -> Result<(), Error> {
    let metrics = RetentionMetrics::register(&kit.registry)?;
    kit.spawn("retention keeper", keep(store, retention, metrics, kit.stop.intake.clone()));
    Ok(())
}

async fn keep(
    store: History,
    retention: Retention,
    metrics: RetentionMetrics,
    stop: CancellationToken,
) {
    let look = async || {
        for _ in 0..ROUNDS {
            match store.forget(clock::now().into(), retention).await {
                Ok(forgotten) => {
                    metrics.count(forgotten);
                    if !forgotten.more {
                        return;
                    }
                    debug!(?forgotten, "more is to be forgotten");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "cannot forget what is older than it may be");
                    return;
                }
            }
            sleep(PAUSE).await;
        }
    };
    loop {
        let next = Instant::now() + EVERY;
        let looked = async {
            look().await;
            sleep_until(next).await;
        };
        if stop.run_until_cancelled(looked).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use posthaste_service::{ShutdownConfig, stop::Stopped};

    use super::{super::fake_store::FakeStore, *};

    const RETENTION: Retention =
        Retention { responses: Duration::from_secs(1), metadata: Duration::from_secs(2) };

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_while_more_is_due_and_looks_again_every_minute() {
        let store = Arc::new(FakeStore::default());
        let round = |contents, more| Forgotten { contents, rows: 2, more };
        store.due.lock().unwrap().extend([round(10, true), round(5, true), round(1, false)]);
        let (kit, began) = (Kit::new(), Instant::now());
        forget_old(Arc::clone(&store) as History, RETENTION, &kit).unwrap();
        let mut forgets = store.forgets.subscribe();
        let looks = forgets.wait_for(|forgets| forgets.len() == 5).await.unwrap().clone();
        let after: Vec<_> = looks.iter().map(|at| (*at - began).as_secs()).collect();
        assert_eq!(after, [0, 0, 0, 60, 120]);
        let families = kit.registry.gather();
        let family = families.iter().find(|f| f.name() == "posthaste_history_forgotten_total");
        let counts: Vec<_> =
            family.unwrap().get_metric().iter().map(|m| m.get_counter().get_value()).collect();
        assert_eq!(counts, [16.0, 6.0]);
        let shutdown = ShutdownConfig { drain: Duration::from_secs(5), delay: Duration::ZERO };
        assert_eq!(kit.shut_down(&shutdown).await, Stopped::Drained);
    }
}
