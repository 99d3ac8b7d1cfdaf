//! `posthaste bench`: how much of a load this machine carries, and what that costs.
//!
//! Read in this order: `processes` starts the broker, the roles and the receiver, each as a process
//! of its own, so that what each costs can be told apart; `payload` is the message; `generator`
//! sends it, over and over; `receiver` counts what arrives; `report` says what it came to.
//! `recorder` and `history` measure one part by itself: how fast history is written, and how fast it
//! answers.
//!
//! # Invariants
//! - The loop is closed: each sender waits for its 202 before it sends again, so the rate is what
//!   the system takes, not what it is offered.
//! - A message counts as lost unless the receiver has it, whatever any part claims.
//! - Whatever way it ends, but by SIGKILL, nothing is left running and no file is left behind.

mod generator;
mod history;
mod payload;
mod processes;
mod quantiles;
mod receiver;
mod recorder;
mod report;

use std::{path::PathBuf, time::Duration};

use http::Method;
use posthaste_service::stop::wait_for_signal;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    select,
    time::{Instant, sleep},
};

pub(crate) use self::receiver::{ReceiverArgs, receive};
use self::{generator::Load, payload::Payload, processes::Fleet, receiver::Stats, report::Report};
use crate::{
    api_client::{ApiClient, ApiError},
    failure::{Failure, Outcome},
    nats_server,
    output::{complain, say},
};

/// How long nothing may arrive before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at what has arrived. The receiver notes the times, so this costs precision
/// nowhere.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The most deliveries that the receiver keeps count of, at 4 bytes each.
const DELIVERIES_MAX: u64 = 50_000_000;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    whole: Args,
}

/// What can be measured by itself, instead of the whole way of a message.
#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Measure how fast history is written from a backlog
    Recorder(recorder::Args),
    /// Measure how fast history answers once it holds much
    History(history::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many messages to send
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,
    /// Bytes of each payload
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(Payload::MIN..=900_000))]
    payload_bytes: u32,
    /// How many senders wait for their answers at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    concurrency: u32,
    /// How many endpoints want each message
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    endpoints: u32,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// The nats-server to run [default: the one in the PATH]
    #[arg(long, value_name = "PATH", env = "NATS_SERVER")]
    nats_server: Option<PathBuf>,
}

/// Why a measurement says nothing, or nothing good.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error("{0} deliveries are more than can be counted ({DELIVERIES_MAX})")]
    TooMany(u64),
    #[error("told to stop")]
    Interrupted,
    #[error("{lost} of {expected} deliveries were lost")]
    Lost { lost: u64, expected: u64 },
    #[error("{failed} messages were not accepted; the first: {first}")]
    NotAccepted { failed: u64, first: String },
}

pub(crate) async fn run(args: BenchArgs) -> Outcome {
    match args.part {
        None => whole(args.whole).await,
        Some(Part::Recorder(args)) => recorder::run(args).await,
        Some(Part::History(args)) => history::run(args).await,
    }
}

async fn whole(args: Args) -> Outcome {
    let deliveries = u64::from(args.messages) * u64::from(args.endpoints);
    if deliveries > DELIVERIES_MAX {
        return Err(BenchError::TooMany(deliveries).into());
    }
    let binary = nats_server::find(args.nats_server.as_deref())?;
    let measured = select! {
        biased;
        // Dropping the other branch ends every process it has started.
        _ = wait_for_signal() => Err(BenchError::Interrupted.into()),
        measured = measure(&args, &binary) => measured,
    };
    let report = measured?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        say!("{report}");
    }
    verdict(&report)
}

async fn measure(args: &Args, binary: &std::path::Path) -> Result<Report, Failure> {
    let deliveries = u64::from(args.messages) * u64::from(args.endpoints);
    let fleet = Fleet::start(binary, args).await?;
    let app = set_up(&fleet, args.endpoints).await?;
    if !args.json {
        complain!("sending {} messages of {} bytes", args.messages, args.payload_bytes);
    }
    let receiver = fleet.receiver_api()?;
    let load = Load {
        target: fleet.ingress(),
        path: format!("/api/v1/app/{app}/msg?with_content=false"),
        token: fleet.token(),
        messages: args.messages,
        concurrency: args.concurrency,
        payload: Payload::new(args.payload_bytes),
    };
    let before = fleet.cpu();
    let (sent, stats) = tokio::join!(load.run(), all_received(&receiver, deliveries));
    let used = fleet.cpu().since(&before);
    let latency = ask(&receiver, receiver::LATENCY).await?;
    Ok(Report::new(args, sent?, stats?, latency, used))
}

/// Makes an application whose endpoints are all at the receiver, and returns its id.
async fn set_up(fleet: &Fleet, endpoints: u32) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    let api = fleet.control_api()?;
    let post = async |path: &str, body: Value| -> Result<Made, Failure> {
        let body = body.to_string().into_bytes();
        let answer = api.call(Method::POST, &format!("/api/v1{path}"), Some(body)).await?;
        Ok(serde_json::from_slice(&answer)?)
    };
    let app = post("/app", json!({ "name": "bench" })).await?;
    for number in 0..endpoints {
        let url = format!("{}/{number}", fleet.receiver_url());
        post(&format!("/app/{}/endpoint", app.id), json!({ "url": url })).await?;
    }
    Ok(app.id)
}

/// Waits until everything has been received, or nothing more comes.
async fn all_received(receiver: &ApiClient, deliveries: u64) -> Result<Stats, Failure> {
    let mut progress = (0, Instant::now());
    loop {
        let stats: Stats = ask(receiver, receiver::STATS).await?;
        if stats.distinct > progress.0 {
            progress = (stats.distinct, Instant::now());
        }
        if stats.distinct >= deliveries || progress.1.elapsed() > PATIENCE {
            return Ok(stats);
        }
        sleep(LOOK_AGAIN).await;
    }
}

async fn ask<T: DeserializeOwned>(receiver: &ApiClient, path: &str) -> Result<T, ApiError> {
    Ok(serde_json::from_slice(&receiver.call(Method::GET, path, None).await?)?)
}

fn verdict(report: &Report) -> Outcome {
    if let Some(first) = &report.first_failure {
        let (failed, first) = (report.not_accepted, first.clone());
        return Err(BenchError::NotAccepted { failed, first }.into());
    }
    if report.lost > 0 {
        return Err(BenchError::Lost { lost: report.lost, expected: report.deliveries }.into());
    }
    Ok(())
}
