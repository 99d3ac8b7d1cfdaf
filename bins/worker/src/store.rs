//! Stores what became of a delivery, however long the broker takes.
//!
//! Once a request has been sent, only this worker knows what came of it. Giving the claim back
//! because the broker is away would have the request sent again, under the same number; so the
//! worker holds on until the broker takes it, or until the worker itself must end.

use std::time::Duration;

use posthaste_bus::PublishError;
use tokio::{
    select,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// How long to wait before what was not stored is tried again. Some refusals come at once.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a try may take once the worker must end. Two of them, the one under way and the last,
/// are less than the process leaves its tasks to let go.
const LAST_TRY: Duration = Duration::from_secs(4);

/// Why something was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStored {
    /// The worker had to end first.
    #[error("the worker had to end first")]
    Ended,
    /// The broker will never take it.
    #[error("the broker will never take it")]
    Never,
}

/// Calls `store` until it succeeds. Once `end` is cancelled there is one last try.
pub(crate) async fn until_stored<F>(
    end: &CancellationToken,
    what: &'static str,
    mut store: impl FnMut() -> F,
) -> Result<(), NotStored>
where
    F: Future<Output = Result<(), PublishError>>,
{
    loop {
        let last = end.is_cancelled();
        match in_time(end, store()).await {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => complain(&error, what)?,
            None => return Err(NotStored::Ended),
        }
        if last {
            return Err(NotStored::Ended);
        }
        let _ = timeout(PAUSE, end.cancelled()).await;
    }
}

fn complain(error: &PublishError, what: &'static str) -> Result<(), NotStored> {
    let cause = error as &dyn std::error::Error;
    if matches!(error, PublishError::TooLarge | PublishError::Unwritable(_)) {
        error!(error = cause, what, "cannot be stored");
        return Err(NotStored::Never);
    }
    warn!(error = cause, what, "not stored yet");
    Ok(())
}

/// Runs `step` to its end, or until a while after `end`.
async fn in_time<T>(end: &CancellationToken, step: impl Future<Output = T>) -> Option<T> {
    let over = async {
        end.cancelled().await;
        sleep(LAST_TRY).await;
    };
    select! {
        biased;
        done = step => Some(done),
        () = over => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use posthaste_bus::PublishError::{Changed, TooLarge};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_refuses_at_once_is_asked_once_a_second() {
        let (end, tries) = (CancellationToken::new(), AtomicUsize::new(0));
        let began = Instant::now();
        let stored = until_stored(&end, "test", || {
            ready(if tries.fetch_add(1, Ordering::Relaxed) < 60 { Err(Changed) } else { Ok(()) })
        });
        assert_eq!(stored.await, Ok(()));
        assert_eq!(began.elapsed(), 60 * PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_never_be_taken_is_not_tried_again() {
        let end = CancellationToken::new();
        let stored = until_stored(&end, "test", || ready(Err(TooLarge))).await;
        assert_eq!(stored, Err(NotStored::Never));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_must_end_tries_once_more_and_not_for_long() {
        let end = CancellationToken::new();
        end.cancel();
        let tries = AtomicUsize::new(0);
        let stored = until_stored(&end, "test", || {
            tries.fetch_add(1, Ordering::Relaxed);
            ready(Err(Changed))
        });
        assert_eq!((stored.await, tries.into_inner()), (Err(NotStored::Ended), 1));

        let began = Instant::now();
        let stored = until_stored(&end, "test", pending).await;
        assert_eq!((stored, began.elapsed()), (Err(NotStored::Ended), LAST_TRY));
    }
}
