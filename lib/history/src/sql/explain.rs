//! An engine that also says how it finds what it is asked.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{
    engine::{Dialect, Engine, Transaction},
    row::{Cell, Row},
    statement::Statement,
};
use crate::HistoryError;

/// How questions were answered, line by line, since it was last asked.
#[derive(Clone, Default)]
pub struct Plans(Arc<Mutex<Vec<String>>>);

impl Plans {
    /// Takes what there is. In SQLite's words a line that begins with `SCAN` reads a whole table;
    /// in Postgres's one that holds `Seq Scan` does.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a line of a plan reads a whole table. A list of values and the few keys that a page
    /// was made of are no tables.
    #[must_use]
    pub fn is_full_scan(line: &str) -> bool {
        let line = line.trim();
        let reads_all = line.starts_with("SCAN ") || line.contains("Seq Scan on");
        let of_keys = ["SCAN found", "SCAN leg", "SCAN (subquery", "CONSTANT ROW"];
        reads_all && !of_keys.iter().any(|few| line.contains(few))
    }
}

pub(crate) struct Explaining<E> {
    pub(crate) engine: E,
    pub(crate) plans: Plans,
}

#[async_trait]
impl<E: Engine> Engine for Explaining<E> {
    fn dialect(&self) -> Dialect {
        self.engine.dialect()
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, HistoryError> {
        let explain = match self.dialect() {
            Dialect::Sqlite => "EXPLAIN QUERY PLAN ",
            Dialect::Postgres => "EXPLAIN ",
        };
        let sql = format!("{explain}{}", statement.sql);
        let asked = Statement { sql, args: statement.args.clone() };
        let lines = self.engine.fetch(asked).await?;
        let texts = lines.into_iter().filter_map(|Row(cells)| {
            cells.into_iter().rev().find_map(|cell| match cell {
                Cell::Text(text) => Some(text),
                Cell::Int(_) | Cell::Bytes(_) | Cell::Null => None,
            })
        });
        self.plans.0.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
        self.engine.fetch(statement).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, HistoryError> {
        self.engine.begin().await
    }
}
