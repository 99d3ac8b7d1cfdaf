//! Finds the store that an address names.

use std::{path::Path, sync::Arc};

use crate::{
    History, HistoryError,
    sql::{Explaining, Plans, Postgres, SqlStore, Sqlite},
};

enum Address<'a> {
    Sqlite(&'a Path),
    Postgres(&'a str),
}

impl<'a> Address<'a> {
    fn parse(url: &'a str) -> Result<Self, HistoryError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(HistoryError::Address)
            } else {
                Ok(Self::Sqlite(Path::new(path)))
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url));
        }
        Err(HistoryError::Address)
    }
}

/// Opens the store at `url`, `sqlite:<path>` or `postgres://user:password@host/database`, and
/// brings its tables to this version's form.
///
/// # Errors
/// [`HistoryError::Address`]; [`HistoryError::Unavailable`] where it does not answer;
/// [`HistoryError::Migration`] where a newer version wrote it, or the tables cannot be made.
pub async fn open(url: &str) -> Result<History, HistoryError> {
    Ok(match Address::parse(url)? {
        Address::Sqlite(path) => Arc::new(SqlStore::open(Sqlite::open(path).await?).await?),
        Address::Postgres(url) => Arc::new(SqlStore::open(Postgres::open(url).await?).await?),
    })
}

/// As [`open`], and tells how each question is answered, for measuring. Each is asked twice.
///
/// # Errors
/// As [`open`].
pub async fn open_explaining(url: &str) -> Result<(History, Plans), HistoryError> {
    let plans = Plans::default();
    let told = plans.clone();
    let history: History = match Address::parse(url)? {
        Address::Sqlite(path) => {
            let engine = Sqlite::open(path).await?;
            Arc::new(SqlStore::open(Explaining { engine, plans: told }).await?)
        }
        Address::Postgres(url) => {
            let engine = Postgres::open(url).await?;
            Arc::new(SqlStore::open(Explaining { engine, plans: told }).await?)
        }
    };
    Ok((history, plans))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_file_or_a_server() {
        let path = |url| match Address::parse(url) {
            Ok(Address::Sqlite(path)) => path.to_str(),
            _ => None,
        };
        assert_eq!(path("sqlite:history.db"), Some("history.db"));
        assert_eq!(path("sqlite:///var/lib/history.db"), Some("/var/lib/history.db"));
        assert_eq!((path("sqlite:"), path("history.db"), path("mysql://x")), (None, None, None));
        assert!(matches!(Address::parse("postgres://x/y"), Ok(Address::Postgres(_))));
    }
}
