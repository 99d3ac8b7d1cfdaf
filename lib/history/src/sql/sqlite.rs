//! One file, one process: SQLite.
//!
//! One connection writes and a few read; with the write-ahead log they do not wait for each other.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use sqlx::{
    Row as _, TypeInfo as _, ValueRef as _,
    sqlite::{
        Sqlite as Driver, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use super::{
    engine::{Dialect, Engine, Transaction, bound, cells, failed},
    row::{Cell, Row},
    statement::{Arg, Statement},
};
use crate::HistoryError;

/// How many questions are answered at once.
const READERS: u32 = 4;
/// How long a question may wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a connection waits for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;
/// The page cache of a connection, in KiB.
const CACHE_KIB: &str = "-32768";
/// How much of the log is written before it is taken over into the file, in pages of 4 KiB.
const CHECKPOINT_PAGES: &str = "4000";

pub(crate) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path) -> Result<Self, HistoryError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A power cut may cost the last transactions, which the streams still have.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY)
            .statement_cache_capacity(PREPARED)
            .pragma("cache_size", CACHE_KIB)
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        let readers = pool(READERS).connect_with(options.read_only(false)).await.map_err(failed)?;
        Ok(Self { writer, readers })
    }
}

#[async_trait]
impl Engine for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, HistoryError> {
        let rows = bound!(statement).fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(|row| cells!(row)).collect()
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, HistoryError> {
        // It will write, so it asks for the lock at once instead of losing a race for it later.
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Box::new(Writing(begun)))
    }
}

struct Writing(sqlx::Transaction<'static, Driver>);

#[async_trait]
impl Transaction for Writing {
    async fn execute(&mut self, statement: Statement) -> Result<u64, HistoryError> {
        let done = bound!(statement).execute(&mut *self.0).await.map_err(failed)?;
        Ok(done.rows_affected())
    }

    async fn fetch(&mut self, statement: Statement) -> Result<Vec<Row>, HistoryError> {
        let rows = bound!(statement).fetch_all(&mut *self.0).await.map_err(failed)?;
        rows.iter().map(|row| cells!(row)).collect()
    }

    async fn run(&mut self, script: String) -> Result<(), HistoryError> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(script));
        script.execute(&mut *self.0).await.map(drop).map_err(failed)
    }

    async fn commit(self: Box<Self>) -> Result<(), HistoryError> {
        self.0.commit().await.map_err(failed)
    }
}
