//! The table of verbs.

use clap::{Parser, Subcommand};

use crate::cmd::{bench, config, dead, dev, listen, run, send, token};

/// Sends webhooks: accepts events, signs and delivers them, retries, and keeps what failed.
#[derive(Debug, Parser)]
#[command(name = "posthaste", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything on this machine, with a demo; for development
    Dev(dev::Args),
    /// Run one role, configured by the environment
    Run(run::Args),
    /// Make a token for the API
    Token(token::Args),
    /// Post a message
    Send(send::Args),
    /// Receive webhooks, and verify and print them
    Listen(listen::Args),
    /// Look after deliveries that nobody took
    Dead(dead::Args),
    /// Print the reference of every setting, in Markdown
    Config(config::Args),
    /// Measure throughput and latency on this machine
    Bench(bench::BenchArgs),
    #[command(hide = true)]
    BenchReceiver(bench::ReceiverArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_table_holds_together() {
        Cli::command().debug_assert();
    }
}
