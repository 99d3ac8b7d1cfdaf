//! What an engine does: runs statements. Which ones is the same for both.

use async_trait::async_trait;

use super::{row::Row, statement::Statement};
use crate::HistoryError;

/// How the engines' SQL differs, where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A database.
#[async_trait]
pub(crate) trait Engine: Send + Sync + 'static {
    fn dialect(&self) -> Dialect;

    /// Asks one question, outside any transaction.
    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, HistoryError>;

    /// Begins to write.
    async fn begin(&self) -> Result<Box<dyn Transaction>, HistoryError>;
}

/// Writes that become visible together; dropped before [`Transaction::commit`], none of them does.
#[async_trait]
pub(crate) trait Transaction: Send {
    /// Runs a statement; returns how many rows it touched.
    async fn execute(&mut self, statement: Statement) -> Result<u64, HistoryError>;

    /// Runs a statement that answers with rows.
    async fn fetch(&mut self, statement: Statement) -> Result<Vec<Row>, HistoryError>;

    /// Runs a script of our own, of several statements and without places.
    async fn run(&mut self, script: String) -> Result<(), HistoryError>;

    async fn commit(self: Box<Self>) -> Result<(), HistoryError>;
}

/// Runs statements one after another; returns how many rows they touched together.
pub(crate) async fn execute_all(
    transaction: &mut dyn Transaction,
    statements: Vec<Statement>,
) -> Result<u64, HistoryError> {
    let mut touched = 0;
    for statement in statements {
        touched += transaction.execute(statement).await?;
    }
    Ok(touched)
}

/// What a failure of the driver means to whoever asked.
pub(crate) fn failed(error: sqlx::Error) -> HistoryError {
    match error {
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::TypeNotFound { .. } => HistoryError::Unreadable(Box::new(error)),
        error => HistoryError::Unavailable(Box::new(error)),
    }
}

/// The impls of both engines differ in types alone; sqlx's own generics would need a page of
/// bounds to say so.
macro_rules! bound {
    ($statement:expr) => {{
        let Statement { sql, args } = $statement;
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for arg in args {
            query = match arg {
                Arg::Text(text) => query.bind(text),
                Arg::Int(number) => query.bind(number),
                Arg::Bytes(bytes) => query.bind(bytes),
                Arg::NullText => query.bind(None::<String>),
                Arg::NullInt => query.bind(None::<i64>),
            };
        }
        query
    }};
}

macro_rules! cells {
    ($row:expr) => {{
        let row = $row;
        let mut cells = Vec::with_capacity(row.len());
        for at in 0..row.len() {
            let raw = row.try_get_raw(at).map_err(failed)?;
            cells.push(if raw.is_null() {
                Cell::Null
            } else {
                match raw.type_info().name() {
                    "TEXT" | "VARCHAR" | "NAME" => Cell::Text(row.try_get(at).map_err(failed)?),
                    "BLOB" | "BYTEA" => Cell::Bytes(row.try_get(at).map_err(failed)?),
                    _ => Cell::Int(row.try_get(at).map_err(failed)?),
                }
            });
        }
        Ok::<Row, HistoryError>(Row(cells))
    }};
}

pub(crate) use bound;
pub(crate) use cells;
