//! The broker a test owns, gone when the test ends.

use std::{future::Future, time::Duration};

use async_nats::jetstream::{self, Context};
use posthaste_bus::{Authority, Bus, BusConfig, Claim, Intake, Source, StreamLimits};
use posthaste_testkit::{NatsServer, NatsSettings};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long anything may take that is to happen at all.
const SOON: Duration = Duration::from_secs(20);
/// How long nothing has to happen before we believe that nothing will.
const QUIET: Duration = Duration::from_millis(400);

/// A broker.
pub(crate) struct Bed {
    pub(crate) nats: NatsServer,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        Self { nats: NatsServer::start().await }
    }

    pub(crate) async fn start_with(settings: NatsSettings) -> Self {
        Self { nats: NatsServer::start_with(settings).await }
    }

    /// How a test is connected unless it says otherwise.
    pub(crate) fn config(&self) -> BusConfig {
        config(&self.nats.url())
    }

    /// A bus whose streams are made as `config` has them.
    pub(crate) async fn bus_with(&self, config: BusConfig) -> Bus {
        let bus = Bus::connect(config).await.unwrap();
        bus.ensure_topology(Authority::Owner).await.unwrap();
        bus
    }

    pub(crate) async fn bus(&self) -> Bus {
        self.bus_with(self.config()).await
    }

    /// A connection that knows nothing of the bus, to look at the broker from the side.
    pub(crate) async fn aside(&self) -> Context {
        jetstream::new(async_nats::connect(self.nats.url()).await.unwrap())
    }

    /// Freezes the server: its sockets stay open and nothing is read, until the value is dropped.
    pub(crate) fn freeze(&self) -> Frozen {
        let pid = self.pid();
        kill_process(pid, Signal::STOP).unwrap();
        // Its threads go on for a moment; it has stopped when the last of them has.
        waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT).unwrap();
        Frozen(pid)
    }

    /// Has the server read its configuration file anew.
    pub(crate) fn reload(&self) {
        kill_process(self.pid(), Signal::HUP).unwrap();
    }

    fn pid(&self) -> Pid {
        self.nats.pid().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).unwrap()
    }

    /// Ends a frozen server as a crash would, with whatever it was sent and had not read, and starts
    /// it again.
    pub(crate) async fn crash_frozen(&mut self, frozen: Frozen) {
        // It is gone when this is done with it, and its process id may be anybody's.
        std::mem::forget(frozen);
        self.crash().await;
    }

    /// Ends the server as a crash would and starts it again.
    pub(crate) async fn crash(&mut self) {
        self.nats.kill();
        self.nats.restart().await;
    }
}

/// A server that stands still, and goes on when this is dropped.
pub(crate) struct Frozen(Pid);

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

pub(crate) fn config(url: &str) -> BusConfig {
    let limits = |megabytes: u64| StreamLimits {
        max_age: Duration::from_secs(3_600),
        max_bytes: megabytes << 20,
    };
    BusConfig {
        urls: vec![url.to_owned()],
        credentials: None,
        root_certificates: None,
        name: "test".into(),
        replicas: 1,
        events: limits(64),
        attempts: limits(64),
        dead_letters: limits(64),
        idempotency_max_bytes: 4 << 20,
        sent_max_bytes: 4 << 20,
        dedup_window: Duration::from_secs(120),
        ack_wait: Duration::from_secs(30),
        max_ack_pending: 1_000,
        publish_timeout: Duration::from_millis(500),
        publish_budget: Duration::from_secs(5),
        connect_budget: Duration::from_secs(5),
    }
}

pub(crate) async fn intake(bus: &Bus, source: Source, slots: u32) -> Intake {
    Intake::open(bus, source, slots).await.unwrap()
}

/// The next claim of an intake.
pub(crate) async fn claim(intake: &mut Intake) -> Claim {
    soon("a claim", intake.next(&CancellationToken::new())).await.unwrap()
}

pub(crate) async fn claims(intake: &mut Intake, count: usize) -> Vec<Claim> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        all.push(claim(intake).await);
    }
    all
}

/// Makes sure that an intake has nothing to give.
pub(crate) async fn nothing_from(intake: &mut Intake) {
    if let Ok(claim) = timeout(QUIET, intake.next(&CancellationToken::new())).await {
        panic!("an unexpected claim of message {:?}", claim.map(|claim| claim.seq()));
    }
}

/// Waits for `event`, and panics where it does not come.
pub(crate) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    within(SOON, what, event).await
}

pub(crate) async fn within<T>(limit: Duration, what: &str, event: impl Future<Output = T>) -> T {
    timeout(limit, event).await.unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// Waits until `holds`, asking again and again; for what no event tells.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    soon(what, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// How many messages a stream holds.
pub(crate) async fn held(aside: &Context, stream: &str) -> u64 {
    aside.get_stream(stream).await.unwrap().cached_info().state.messages
}
