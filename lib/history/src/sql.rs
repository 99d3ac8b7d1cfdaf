//! The store in SQL: every statement is written once and run on either engine.

mod attempts;
mod dead_letters;
mod deliveries;
mod delivery;
mod engine;
mod explain;
mod expunge;
mod forget;
mod label;
mod list;
mod messages;
mod outcome;
mod postgres;
mod record;
mod row;
mod schema;
mod sqlite;
mod statement;
mod store;
mod usage;

pub use self::explain::Plans;
pub(crate) use self::{explain::Explaining, postgres::Postgres, sqlite::Sqlite, store::SqlStore};
