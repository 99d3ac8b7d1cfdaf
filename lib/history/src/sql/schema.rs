//! The tables, and how a store of an older version comes to have them.

use super::{
    engine::{Dialect, Engine, Transaction},
    statement::Statement,
};
use crate::HistoryError;

/// Every step from nothing to the present form, in order. A step that was released is never
/// changed; the next one is added.
const STEPS: &[&str] = &[include_str!("../../migrations/1.sql")];

/// What two processes that start at once must not do at the same time. Any number, as long as
/// nobody else uses it in the same database.
const LOCK: i64 = 0x706f_7374_6861_7374;

/// The store was written by a newer version.
#[derive(Debug, thiserror::Error)]
#[error("the store is of form {found}, and this version knows up to {known}")]
struct TooNew {
    found: i64,
    known: usize,
}

/// Brings the tables to this version's form. Several processes may call it at once: one does the
/// work and the others wait.
pub(crate) async fn migrate(engine: &dyn Engine) -> Result<(), HistoryError> {
    let migrated = async {
        let dialect = engine.dialect();
        let mut transaction = engine.begin().await?;
        if dialect == Dialect::Postgres {
            transaction.run(format!("SELECT pg_advisory_xact_lock({LOCK});")).await?;
        }
        let table = "CREATE TABLE IF NOT EXISTS history_form (form {int} NOT NULL);";
        transaction.run(in_dialect(table, dialect)).await?;
        let found = form(&mut *transaction).await?;
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        let Some(steps) = STEPS.get(done..) else {
            let known = STEPS.len();
            return Err(HistoryError::Migration(Box::new(TooNew { found, known })));
        };
        for step in steps {
            transaction.run(in_dialect(step, dialect)).await?;
            transaction.run("INSERT INTO history_form VALUES (1);".to_owned()).await?;
        }
        transaction.commit().await
    };
    migrated.await.map_err(|error| match error {
        error @ (HistoryError::Migration(_) | HistoryError::Address) => error,
        HistoryError::Unavailable(cause) | HistoryError::Unreadable(cause) => {
            HistoryError::Migration(cause)
        }
    })
}

/// How many steps were taken.
async fn form(transaction: &mut dyn Transaction) -> Result<i64, HistoryError> {
    let mut rows = transaction.fetch(Statement::new("SELECT COUNT(*) FROM history_form")).await?;
    rows.first_mut().map_or(Ok(0), |row| row.int(0))
}

/// Ids sort by their bytes, whatever the database's language.
fn in_dialect(sql: &str, dialect: Dialect) -> String {
    let (text, int, bytes, clustered) = match dialect {
        Dialect::Sqlite => ("TEXT", "INTEGER", "BLOB", " WITHOUT ROWID"),
        Dialect::Postgres => (r#"TEXT COLLATE "C""#, "BIGINT", "BYTEA", ""),
    };
    sql.replace("{text}", text)
        .replace("{int}", int)
        .replace("{bytes}", bytes)
        .replace("{clustered}", clustered)
}
