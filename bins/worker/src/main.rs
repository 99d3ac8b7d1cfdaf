//! The worker process.

use std::process::ExitCode;

use posthaste_worker::Worker;

fn main() -> ExitCode {
    posthaste_service::role::main::<Worker>(env!("CARGO_PKG_VERSION"))
}
