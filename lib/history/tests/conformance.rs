//! What every store must do, asked of each of them alike: a SQLite file and a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here is the test's")]

#[path = "conformance/bed.rs"]
mod bed;
#[path = "conformance/content.rs"]
mod content;
#[path = "conformance/form.rs"]
mod form;
#[path = "conformance/lists.rs"]
mod lists;
#[path = "conformance/model.rs"]
mod model;
#[path = "conformance/plans.rs"]
mod plans;
#[path = "conformance/repeats.rs"]
mod repeats;
#[path = "conformance/sample.rs"]
mod sample;
