//! The processes of a measurement of recording: a broker, and control beside it.

use std::path::Path;

use posthaste_bus::{Authority, Bus, BusConfig};
use posthaste_service::{Reader, Vars};
use tempfile::TempDir;

use super::{Cpu, Ports, RoleProcess, command, environment, random_key};
use crate::{cmd::run::Role, failure::Failure, nats_server::NatsServer};

/// A broker to be filled, and then control, which records. Dropping it ends both and removes their
/// files.
pub(in crate::cmd::bench) struct Recording {
    // In the order in which they are dropped.
    control: Option<RoleProcess>,
    nats: NatsServer,
    home: TempDir,
    environment: Vec<(String, String)>,
    ports: Ports,
}

impl Recording {
    /// Starts a broker with room for `event_bytes` of events, and connects to it. Nothing records.
    ///
    /// # Errors
    /// Why there is no broker.
    pub(in crate::cmd::bench) async fn prepare(
        nats_binary: &Path,
        store: Option<&str>,
        event_bytes: u64,
    ) -> Result<(Self, Bus), Failure> {
        let home = tempfile::Builder::new().prefix("posthaste-bench-").tempdir()?;
        let nats = NatsServer::start(nats_binary, home.path(), 0).await?;
        let ports = Ports::free()?;
        let mut environment =
            environment(&nats.url(), home.path(), &random_key(), &ports, event_bytes);
        environment.extend(store.map(|url| ("POSTHASTE_HISTORY_URL".to_owned(), url.to_owned())));
        let vars = Vars::from_pairs(environment.clone());
        let mut reader = Reader::new(&vars);
        let config = BusConfig::read(&mut reader, "posthaste-bench");
        reader.finish().map_err(Failure::config)?;
        let bus = Bus::connect(config).await?;
        bus.ensure_topology(Authority::Owner).await?;
        Ok((Self { control: None, nats, home, environment, ports }, bus))
    }

    /// Starts control.
    ///
    /// # Errors
    /// Why it does not start, with the end of its log.
    pub(in crate::cmd::bench) async fn start(&mut self) -> Result<(), Failure> {
        let mut command = command(&std::env::current_exe()?);
        command.args(["run", Role::Control.as_str()]).envs(self.environment.clone());
        let Ports { control, control_admin, .. } = self.ports;
        let started =
            RoleProcess::start(Role::Control, command, self.home.path(), control, control_admin);
        self.control = Some(started.await?);
        Ok(())
    }

    /// What each process has used so far.
    pub(in crate::cmd::bench) fn cpu(&self) -> Cpu {
        Cpu::of([
            ("nats-server", self.nats.pid()),
            ("control", self.control.as_ref().and_then(RoleProcess::pid)),
        ])
    }
}
