//! The one place that waits and tries again within a process.

use std::{future::Future, time::Duration};

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

/// Whether a failed step is worth repeating.
pub(crate) enum Step<E> {
    /// It may go better in a moment.
    Transient(E),
    /// It will not.
    Final(E),
}

/// Repeats `step` with growing, jittered waits (50 ms to 2 s) until it succeeds, fails for good,
/// or `budget` has passed; then the last error is returned.
pub(crate) async fn within<T, E, F, Fut>(budget: Duration, mut step: F) -> Result<T, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Step<E>>>,
{
    let policy: ExponentialBackoff = ExponentialBackoffBuilder::new()
        .with_initial_interval(Duration::from_millis(50))
        .with_max_interval(Duration::from_secs(2))
        .with_max_elapsed_time(Some(budget))
        .build();
    backoff::future::retry(policy, || {
        let attempt = step();
        async move {
            attempt.await.map_err(|step| match step {
                Step::Transient(error) => backoff::Error::transient(error),
                Step::Final(error) => backoff::Error::permanent(error),
            })
        }
    })
    .await
}
