//! The ingress process.

use std::process::ExitCode;

use posthaste_ingress::Ingress;

fn main() -> ExitCode {
    posthaste_service::role::main::<Ingress>(env!("CARGO_PKG_VERSION"))
}
