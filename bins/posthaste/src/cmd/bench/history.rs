//! `posthaste bench history`: how fast history answers once it holds much.
//!
//! A past is made up, the same every time, and written; then every list is asked for with every
//! filter by itself, its first page and one far behind, and each answer is timed. How the store
//! finds each is asked too: none may read a whole table.

mod past;
mod questions;

use std::time::Duration;

use posthaste_history::{History, HistoryError, Plans, open, open_explaining};
use posthaste_service::stop::wait_for_signal;
use serde::Serialize;
use tokio::{select, time::Instant};

use self::{past::Past, questions::Question};
use super::{BenchError, quantiles::Quantiles};
use crate::{
    failure::{Failure, Outcome},
    output::{complain, say},
};

/// How many rows are written at once, as the recorder does.
const BATCH: u32 = 2_000;

fn count(range: impl std::ops::RangeBounds<i64>) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(range)
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write history, as in POSTHASTE_HISTORY_URL; it must be empty [default: SQLite in a
    /// temporary folder]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How many messages the past has; every fifth is attempted twice
    #[arg(long, default_value_t = 1_000_000, value_parser = count(10_000..=50_000_000))]
    messages: u32,
    /// Which page is asked for beside the first, of 50 items each
    #[arg(long, default_value_t = 1_000, value_parser = count(2..=100_000))]
    page: u32,
    /// How often each question is asked
    #[arg(long, default_value_t = 31, value_parser = count(3..=10_000))]
    rounds: u32,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// A question and how long its answers took.
#[derive(Debug, Serialize)]
struct Timed {
    list: &'static str,
    filter: &'static str,
    page: u32,
    items: usize,
    micros: Quantiles,
    full_scans: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    messages: u32,
    attempts: u64,
    rows_per_second: f64,
    questions: Vec<Timed>,
}

pub(super) async fn run(args: Args) -> Outcome {
    let report = select! {
        biased;
        _ = wait_for_signal() => Err(Failure::from(BenchError::Interrupted)),
        measured = measure(&args) => measured.map_err(Failure::from),
    }?;
    if args.json {
        say!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

async fn measure(args: &Args) -> Result<Report, HistoryError> {
    let unavailable = |error: std::io::Error| HistoryError::Unavailable(Box::new(error));
    let folder = tempfile::tempdir().map_err(unavailable)?;
    let in_folder = || format!("sqlite:{}", folder.path().join("history.db").display());
    let url = args.store.clone().unwrap_or_else(in_folder);
    let history = open(&url).await?;
    let mut past = Past::new();
    let began = Instant::now();
    let (mut written, mut rows, mut attempts) = (0, 0, 0);
    while written < args.messages {
        let batch = past.next(BATCH.min(args.messages - written));
        written += u32::try_from(batch.events.len()).unwrap_or(u32::MAX);
        rows += batch.len();
        attempts += batch.attempts.len() as u64;
        history.record(&batch).await?;
        if written.is_multiple_of(100_000) {
            complain!("{written} messages written in {:?}", began.elapsed());
        }
    }
    let rows_per_second = rows as f64 / began.elapsed().as_secs_f64();
    let (explaining, plans) = open_explaining(&url).await?;
    let mut asked = Vec::new();
    for question in questions::all(&past) {
        for page in [1, args.page] {
            asked.push(time(&history, &explaining, &plans, &question, page, args.rounds).await?);
        }
    }
    Ok(Report { messages: written, attempts, rows_per_second, questions: asked })
}

async fn time(
    history: &History,
    explaining: &History,
    plans: &Plans,
    question: &Question,
    page: u32,
    rounds: u32,
) -> Result<Timed, HistoryError> {
    let cursor = question.cursor_of(history, page).await?;
    let _ = plans.take();
    let items = question.ask(explaining, &cursor).await?;
    let full_scans = plans.take().into_iter().filter(|line| Plans::is_full_scan(line)).collect();
    let mut micros = Vec::with_capacity(rounds as usize);
    for _ in 0..rounds {
        let began = Instant::now();
        question.ask(history, &cursor).await?;
        micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    let micros = Quantiles::of(micros);
    Ok(Timed { list: question.list, filter: question.filter, page, items, micros, full_scans })
}

fn print(report: &Report) {
    let Report { messages, attempts, rows_per_second, questions } = report;
    say!("{messages} messages, {attempts} attempts; {rows_per_second:.0} rows/s written");
    say!("{:<26}{:<14}{:>6}{:>7}{:>10}{:>10}", "list", "filter", "page", "items", "p50", "p99");
    for one in questions {
        let millis = |micros: u32| format!("{:?}", Duration::from_micros(micros.into()));
        say!(
            "{:<26}{:<14}{:>6}{:>7}{:>10}{:>10}{}",
            one.list,
            one.filter,
            one.page,
            one.items,
            millis(one.micros.p50),
            millis(one.micros.p99),
            if one.full_scans.is_empty() { "" } else { "  reads a whole table" },
        );
    }
}
