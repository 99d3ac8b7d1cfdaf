//! What the roles are told in development.

use std::{collections::BTreeMap, net::SocketAddr};

use posthaste_service::{Reader, ServiceConfig, Vars, config::ConfigFaults, role::Role};

use super::data::Secrets;
use crate::settings;

/// What suits one machine. A variable of the same name in the environment wins.
const DEFAULTS: &[(&str, &str)] = &[
    ("POSTHASTE_LOG_FORMAT", "human"),
    ("POSTHASTE_LOG_FILTER", "warn"),
    ("POSTHASTE_SHUTDOWN_DRAIN_MS", "5000"),
    // Receivers on this machine may be called.
    ("POSTHASTE_OUTBOUND_ALLOW", "127.0.0.0/8,::1/128"),
    // The server reserves what streams may grow to, and a developer's disk may be full.
    ("POSTHASTE_NATS_EVENTS_MAX_BYTES", "1073741824"),
    ("POSTHASTE_NATS_ATTEMPTS_MAX_BYTES", "536870912"),
    ("POSTHASTE_NATS_DEAD_LETTERS_MAX_BYTES", "268435456"),
];

/// Where to listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listen {
    pub(super) api: SocketAddr,
    pub(super) ingress: SocketAddr,
}

/// The settings of a session.
#[derive(Debug)]
pub(super) struct Environment {
    vars: Vars,
}

impl Environment {
    /// What suits one machine, under what the process's environment says, under what this session
    /// decides itself. No file is read.
    pub(super) fn new(secrets: Secrets, broker: &str, listen: Listen) -> Self {
        let ours = std::env::vars().filter(|(name, _)| name.starts_with("POSTHASTE_"));
        Self::over(ours, secrets, broker, listen)
    }

    fn over(
        environment: impl Iterator<Item = (String, String)>,
        secrets: Secrets,
        broker: &str,
        listen: Listen,
    ) -> Self {
        let defaults = DEFAULTS.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let decided = [
            ("POSTHASTE_AUTH_TOKEN_SECRET", secrets.token),
            ("POSTHASTE_REGISTRY_SEAL_KEYS", secrets.sealing),
            ("POSTHASTE_NATS_URLS", broker.to_owned()),
            ("POSTHASTE_CONTROL_LISTEN", listen.api.to_string()),
            ("POSTHASTE_INGRESS_LISTEN", listen.ingress.to_string()),
        ];
        let decided = decided.into_iter().map(|(name, value)| (name.to_owned(), value));
        let all: BTreeMap<String, String> = defaults.chain(environment).chain(decided).collect();
        Self { vars: Vars::from_pairs(all) }
    }

    /// What every process is told.
    ///
    /// # Errors
    /// Every fault of it, and every name that no role knows.
    pub(super) fn shell(&self) -> Result<ServiceConfig, ConfigFaults> {
        settings::read_from(&self.vars, ServiceConfig::read)
    }

    /// What a role is told.
    ///
    /// # Errors
    /// Every fault of it.
    pub(super) fn of<R: Role>(&self) -> Result<R::Config, ConfigFaults> {
        let mut reader = Reader::new(&self.vars);
        let config = R::read(&mut reader);
        reader.finish().map(|()| config)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use posthaste_control::Control;
    use posthaste_ingress::Ingress;
    use posthaste_worker::Worker;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let secrets = Secrets { token: "t".repeat(44), sealing: STANDARD.encode([7; 32]) };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let listen = Listen { api: any, ingress: any };
        Environment::over(pairs, secrets, "nats://127.0.0.1:1", listen)
    }

    #[test]
    fn every_role_starts_with_it_and_calls_receivers_here() {
        let environment = environment(&[]);
        assert!(environment.shell().is_ok());
        assert!(environment.of::<Control>().is_ok() && environment.of::<Ingress>().is_ok());
        let worker = environment.of::<Worker>().unwrap();
        assert_eq!(worker.bus.urls, ["nats://127.0.0.1:1"]);
        let here = std::net::IpAddr::from([127, 0, 0, 1]);
        assert!(worker.allow.iter().any(|network| network.contains(&here)));
    }

    #[test]
    fn the_environment_decides_all_but_addresses_and_secrets() {
        let environment = environment(&[
            ("POSTHASTE_WORKER_ATTEMPT_TIMEOUT_MS", "1000"),
            ("POSTHASTE_NATS_URLS", "nats://production:4222"),
        ]);
        let worker = environment.of::<Worker>().unwrap();
        assert_eq!(worker.attempt_timeout.as_millis(), 1_000);
        assert_eq!(worker.bus.urls, ["nats://127.0.0.1:1"]);
    }

    #[test]
    fn a_misspelt_variable_is_told() {
        let faults = environment(&[("POSTHASTE_WORKER_SLOTZ", "1")]).shell().unwrap_err();
        assert!(faults.to_string().contains("SLOTZ"));
    }
}
