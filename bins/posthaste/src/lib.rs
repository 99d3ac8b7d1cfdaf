//! The command line.
//!
//! Read in this order: `cli` is the table of verbs; `cmd` holds one verb a file;
//! `settings` is everything that can be configured, of every role; `api_client`, `receiver`,
//! `nats_server` and `owned_child` are what several verbs stand on; `failure` and `output` are how
//! a verb ends and speaks.
//!
//! # Invariants
//! - A verb's result goes to standard output, its complaints to standard error.
//! - What a verb starts, it stops: every child process and server is held by a value whose `Drop`
//!   ends it.
//! - A verb that talks to the broker reads the same settings as the roles do.

mod api_client;
mod cli;
mod cmd;
mod failure;
mod nats_server;
mod output;
mod owned_child;
mod receiver;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

/// Reads the command line and does what it says.
///
/// Ends with 0 for success, 64 for a faulty configuration, 2 for a faulty command line, and 1 for
/// anything else.
#[must_use]
pub fn main() -> ExitCode {
    cmd::run(cli::Cli::parse().command)
}
