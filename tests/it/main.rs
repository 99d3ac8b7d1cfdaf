//! Posthaste from the outside, in the order of an event's way.
//!
//! `bed` is the world a test owns: a broker, and the roles in this process or as processes of
//! their own. Every file is a stage of the way, or something that can go wrong on it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is tests: a failure here is a failure of the one that asked"
)]

mod bed;
mod client;
mod things;
mod tool;

mod accept;
mod authorization;
mod cli;
mod contract;
mod crash;
mod deliver;
mod first_delays;
mod headers;
mod hindrance;
mod history;
mod manual;
mod merchant;
mod operational;
mod outage;
mod pause;
mod profiles;
mod promises;
mod receivers;
mod replay;
mod retry;
mod scheduled;
mod share;
mod shutdown;
mod validation;

mod metrics;
mod schemathesis;
mod sdk;
mod sdk_operations;
mod tidy;
