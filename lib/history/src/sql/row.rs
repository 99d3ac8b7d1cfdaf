//! Rows as they come back, of either engine.

use crate::HistoryError;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
    Null,
}

/// One row; columns are taken by their place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Cell>);

/// A column is not of the kind that this version writes.
#[derive(Debug, thiserror::Error)]
#[error("column {0} is not {1}")]
struct Unexpected(usize, &'static str);

impl Row {
    pub(crate) fn text(&mut self, at: usize) -> Result<String, HistoryError> {
        self.maybe_text(at)?.ok_or_else(|| unexpected(at, "text"))
    }

    pub(crate) fn maybe_text(&mut self, at: usize) -> Result<Option<String>, HistoryError> {
        match self.take(at) {
            Cell::Text(text) => Ok(Some(text)),
            Cell::Null => Ok(None),
            Cell::Int(_) | Cell::Bytes(_) => Err(unexpected(at, "text")),
        }
    }

    pub(crate) fn int(&mut self, at: usize) -> Result<i64, HistoryError> {
        self.maybe_int(at)?.ok_or_else(|| unexpected(at, "a number"))
    }

    pub(crate) fn maybe_int(&mut self, at: usize) -> Result<Option<i64>, HistoryError> {
        match self.take(at) {
            Cell::Int(number) => Ok(Some(number)),
            Cell::Null => Ok(None),
            Cell::Text(_) | Cell::Bytes(_) => Err(unexpected(at, "a number")),
        }
    }

    pub(crate) fn maybe_bytes(&mut self, at: usize) -> Result<Option<Vec<u8>>, HistoryError> {
        match self.take(at) {
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            Cell::Null => Ok(None),
            Cell::Text(_) | Cell::Int(_) => Err(unexpected(at, "bytes")),
        }
    }

    /// What was written from a name or an id.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self, at: usize) -> Result<T, HistoryError>
    where
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.text(at)?.parse().map_err(|error| HistoryError::Unreadable(Box::new(error)))
    }

    fn take(&mut self, at: usize) -> Cell {
        self.0.get_mut(at).map_or(Cell::Null, |cell| std::mem::replace(cell, Cell::Null))
    }
}

fn unexpected(at: usize, wanted: &'static str) -> HistoryError {
    HistoryError::Unreadable(Box::new(Unexpected(at, wanted)))
}
