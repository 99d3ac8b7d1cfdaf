//! `posthaste run ROLE`: one role, exactly as its own binary runs it, so that one image serves all.

use std::process::ExitCode;

use clap::ValueEnum;
use posthaste_control::Control;
use posthaste_ingress::Ingress;
use posthaste_service::role;
use posthaste_worker::Worker;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The role
    role: Role,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    /// Accepts messages
    Ingress,
    /// Delivers them
    Worker,
    /// Answers the management API
    Control,
}

impl Role {
    /// As the command line spells it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Worker => "worker",
            Self::Control => "control",
        }
    }
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    match args.role {
        Role::Ingress => role::main::<Ingress>(version),
        Role::Worker => role::main::<Worker>(version),
        Role::Control => role::main::<Control>(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_spelled_as_the_command_line_reads_them() {
        for role in Role::value_variants() {
            assert_eq!(role.to_possible_value().unwrap().get_name(), role.as_str());
        }
    }
}
