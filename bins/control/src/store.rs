//! Opens the store of history.

use std::time::Duration;

use posthaste_history::{History, HistoryError};
use posthaste_service::config::Sensitive;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

/// How long a starting process waits for its store.
const OPEN_WITHIN: Duration = Duration::from_secs(30);
/// Between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// Opens the store at `url`, which is made what it must be; one that does not answer yet is waited
/// for.
///
/// # Errors
/// [`HistoryError`] where it cannot be used, or does not answer within 30 s.
pub(crate) async fn open(url: &Sensitive) -> Result<History, HistoryError> {
    let until = Instant::now() + OPEN_WITHIN;
    let mut told = false;
    loop {
        match posthaste_history::open(url.reveal()).await {
            Err(HistoryError::Unavailable(source)) if Instant::now() < until => {
                if !std::mem::replace(&mut told, true) {
                    warn!(
                        error = &*source as &dyn std::error::Error,
                        "waiting for the history store"
                    );
                }
                sleep(TRY_AGAIN).await;
            }
            opened => {
                if opened.is_ok() {
                    info!("opened the history store");
                }
                return opened;
            }
        }
    }
}
