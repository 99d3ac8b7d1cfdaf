//! A server that several control processes share: Postgres.

use std::{fmt::Write as _, time::Duration};

use async_trait::async_trait;
use sqlx::{
    Row as _, TypeInfo as _, ValueRef as _,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres as Driver},
};

use super::{
    engine::{Dialect, Engine, Transaction, bound, cells, failed},
    row::{Cell, Row},
    statement::{Arg, Statement},
};
use crate::HistoryError;

/// Connections of one process: a few questions at once, and what writes.
const CONNECTIONS: u32 = 8;
/// How long a question may wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a statement may run, in milliseconds.
const STATEMENT_MS: &str = "30000";
/// How long it may wait for a lock that another process holds, in milliseconds.
const LOCK_MS: &str = "10000";
/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;

pub(crate) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    pub(crate) async fn open(url: &str) -> Result<Self, HistoryError> {
        let options: PgConnectOptions = url.parse().map_err(|_| HistoryError::Address)?;
        let options = options
            .application_name("posthaste-history")
            .statement_cache_capacity(PREPARED)
            .options([
                ("statement_timeout", STATEMENT_MS),
                ("lock_timeout", LOCK_MS),
                // What is rare is found along another index than what is common, so a plan for
                // whatever may be asked is none for what is.
                ("plan_cache_mode", "force_custom_plan"),
            ]);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE);
        let pool = pool.connect_with(options).await.map_err(failed)?;
        Ok(Self { pool })
    }
}

#[async_trait]
impl Engine for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, HistoryError> {
        let rows = bound!(numbered(statement)).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(|row| cells!(row)).collect()
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, HistoryError> {
        let begun = self.pool.begin().await.map_err(failed)?;
        Ok(Box::new(Writing(begun)))
    }
}

struct Writing(sqlx::Transaction<'static, Driver>);

#[async_trait]
impl Transaction for Writing {
    async fn execute(&mut self, statement: Statement) -> Result<u64, HistoryError> {
        let done = bound!(numbered(statement)).execute(&mut *self.0).await.map_err(failed)?;
        Ok(done.rows_affected())
    }

    async fn fetch(&mut self, statement: Statement) -> Result<Vec<Row>, HistoryError> {
        let rows = bound!(numbered(statement)).fetch_all(&mut *self.0).await.map_err(failed)?;
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

/// Postgres wants its places numbered. No statement of ours has a question mark of another kind.
fn numbered(statement: Statement) -> Statement {
    let Statement { sql, args } = statement;
    let mut text = String::with_capacity(sql.len() + 4 * args.len());
    for (at, part) in sql.split('?').enumerate() {
        if at > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "${at}");
        }
        text.push_str(part);
    }
    Statement { sql: text, args }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_from_one() {
        let mut statement = Statement::new("SELECT a FROM t WHERE b = ");
        statement.bind("", 1).bind(" AND c IN (", 2).push(")");
        assert_eq!(numbered(statement).sql, "SELECT a FROM t WHERE b = $1 AND c IN ($2)");
    }
}
