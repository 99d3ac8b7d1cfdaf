//! The world a test owns: a broker and the roles, all its own, all gone when it ends.

use std::time::{Duration, SystemTime};

use posthaste_api::{Signer, TokenSecret};
use posthaste_bus::{Authority, Bus, BusConfig};
use posthaste_control::Control;
use posthaste_domain::{OrgId, Timestamp};
use posthaste_ingress::Ingress;
use posthaste_service::{Kit, Reader, ShutdownConfig, Vars, role::Role, stop::Stopped};
use posthaste_testkit::NatsServer;
use posthaste_worker::Worker;
use tempfile::TempDir;

/// A key that seals nothing but test secrets.
pub(crate) const SEAL_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// A secret that signs nothing but test tokens.
pub(crate) const TOKEN_SECRET: &str = "test-secret-test-secret-test-secret";

/// A broker, and whatever roles a test starts beside it.
pub(crate) struct Bed {
    pub(crate) nats: NatsServer,
    settings: Vec<(String, String)>,
    /// Where control keeps history, unless it is told otherwise.
    _history: TempDir,
}

/// A role running in this process.
pub(crate) struct Running<R> {
    pub(crate) role: R,
    pub(crate) kit: Kit,
}

impl Bed {
    /// A bed whose broker runs and is empty; `settings` are environment names and values for every
    /// role.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let nats = NatsServer::start().await;
        let history = tempfile::Builder::new().prefix("posthaste-history-").tempdir().unwrap();
        let history_url = format!("sqlite:{}", history.path().join("history.db").display());
        let fixed = [
            ("POSTHASTE_NATS_URLS", nats.url()),
            ("POSTHASTE_NATS_EVENTS_MAX_BYTES", (256 << 20).to_string()),
            ("POSTHASTE_NATS_ATTEMPTS_MAX_BYTES", (256 << 20).to_string()),
            ("POSTHASTE_NATS_DEAD_LETTERS_MAX_BYTES", (64 << 20).to_string()),
            ("POSTHASTE_AUTH_TOKEN_SECRET", TOKEN_SECRET.to_owned()),
            ("POSTHASTE_REGISTRY_SEAL_KEYS", SEAL_KEY.to_owned()),
            ("POSTHASTE_INGRESS_LISTEN", "127.0.0.1:0".to_owned()),
            ("POSTHASTE_CONTROL_LISTEN", "127.0.0.1:0".to_owned()),
            ("POSTHASTE_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("POSTHASTE_OUTBOUND_ALLOW", "127.0.0.0/8".to_owned()),
            ("POSTHASTE_WORKER_RETRY_JITTER", "0".to_owned()),
            ("POSTHASTE_HISTORY_URL", history_url),
        ];
        let mut all: Vec<_> = fixed.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        for (name, value) in settings {
            all.retain(|(existing, _)| existing != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        Self { nats, settings: all, _history: history }
    }

    /// Every setting, as the environment of a process.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    /// Starts a role in this process.
    pub(crate) async fn role<R: Role>(&self) -> Running<R> {
        self.role_with(&[]).await
    }

    /// Starts a role in this process that was told something else than the others.
    pub(crate) async fn role_with<R: Role>(&self, other: &[(&str, &str)]) -> Running<R> {
        let kit = Kit::new();
        let mut settings = self.settings.clone();
        for (name, value) in other {
            settings.retain(|(existing, _)| existing != name);
            settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        let vars = Vars::from_pairs(settings);
        let mut reader = Reader::new(&vars);
        let config = R::read(&mut reader);
        reader.finish().unwrap_or_else(|faults| panic!("{faults}"));
        let role = R::start(config, &kit).await.unwrap_or_else(|error| panic!("{error}"));
        Running { role, kit }
    }

    pub(crate) async fn control(&self) -> Running<Control> {
        self.role().await
    }

    pub(crate) async fn ingress(&self) -> Running<Ingress> {
        self.role().await
    }

    pub(crate) async fn worker(&self) -> Running<Worker> {
        self.role().await
    }

    /// A connection of the test's own to the broker.
    pub(crate) async fn bus(&self) -> Bus {
        let vars = Vars::from_pairs(self.settings.iter().cloned());
        let mut reader = Reader::new(&vars);
        let config = BusConfig::read(&mut reader, "test");
        let bus = Bus::connect(config).await.unwrap();
        bus.ensure_topology(Authority::Guest).await.unwrap();
        bus
    }
}

/// The organisation of every test.
pub(crate) fn org() -> OrgId {
    "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap()
}

/// A token of the organisation.
pub(crate) fn token() -> String {
    signer().organisation_token(&org(), now(), Duration::from_secs(3_600))
}

pub(crate) fn signer() -> Signer {
    Signer::new(&TokenSecret::new(TOKEN_SECRET).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a test's clock is the real one")]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

impl<R: Role> Running<R> {
    /// Stops the role as SIGTERM would, with this much time to drain.
    pub(crate) async fn stop(self, drain: Duration) -> Stopped {
        let stopped = self.kit.shut_down(&ShutdownConfig { drain, delay: Duration::ZERO }).await;
        self.role.finish().await;
        stopped
    }
}

/// Waits until `holds`, asking again and again; for what no event tells.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let asked = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let bound = Duration::from_secs(60);
    tokio::time::timeout(bound, asked)
        .await
        .unwrap_or_else(|_| panic!("not within {bound:?}: {what}"));
}
