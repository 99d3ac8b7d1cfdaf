//! The three roles in one process.

use std::pin::pin;

use axum::Router;
use posthaste_control::{Control, ControlError};
use posthaste_ingress::{Ingress, IngressError};
use posthaste_service::{
    Kit, ShutdownConfig, admin,
    kit::{Cause, Ended},
    metrics,
    role::Role,
};
use posthaste_worker::{Worker, WorkerError};
use tokio::{join, select};
use tokio_util::sync::CancellationToken;

use super::environment::Settings;

/// Why the roles do not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum StackError {
    #[error("control does not start")]
    Control(#[from] ControlError),
    #[error("ingress does not start")]
    Ingress(#[from] IngressError),
    #[error("the worker does not start")]
    Worker(#[from] WorkerError),
}

/// A kit for each role: they have metrics of the same names, and each is ready by itself.
#[derive(Debug)]
pub(super) struct Kits {
    control: Kit,
    ingress: Kit,
    worker: Kit,
}

/// The running roles; they stop with their kits.
pub(super) struct Stack {
    control: Control,
    ingress: Ingress,
    worker: Worker,
}

impl Kits {
    /// Three kits with what every process measures.
    ///
    /// # Errors
    /// Where the metrics' names are refused.
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self { control: kit()?, ingress: kit()?, worker: kit()? })
    }

    /// Probes and scrapes of each role, under its name.
    pub(super) fn admin_router(&self) -> Router {
        let of = |kit: &Kit| admin::router(kit.readiness.clone(), kit.registry.clone());
        Router::new()
            .nest("/control", of(&self.control))
            .nest("/ingress", of(&self.ingress))
            .nest("/worker", of(&self.worker))
    }

    /// Waits until `told`, or until any of them is to stop, and stops all; whether all were whole
    /// to the end.
    pub(super) async fn until_stopped(
        &self,
        config: &ShutdownConfig,
        told: &CancellationToken,
    ) -> bool {
        let one = async |kit: &Kit| {
            let ended = kit.until_stopped(config).await;
            self.ask_all();
            ended
        };
        let all = async { join!(one(&self.control), one(&self.ingress), one(&self.worker)) };
        let mut all = pin!(all);
        let (control, ingress, worker) = select! {
            ended = all.as_mut() => ended,
            () = told.cancelled() => {
                self.ask_all();
                all.await
            }
        };
        let whole = |ended: Ended| !matches!(ended.cause, Cause::TaskLost(_));
        [control, ingress, worker].into_iter().all(whole)
    }

    /// Stops all: work in flight is finished.
    pub(super) async fn shut_down(&self, config: &ShutdownConfig) {
        join!(
            self.control.shut_down(config),
            self.ingress.shut_down(config),
            self.worker.shut_down(config)
        );
    }

    /// Stops all at once: work in flight is handed back.
    pub(super) async fn cut(&self, config: &ShutdownConfig) {
        for kit in [&self.control, &self.ingress, &self.worker] {
            kit.stop.work.cancel();
        }
        self.shut_down(config).await;
    }

    fn ask_all(&self) {
        for kit in [&self.control, &self.ingress, &self.worker] {
            kit.stop.intake.cancel();
        }
    }
}

impl Stack {
    /// Starts control first, for it decides how large streams are.
    ///
    /// # Errors
    /// [`StackError`]; what has started then stops with its kit.
    pub(super) async fn start(settings: Settings, kits: &Kits) -> Result<Self, StackError> {
        let Settings { control, ingress, worker, .. } = settings;
        Ok(Self {
            control: <Control as Role>::start(control, &kits.control).await?,
            ingress: <Ingress as Role>::start(ingress, &kits.ingress).await?,
            worker: <Worker as Role>::start(worker, &kits.worker).await?,
        })
    }

    /// Where the whole API is answered.
    pub(super) fn api_url(&self) -> String {
        format!("http://{}", self.control.address())
    }

    /// Where messages alone are accepted.
    pub(super) fn ingress_url(&self) -> String {
        format!("http://{}", self.ingress.address())
    }

    /// The last step, once the kits have stopped.
    pub(super) async fn finish(self) {
        join!(self.control.finish(), self.ingress.finish(), self.worker.finish());
    }
}

fn kit() -> Result<Kit, prometheus::Error> {
    let kit = Kit::new();
    metrics::register_process(&kit.registry)?;
    metrics::build_info(&kit.registry, env!("CARGO_PKG_VERSION"), "development")?;
    Ok(kit)
}
