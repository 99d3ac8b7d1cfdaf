//! The settings that every process has.

use crate::{
    admin,
    config::{Key, Reader},
    stop::{self, ShutdownConfig},
    telemetry::{self, LogConfig},
};

/// The settings of this crate.
pub const KEYS: &[Key] =
    &[admin::KEYS[0], telemetry::KEYS[0], telemetry::KEYS[1], stop::KEYS[0], stop::KEYS[1]];

/// What every process is told, whatever it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Where probes and scrapes are answered: `host:port`.
    pub admin_listen: String,
    /// What is logged, and how.
    pub log: LogConfig,
    /// How the process stops.
    pub shutdown: ShutdownConfig,
}

impl ServiceConfig {
    /// Reads [`KEYS`].
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            admin_listen: reader.text(&admin::LISTEN),
            log: LogConfig::read(reader),
            shutdown: ShutdownConfig::read(reader),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Vars;

    #[test]
    fn the_keys_of_every_part_are_listed() {
        let parts = [admin::KEYS, telemetry::KEYS, stop::KEYS].concat();
        assert_eq!(KEYS, parts);
    }

    #[test]
    fn it_has_defaults_for_everything() {
        let vars = Vars::default();
        let mut reader = Reader::new(&vars);
        let config = ServiceConfig::read(&mut reader);
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(config.admin_listen, "0.0.0.0:9464");
        let shutdown = ShutdownConfig { drain: Duration::from_secs(45), delay: Duration::ZERO };
        assert_eq!(config.shutdown, shutdown);
    }
}
