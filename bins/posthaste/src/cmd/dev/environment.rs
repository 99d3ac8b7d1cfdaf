//! What the roles are told in development.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use posthaste_control::{Control, ControlConfig};
use posthaste_ingress::{Ingress, IngressConfig};
use posthaste_service::{
    Reader, ServiceConfig, Vars,
    config::{ConfigFaults, Fault},
    role::Role,
};
use posthaste_worker::{Worker, WorkerConfig};

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

/// What every part is told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) shell: ServiceConfig,
    pub(super) control: ControlConfig,
    pub(super) ingress: IngressConfig,
    pub(super) worker: WorkerConfig,
}

/// The variables of a session.
#[derive(Debug)]
pub(super) struct Environment {
    vars: Vars,
}

impl Environment {
    /// What suits one machine, under what the process's environment says, under what this session
    /// decides itself; history is in the folder `data` unless the environment has it elsewhere. No
    /// file is read.
    pub(super) fn new(secrets: Secrets, broker: &str, listen: Listen, data: &Path) -> Self {
        let ours = std::env::vars().filter(|(name, _)| name.starts_with("POSTHASTE_"));
        Self::over(ours, secrets, broker, listen, data)
    }

    fn over(
        environment: impl Iterator<Item = (String, String)>,
        secrets: Secrets,
        broker: &str,
        listen: Listen,
        data: &Path,
    ) -> Self {
        let defaults = DEFAULTS.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let history = format!("sqlite:{}", data.join("history.db").display());
        let defaults = defaults.chain([("POSTHASTE_HISTORY_URL".to_owned(), history)]);
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

    /// Reads what every part is told.
    ///
    /// # Errors
    /// Every fault of any part, and every name that no role knows.
    pub(super) fn read(&self) -> Result<Settings, ConfigFaults> {
        let shell = settings::read_from(&self.vars, ServiceConfig::read);
        let control = self.of::<Control>();
        let ingress = self.of::<Ingress>();
        let worker = self.of::<Worker>();
        match (shell, control, ingress, worker) {
            (Ok(shell), Ok(control), Ok(ingress), Ok(worker)) => {
                Ok(Settings { shell, control, ingress, worker })
            }
            (shell, control, ingress, worker) => {
                Err(merged([shell.err(), control.err(), ingress.err(), worker.err()]))
            }
        }
    }

    fn of<R: Role>(&self) -> Result<R::Config, ConfigFaults> {
        let mut reader = Reader::new(&self.vars);
        let config = R::read(&mut reader);
        reader.finish().map(|()| config)
    }
}

/// All faults, each once: the roles share settings, and with them their faults.
fn merged(found: [Option<ConfigFaults>; 4]) -> ConfigFaults {
    let mut all: Vec<Fault> = Vec::new();
    for fault in found.iter().flatten().flat_map(ConfigFaults::as_slice) {
        if !all.contains(fault) {
            all.push(fault.clone());
        }
    }
    let mut merged = ConfigFaults::default();
    for Fault { name, found, wanted } in all {
        merged.add(name, found, wanted);
    }
    merged
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let secrets = Secrets { token: "t".repeat(44), sealing: STANDARD.encode([7; 32]) };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let listen = Listen { api: any, ingress: any };
        Environment::over(pairs, secrets, "nats://127.0.0.1:1", listen, Path::new("/data"))
    }

    #[test]
    fn every_role_starts_with_it_and_calls_receivers_here() {
        let Settings { worker, control, .. } = environment(&[]).read().unwrap();
        assert_eq!(worker.bus.urls, ["nats://127.0.0.1:1"]);
        assert_eq!(control.history.url.reveal(), "sqlite:/data/history.db");
        let here = std::net::IpAddr::from([127, 0, 0, 1]);
        assert!(worker.outbound.allow.iter().any(|network| network.contains(&here)));
    }

    #[test]
    fn the_environment_decides_all_but_addresses_and_secrets() {
        let environment = environment(&[
            ("POSTHASTE_WORKER_ATTEMPT_TIMEOUT_MS", "1000"),
            ("POSTHASTE_NATS_URLS", "nats://production:4222"),
        ]);
        let Settings { worker, .. } = environment.read().unwrap();
        assert_eq!(worker.attempt_timeout.as_millis(), 1_000);
        assert_eq!(worker.bus.urls, ["nats://127.0.0.1:1"]);
    }

    #[test]
    fn every_fault_is_told_once() {
        let environment = environment(&[
            ("POSTHASTE_WORKER_SLOTZ", "1"),
            ("POSTHASTE_NATS_REPLICAS", "2"),
            ("POSTHASTE_CONTROL_SETTLE_MS", "soon"),
        ]);
        let faults = environment.read().unwrap_err();
        let names: Vec<_> = faults.as_slice().iter().map(|fault| fault.name.as_str()).collect();
        let expected =
            ["POSTHASTE_WORKER_SLOTZ", "POSTHASTE_NATS_REPLICAS", "POSTHASTE_CONTROL_SETTLE_MS"];
        assert_eq!(names, expected);
    }
}
