//! `posthaste dead`: lists, shows, redrives and discards dead letters, on the broker directly.

mod text;

use std::{num::NonZeroU64, time::Duration};

use clap::Subcommand;
use posthaste_bus::{Bus, BusConfig, PublishError, ReadError, dead_letters::StoredDeadLetter};
use posthaste_domain::{AppId, EndpointId};
use serde_json::{Value, json, value::RawValue};

use crate::{
    failure::Outcome,
    output::{complain, say},
    settings,
};

/// How long a person waits for the broker before hearing that it does not answer.
const CONNECT_BUDGET: Duration = Duration::from_secs(5);
/// How many letters are held at once.
const PAGE: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List dead letters, oldest first
    List {
        #[command(flatten)]
        of: Filter,
        /// The number to begin with
        #[arg(long, value_name = "SEQ", default_value = "1")]
        from: NonZeroU64,
        /// How many to list
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Print one JSON object for each
        #[arg(long)]
        json: bool,
    },
    /// Show one: why it was given up, every attempt, and the payload
    Show {
        /// Its number in the list
        seq: NonZeroU64,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Send again, to the endpoint that did not take it, with a new run of the schedule
    Redrive {
        /// Their numbers in the list
        #[arg(value_name = "SEQ", required_unless_present = "all")]
        seqs: Vec<NonZeroU64>,
        /// All of them, or those of --app and --endpoint
        #[arg(long, conflicts_with = "seqs")]
        all: bool,
        #[command(flatten)]
        of: Filter,
    },
    /// Remove without sending again
    Discard {
        /// Their numbers in the list
        #[arg(value_name = "SEQ", required = true)]
        seqs: Vec<NonZeroU64>,
    },
}

/// Whose letters.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only those of this application
    #[arg(long)]
    app: Option<AppId>,
    /// Only those of this endpoint
    #[arg(long)]
    endpoint: Option<EndpointId>,
}

/// Why a letter is still what it was.
#[derive(Debug, thiserror::Error)]
enum DeadError {
    #[error("there is no dead letter {0}")]
    NoSuch(NonZeroU64),
    #[error("dead letter {0} has lost its event and cannot be sent again")]
    EventGone(u64),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Some were not done; each has been told.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} not done")]
struct Partly {
    failed: usize,
    all: usize,
}

pub(crate) async fn run(args: Args) -> Outcome {
    let mut config = settings::read(|reader| BusConfig::read(reader, "posthaste-cli"))?;
    config.connect_budget = config.connect_budget.min(CONNECT_BUDGET);
    let bus = Bus::connect(config).await?;
    match args.verb {
        Verb::List { of, from, limit, json } => list(&bus, &of, from, limit, json).await,
        Verb::Show { seq, json } => show(&bus, seq, json).await,
        Verb::Redrive { all: true, of, .. } => redrive_all(&bus, &of).await,
        Verb::Redrive { seqs, .. } => redrive_each(&bus, seqs).await,
        Verb::Discard { seqs } => {
            let mut done = Tally::default();
            for seq in seqs {
                done.add(seq.get(), "discarded", discard(&bus, seq).await);
            }
            done.outcome()
        }
    }
}

async fn list(bus: &Bus, of: &Filter, from: NonZeroU64, limit: usize, json: bool) -> Outcome {
    let (mut next, mut left) = (from.get(), limit);
    if !json {
        say!("{}", text::HEADING);
    }
    while left > 0 {
        let wanted = left.min(PAGE);
        let page = of.letters(bus, next, wanted).await?;
        for stored in &page {
            if json {
                say!("{}", as_json(stored, false)?);
            } else {
                say!("{}", text::row(stored));
            }
        }
        let Some(last) = page.last().filter(|_| page.len() == wanted) else { break };
        next = last.seq + 1;
        left -= wanted;
    }
    Ok(())
}

async fn show(bus: &Bus, seq: NonZeroU64, json: bool) -> Outcome {
    let stored = bus.dead_letter(seq.get()).await?.ok_or(DeadError::NoSuch(seq))?;
    if json {
        say!("{}", as_json(&stored, true)?);
    } else {
        say!("{}", text::account(&stored));
    }
    Ok(())
}

/// Lists them first: one that dies again at once gets a number of its own, and must not be sent
/// round and round.
async fn redrive_all(bus: &Bus, of: &Filter) -> Outcome {
    let mut seqs = Vec::new();
    let mut next = 1;
    loop {
        let page = of.letters(bus, next, PAGE).await?;
        let Some(last) = page.last() else { break };
        next = last.seq + 1;
        seqs.extend(page.iter().filter_map(|stored| NonZeroU64::new(stored.seq)));
    }
    redrive_each(bus, seqs).await
}

async fn redrive_each(bus: &Bus, seqs: Vec<NonZeroU64>) -> Outcome {
    let mut done = Tally::default();
    for seq in seqs {
        done.add(seq.get(), "redriven", redrive_one(bus, seq).await);
    }
    done.outcome()
}

/// The letter goes only once its event is confirmed to be in the stream again. Should we be cut
/// off between the two, redriving again soon sends once.
async fn redrive_one(bus: &Bus, seq: NonZeroU64) -> Result<(), DeadError> {
    let stored = bus.dead_letter(seq.get()).await?.ok_or(DeadError::NoSuch(seq))?;
    let StoredDeadLetter { seq, letter, payload } = stored;
    let event = letter.event.as_ref().ok_or(DeadError::EventGone(seq))?;
    bus.redrive(seq, &letter, event, payload).await?;
    bus.discard_dead_letter(seq).await?;
    Ok(())
}

async fn discard(bus: &Bus, seq: NonZeroU64) -> Result<(), DeadError> {
    if bus.discard_dead_letter(seq.get()).await? { Ok(()) } else { Err(DeadError::NoSuch(seq)) }
}

impl Filter {
    async fn letters(
        &self,
        bus: &Bus,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredDeadLetter>, ReadError> {
        bus.dead_letters(self.app.as_ref(), self.endpoint.as_ref(), from, limit).await
    }
}

/// What became of several letters.
#[derive(Default)]
struct Tally {
    all: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, seq: u64, done: &str, result: Result<(), DeadError>) {
        self.all += 1;
        match result {
            Ok(()) => say!("{seq} {done}"),
            Err(error) => {
                self.failed += 1;
                complain!("{seq}: {}", crate::failure::Failure::from(error).told());
            }
        }
    }

    fn outcome(self) -> Outcome {
        let Self { all, failed } = self;
        if failed == 0 { Ok(()) } else { Err(Partly { failed, all }.into()) }
    }
}

fn as_json(stored: &StoredDeadLetter, with_payload: bool) -> Result<Value, serde_json::Error> {
    let mut object = json!({ "seq": stored.seq, "letter": serde_json::to_value(&stored.letter)? });
    if with_payload && !stored.payload.is_empty() {
        let payload: Box<RawValue> = serde_json::from_slice(&stored.payload)?;
        object["payload"] = serde_json::to_value(payload)?;
    }
    Ok(object)
}
