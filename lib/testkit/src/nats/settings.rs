//! What a test may choose about its nats-server.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// The settings of a [`NatsServer`](crate::NatsServer).
#[derive(Clone, Debug)]
pub struct NatsSettings {
    /// The largest message it takes, headers included, in bytes. Default: 1 MiB, as nats-server has
    /// it.
    pub max_payload: u64,
    /// When it syncs its files to disk. Default: `None`, which leaves nats-server's own: every two
    /// minutes.
    pub sync_interval: Option<SyncInterval>,
    /// How many bytes all its streams together may hold. Default: `None`, which leaves
    /// nats-server's own: three quarters of the free disk.
    pub max_file_store: Option<u64>,
    /// Further lines of its configuration file. Default: none.
    pub extra: String,
}

/// When a nats-server syncs its files to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncInterval {
    /// Before it confirms a write.
    Always,
    /// Once in a while; whole milliseconds count.
    Every(Duration),
}

impl Default for NatsSettings {
    fn default() -> Self {
        Self {
            max_payload: 1 << 20,
            sync_interval: None,
            max_file_store: None,
            extra: String::new(),
        }
    }
}

impl NatsSettings {
    /// The configuration file.
    pub(super) fn config(&self, port: u16, store: &Path) -> String {
        let mut jetstream = format!("store_dir: {store:?}, max_memory_store: 256MB");
        if let Some(bytes) = self.max_file_store {
            let _ = write!(jetstream, ", max_file_store: {bytes}");
        }
        match self.sync_interval {
            None => {}
            Some(SyncInterval::Always) => jetstream.push_str(", sync_interval: always"),
            Some(SyncInterval::Every(interval)) => {
                let _ = write!(jetstream, ", sync_interval: \"{}ms\"", interval.as_millis());
            }
        }
        let Self { max_payload, extra, .. } = self;
        format!(
            "listen: \"127.0.0.1:{port}\"\nmax_payload: {max_payload}\n\
             jetstream {{ {jetstream} }}\n{extra}\n"
        )
    }
}
