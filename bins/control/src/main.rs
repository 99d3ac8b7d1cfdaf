//! The control process.

use std::process::ExitCode;

use posthaste_control::Control;

fn main() -> ExitCode {
    posthaste_service::role::main::<Control>(env!("CARGO_PKG_VERSION"))
}
