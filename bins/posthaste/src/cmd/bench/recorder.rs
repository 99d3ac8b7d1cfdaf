//! `posthaste bench recorder`: how fast history is written.
//!
//! The streams are filled with a backlog of messages and one attempt at each, as if nobody had
//! recorded for a while; then control is started, and more keeps coming. It has caught up when what
//! is left came within the last quarter of a second, and has kept up if little more is left a while
//! later, and nothing once nothing more comes.

mod load;
mod report;

use std::{path::PathBuf, time::Duration};

use posthaste_bus::{Bus, FeedProgress};
use posthaste_service::stop::wait_for_signal;
use tokio::{
    select,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use self::{
    load::Load,
    report::{Measured, Report},
};
use super::{BenchError, processes::Recording};
use crate::{
    failure::{Failure, Outcome},
    nats_server,
    output::{complain, say},
};

/// Between two looks at how far recording has come.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long nothing may be recorded at the start.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long catching up may take.
const CATCH_UP: Duration = Duration::from_secs(1_800);
/// What a message and its attempts take in the stream beside the payload, at most.
const MESSAGE_OVERHEAD: u64 = 2_048;
/// For how long more keeps coming once it has caught up.
const KEEP_UP: Duration = Duration::from_secs(5);

/// A count within a range, as clap reads it.
fn count(range: impl std::ops::RangeBounds<i64>) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(range)
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write history, as in POSTHASTE_HISTORY_URL [default: SQLite in a temporary folder]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How many messages wait to be recorded, each with an attempt
    #[arg(long, default_value_t = 100_000, value_parser = count(1..=5_000_000))]
    backlog: u32,
    /// How many messages a second keep coming meanwhile, each with an attempt
    #[arg(long, default_value_t = 1_000, value_parser = count(..=100_000))]
    rate: u32,
    /// Bytes of each payload
    #[arg(long, default_value_t = 1_000, value_parser = count(16..=900_000))]
    payload_bytes: u32,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// The nats-server to run [default: the one in the PATH]
    #[arg(long, value_name = "PATH", env = "NATS_SERVER")]
    nats_server: Option<PathBuf>,
}

/// Why recording was not measured.
#[derive(Debug, thiserror::Error)]
enum RecorderError {
    #[error("nothing was recorded for {PATIENCE:?}")]
    NotBegun,
    #[error("recording had not caught up after {CATCH_UP:?}: {0} messages are left")]
    Behind(u64),
}

pub(super) async fn run(args: Args) -> Outcome {
    let binary = nats_server::find(args.nats_server.as_deref())?;
    let report = select! {
        biased;
        // Dropping the other branch ends every process it has started.
        _ = wait_for_signal() => Err(BenchError::Interrupted.into()),
        measured = measure(&args, &binary) => measured,
    }?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        say!("{report}");
    }
    Ok(())
}

async fn measure(args: &Args, binary: &std::path::Path) -> Result<Report, Failure> {
    let told = |what: String| {
        if !args.json {
            complain!("{what}");
        }
    };
    let bytes = u64::from(args.backlog) * 2 * (u64::from(args.payload_bytes) + MESSAGE_OVERHEAD);
    let (mut recording, bus) = Recording::prepare(binary, args.store.as_deref(), bytes).await?;
    let load = Load::new(bus.clone(), args.payload_bytes)?;
    told(format!("storing {} messages and their attempts", args.backlog));
    load.store(args.backlog).await?;
    let mut before = recording.cpu();
    before.seconds.insert("control", 0.0);

    told(format!("recording them, while {} a second keep coming", args.rate));
    let (started, began) = tokio::join!(recording.start(), begun(&bus));
    started?;
    let began = began?;
    let enough = CancellationToken::new();
    let watched = async {
        until_left(&bus, u64::from(args.rate / 4)).await?;
        let caught_up_in = began.elapsed();
        let rows_by_then = 2 * load.stored();
        let lag_max = most_left_during(&bus, KEEP_UP).await?;
        enough.cancel();
        Ok((caught_up_in, rows_by_then, lag_max))
    };
    let ((caught_up_in, rows_by_then, lag_max), ()) =
        tokio::try_join!(watched, load.keep_coming(args.rate, &enough))?;
    until_left(&bus, 0).await?;
    let measured = Measured {
        caught_up_in,
        rows_by_then,
        recorded_in: began.elapsed(),
        rows: 2 * load.stored(),
        lag_max,
        lag_final: left(&bus).await?,
        cpu: recording.cpu().since(&before),
    };
    Ok(Report::new(args, measured))
}

/// When the first message was read.
async fn begun(bus: &Bus) -> Result<Instant, Failure> {
    let begun = async {
        loop {
            let progress = bus.feed_progress().await?;
            if progress.iter().any(|feed| feed.floor + feed.unacked > 0) {
                return Ok(Instant::now());
            }
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(PATIENCE, begun).await.map_err(|_| RecorderError::NotBegun)?
}

/// Waits until so many messages or fewer are not recorded.
async fn until_left(bus: &Bus, at_most: u64) -> Result<(), Failure> {
    let caught_up = async {
        while left(bus).await? > at_most {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    };
    match timeout(CATCH_UP, caught_up).await {
        Ok(caught_up) => caught_up,
        Err(_) => Err(RecorderError::Behind(left(bus).await?).into()),
    }
}

/// The most messages that were seen not to be recorded meanwhile.
async fn most_left_during(bus: &Bus, time: Duration) -> Result<u64, Failure> {
    let until = Instant::now() + time;
    let mut most = 0;
    while Instant::now() < until {
        most = left(bus).await?.max(most);
        sleep(LOOK_AGAIN).await;
    }
    Ok(most)
}

/// Messages of all streams that are not recorded.
async fn left(bus: &Bus) -> Result<u64, Failure> {
    Ok(bus.feed_progress().await?.iter().map(FeedProgress::pending).sum())
}
