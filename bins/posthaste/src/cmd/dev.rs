//! `posthaste dev`: everything on this machine in one process, beside a nats-server it starts.
//!
//! Read in this order: `data` is the folder that outlives it; `environment` is what the roles are
//! told; `stack` runs them; `demo` sends one message through all of it, and proves that it came.
//!
//! # Invariants
//! - Whatever way it ends, but by SIGKILL, nothing is left running.
//! - Nothing listens anywhere but on 127.0.0.1, unless it is told to.
//! - No secret is a constant: each data folder has its own.

mod data;
mod demo;
mod environment;
mod session;
mod stack;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use posthaste_api::{Signer, TokenSecret};
use posthaste_domain::{OrgId, Timestamp};
use posthaste_service::{clock, listener, stop::wait_for_signal, telemetry};
use tokio::{select, time::timeout};
use tokio_util::sync::CancellationToken;

use self::{
    data::DataDir,
    demo::Demo,
    environment::{Environment, Listen, Settings},
    session::Session,
    stack::{Kits, Stack},
};
use super::token::DEFAULT_ORG;
use crate::{
    api_client::ApiClient,
    failure::{Failure, Outcome},
    nats_server::{self, NatsServer},
    output::say,
};

/// How long start and demo may take with `--once`.
const ONCE_WITHIN: Duration = Duration::from_secs(60);
/// How long the token lives that is printed.
const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End once the demo has been delivered and verified; ports and data are then temporary,
    /// unless they are named
    #[arg(long)]
    once: bool,
    /// Send a sample message through everything at the start (the default)
    #[arg(long, overrides_with = "no_demo")]
    demo: bool,
    /// Start without sending anything
    #[arg(long, conflicts_with = "once")]
    no_demo: bool,
    /// Where to keep data and secrets [default: .posthaste; with --once a temporary folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The nats-server to run [default: the one in the PATH]
    #[arg(long, value_name = "PATH", env = "NATS_SERVER")]
    nats_server: Option<PathBuf>,
    /// The port of the broker on 127.0.0.1; 0 lets it choose [default: 4222]
    #[arg(long, value_name = "PORT")]
    nats_port: Option<u16>,
    /// Where the API is answered [default: 127.0.0.1:8071]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where ingress accepts messages by itself [default: 127.0.0.1:8072]
    #[arg(long, value_name = "ADDR")]
    ingress_listen: Option<SocketAddr>,
    /// Where probes and scrapes are answered [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<SocketAddr>,
}

/// Why a session ended otherwise than it should have.
#[derive(Debug, thiserror::Error)]
enum DevError {
    #[error("told to stop before the demo was through")]
    Interrupted,
    #[error("the demo was not through within {ONCE_WITHIN:?}")]
    TooSlow,
    #[error("nats-server has ended ({0}); its log is nats.log in the data folder")]
    BrokerLost(std::process::ExitStatus),
    #[error("a part of the process was lost; its log says which")]
    PartLost,
}

pub(crate) async fn run(args: Args) -> Outcome {
    // From here on a signal is an event to act on, not the end.
    let told = CancellationToken::new();
    let tell = told.clone();
    tokio::spawn(async move {
        wait_for_signal().await;
        say!("\nStopping.");
        tell.cancel();
    });
    let binary = nats_server::find(args.nats_server.as_deref())?;
    let data = DataDir::open(args.data.clone(), args.once)?;
    let port = args.nats_port.unwrap_or(if args.once { 0 } else { 4222 });
    let mut nats = select! {
        started = NatsServer::start(&binary, data.path(), port) => started?,
        () = told.cancelled() => return interrupted(&args),
    };
    let outcome = with_broker(&args, &data, &mut nats, &told).await;
    nats.stop().await;
    outcome
}

async fn with_broker(
    args: &Args,
    data: &DataDir,
    nats: &mut NatsServer,
    told: &CancellationToken,
) -> Outcome {
    let environment = Environment::new(data.secrets()?, &nats.url(), args.listen(), data.path());
    let settings = environment.read().map_err(Failure::config)?;
    let shell = settings.shell.clone();
    telemetry::init(&shell.log)?;
    let kits = Kits::new()?;
    let served = CancellationToken::new();
    let _end_with_us = served.clone().drop_guard();
    let admin = listener::bind(&args.admin_listen().to_string()).await?;
    let admin_address = admin.local_addr()?;
    tokio::spawn(listener::serve(admin, kits.admin_router(), served.clone()));

    let starting = start(args, data, settings, &kits, &served);
    let session = select! {
        session = timeout(if args.once { ONCE_WITHIN } else { Duration::MAX }, starting) => {
            session.unwrap_or_else(|_| Err(DevError::TooSlow.into())).map(Some)
        }
        () = told.cancelled() => Ok(None),
        Ok(status) = nats.ended() => Err(DevError::BrokerLost(status).into()),
    };
    let mut session = match session {
        Ok(Some(session)) => session,
        ended => {
            kits.cut(&shell.shutdown).await;
            return ended.and_then(|_| interrupted(args));
        }
    };
    session.introduce(&nats.url(), admin_address, data.path());
    if args.once {
        say!("\nDelivered and verified; stopping.");
        kits.shut_down(&shell.shutdown).await;
        session.stack.finish().await;
        return Ok(());
    }
    session.invite();
    let whole = select! {
        whole = kits.until_stopped(&shell.shutdown, told) => {
            whole.then_some(()).ok_or_else(|| DevError::PartLost.into())
        }
        Ok(status) = nats.ended() => {
            kits.cut(&shell.shutdown).await;
            Err(DevError::BrokerLost(status).into())
        }
        () = session.watch() => Ok(()),
    };
    session.stack.finish().await;
    whole
}

/// Being stopped is how a session ends, unless it was to prove something first.
fn interrupted(args: &Args) -> Outcome {
    if args.once { Err(DevError::Interrupted.into()) } else { Ok(()) }
}

async fn start(
    args: &Args,
    data: &DataDir,
    settings: Settings,
    kits: &Kits,
    served: &CancellationToken,
) -> Result<Session, Failure> {
    let stack = Stack::start(settings, kits).await?;
    let signer = Signer::new(&TokenSecret::new(data.secrets()?.token.as_str())?);
    let org: OrgId = DEFAULT_ORG.parse()?;
    let token = signer.organisation_token(&org, Timestamp::from(clock::now()), TOKEN_LIFETIME);
    let demo = if args.no_demo {
        None
    } else {
        let client = ApiClient::try_new(&stack.api_url(), token.clone())?;
        let mut demo = Demo::prepare(client, served.clone()).await?;
        demo.send_and_see().await?;
        Some(demo)
    };
    Ok(Session { stack, demo, token })
}

impl Args {
    fn listen(&self) -> Listen {
        Listen {
            api: self.listen.unwrap_or_else(|| self.local(8071)),
            ingress: self.ingress_listen.unwrap_or_else(|| self.local(8072)),
        }
    }

    fn admin_listen(&self) -> SocketAddr {
        self.admin_listen.unwrap_or_else(|| self.local(9464))
    }

    /// With `--once` any port will do, so that it gets along with whatever else is running.
    fn local(&self, port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], if self.once { 0 } else { port }))
    }
}
