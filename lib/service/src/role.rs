//! A process from its first line to its exit code.

use std::process::ExitCode;

use tracing::{error, info};

use crate::{
    Kit, ServiceConfig, Vars,
    admin::Admin,
    config::{ConfigFaults, Key, Reader},
    metrics, telemetry,
};

/// The sections of every role's settings. A role leaves those it reads nothing of to the others,
/// with which it may share one environment; a section that nobody has is a misspelling.
const SECTIONS: &[&str] = &[
    "admin", "auth", "control", "history", "ingress", "log", "nats", "outbound", "registry",
    "shutdown", "worker",
];

/// What a process does, once it has its shell: one of the parts that can also run side by side in
/// one process.
pub trait Role: Sized {
    /// The role's name in messages.
    const NAME: &'static str;
    /// What it is told.
    type Config;
    /// Why it does not start.
    type Error: std::error::Error + 'static;

    /// Every setting it reads, beside those of every process.
    fn keys() -> Vec<Key>;

    /// Reads its settings.
    fn read(reader: &mut Reader<'_>) -> Self::Config;

    /// Starts its tasks on `kit`; they stop with it.
    fn start(config: Self::Config, kit: &Kit) -> impl Future<Output = Result<Self, Self::Error>>;

    /// The last step, once its tasks have stopped.
    fn finish(self) -> impl Future<Output = ()>;
}

/// Runs a role as a process of its own, configured from the environment, until a signal.
///
/// Ends with 0 after an orderly stop, 1 where it did not start or lost a part, and 64
/// ([`EX_USAGE`](crate::config::EX_USAGE)) where it was told nonsense.
pub fn main<R: Role>(version: &str) -> ExitCode {
    let (service, config) = match configure::<R>() {
        Ok(configured) => configured,
        Err(faults) => {
            complain(&faults);
            return faults.exit_code();
        }
    };
    if let Err(error) = telemetry::init(&service.log) {
        complain(&error);
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(%error, "no runtime");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run::<R>(version, service, config))
}

fn configure<R: Role>() -> Result<(ServiceConfig, R::Config), ConfigFaults> {
    let vars = Vars::from_process()?;
    let mut reader = Reader::new(&vars);
    reader.check_known(&[crate::KEYS, &R::keys()], SECTIONS);
    let configured = (ServiceConfig::read(&mut reader), R::read(&mut reader));
    reader.finish()?;
    Ok(configured)
}

async fn run<R: Role>(version: &str, service: ServiceConfig, config: R::Config) -> ExitCode {
    let kit = Kit::new();
    let described = metrics::register_process(&kit.registry)
        .and_then(|()| metrics::build_info(&kit.registry, version, revision()));
    if let Err(error) = described {
        error!(%error, "no process metrics");
        return ExitCode::FAILURE;
    }
    let admin = match Admin::bind(&service.admin_listen, &kit).await {
        Ok(admin) => admin,
        Err(error) => {
            error!(error = &error as &dyn std::error::Error, "no admin port");
            return ExitCode::FAILURE;
        }
    };
    info!(role = R::NAME, version, admin = %admin.address(), "starting");
    // Probes and scrapes are answered to the very end.
    let answering = tokio::spawn(admin.serve(kit.stop.work.clone()));
    let role = tokio::select! {
        // The signal first: where it comes with the start's last step, nobody would hear it again.
        biased;
        signal = crate::stop::wait_for_signal() => {
            info!(?signal, "told to stop before the start was complete");
            return ExitCode::SUCCESS;
        }
        started = R::start(config, &kit) => match started {
            Ok(role) => role,
            Err(error) => {
                error!(role = R::NAME, error = &error as &dyn std::error::Error, "cannot start");
                return ExitCode::FAILURE;
            }
        },
    };
    let ended = kit.until_stopped(&service.shutdown).await;
    role.finish().await;
    kit.stop.work.cancel();
    if let Err(error) = answering.await {
        error!(%error, "the admin port was lost");
    }
    ended.exit_code()
}

/// The commit this was built from, where the build said so.
fn revision() -> &'static str {
    option_env!("POSTHASTE_REVISION").unwrap_or("unknown")
}

#[expect(clippy::print_stderr, reason = "there is no log before it is configured")]
fn complain(problem: &dyn std::fmt::Display) {
    eprintln!("{problem}");
}
