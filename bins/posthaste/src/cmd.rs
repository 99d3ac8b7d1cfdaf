//! One verb a file.

pub(crate) mod bench;
pub(crate) mod config;
pub(crate) mod dead;
pub(crate) mod dev;
pub(crate) mod listen;
pub(crate) mod run;
pub(crate) mod send;
pub(crate) mod token;

use std::process::ExitCode;

use tokio::runtime::Builder;

use crate::{cli::Command, failure::Outcome, output::complain};

/// Runs a verb to its end.
pub(crate) fn run(command: Command) -> ExitCode {
    let outcome = match command {
        // A role brings a runtime of its own, as in its own binary.
        Command::Run(args) => return run::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Dev(args) => on_runtime(dev::run(args)),
        Command::Send(args) => on_runtime(send::run(args)),
        Command::Listen(args) => on_runtime(listen::run(args)),
        Command::Dead(args) => on_runtime(dead::run(args)),
        Command::Bench(args) => on_runtime(bench::run(args)),
        Command::BenchReceiver(args) => on_runtime(bench::receive(args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain!("posthaste: {}", failure.told());
            failure.exit_code()
        }
    }
}

fn on_runtime(verb: impl Future<Output = Outcome>) -> Outcome {
    Builder::new_multi_thread().enable_all().build()?.block_on(verb)
}
