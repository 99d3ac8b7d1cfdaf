//! `posthaste config`: the reference of every setting.

use crate::{failure::Outcome, output::say, settings};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Outcome {
    say!("{}", settings::markdown().trim_end());
    Ok(())
}
