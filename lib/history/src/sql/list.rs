//! Pages of lists, each a walk along an index from where another ended.
//!
//! A page is found in two steps that are one statement: its keys, from the ends of one or several
//! legs (each a range of one index, in order, and no longer than the page), and then, for those
//! keys alone, everything else.

use posthaste_domain::Timestamp;

use super::{
    row::Row,
    statement::{Arg, Statement},
};
use crate::{Cursor, HistoryError, Order, Page, PageOf, TimeRange};

/// The most items of a page, whatever is asked.
const LIMIT_MAX: usize = 1_000;

/// The ids of a moment, of the kind that a list is sorted by.
pub(crate) type Floor = fn(Timestamp) -> String;

/// Which keys, and in what order they are walked.
pub(crate) struct Walk {
    low: Option<Bound>,
    high: Option<Bound>,
    is_ascending: bool,
    is_backward: bool,
    limit: usize,
}

/// One end of the range. There is one for each side at most: of two, an engine may seek with the
/// wider and read everything up to the tighter.
struct Bound {
    operator: &'static str,
    key: String,
}

impl Walk {
    pub(crate) fn new(page: &Page, range: TimeRange, floor: Floor) -> Self {
        let bound = |operator, key| Bound { operator, key };
        let mut low = range.after.map(|after| bound(">=", floor(after)));
        let mut high = range.before.map(|before| bound("<", floor(before)));
        let forward = page.order == Order::Ascending;
        let mut above = |key: &String| {
            if low.as_ref().is_none_or(|known| *key >= known.key) {
                low = Some(bound(">", key.clone()));
            }
        };
        let mut below = |key: &String| {
            if high.as_ref().is_none_or(|known| *key < known.key) {
                high = Some(bound("<", key.clone()));
            }
        };
        let (is_ascending, is_backward) = match &page.cursor {
            Cursor::Start => (forward, false),
            Cursor::After(key) => {
                if forward {
                    above(key)
                } else {
                    below(key)
                }
                (forward, false)
            }
            Cursor::Before(key) => {
                if forward {
                    below(key)
                } else {
                    above(key)
                }
                (!forward, true)
            }
        };
        Self { low, high, is_ascending, is_backward, limit: page.limit.min(LIMIT_MAX) }
    }

    const fn direction(&self) -> &'static str {
        if self.is_ascending { "ASC" } else { "DESC" }
    }

    /// A statement: `head`, then the keys as `found.key`, then what `tail` writes. Each leg writes
    /// from its `FROM` to the end of its conditions, of which there is at least one.
    pub(crate) fn statement(
        &self,
        head: &str,
        legs: &[Leg<'_>],
        tail: impl FnOnce(&mut Statement),
    ) -> Statement {
        let mut statement = Statement::new(head);
        statement.push(" FROM (");
        for (at, leg) in legs.iter().enumerate() {
            let union = if at == 0 { "" } else { " UNION ALL " };
            statement.push(union).push("SELECT * FROM (SELECT ").push(leg.key).push(" AS key ");
            (leg.write)(&mut statement);
            for Bound { operator, key } in [&self.low, &self.high].into_iter().flatten() {
                statement.push(" AND ").push(leg.key).push(" ").push(operator);
                statement.bind(" ", key.as_str());
            }
            self.end(&mut statement, leg.key);
            statement.push(") AS leg");
        }
        statement.push(") AS found ");
        tail(&mut statement);
        self.end(&mut statement, "found.key");
        statement
    }

    /// The limit is text, not a place: an engine that does not know it plans for millions.
    fn end(&self, statement: &mut Statement, key: &str) {
        let end = format!(" ORDER BY {key} {} LIMIT {}", self.direction(), self.limit + 1);
        statement.push(&end);
    }

    /// Makes the page of the rows that came.
    pub(crate) fn page<T>(
        &self,
        rows: Vec<Row>,
        read: impl FnMut(Row) -> Result<T, HistoryError>,
    ) -> Result<PageOf<T>, HistoryError> {
        let done = rows.len() <= self.limit;
        let rows = rows.into_iter().take(self.limit).map(read);
        let mut items = rows.collect::<Result<Vec<_>, _>>()?;
        if self.is_backward {
            items.reverse();
        }
        Ok(PageOf { items, done })
    }
}

/// A range of one index.
pub(crate) struct Leg<'a> {
    /// The column that the list is sorted by.
    key: &'static str,
    write: Box<dyn Fn(&mut Statement) + Send + Sync + 'a>,
}

impl<'a> Leg<'a> {
    pub(crate) fn new(
        key: &'static str,
        write: impl Fn(&mut Statement) + Send + Sync + 'a,
    ) -> Self {
        Self { key, write: Box::new(write) }
    }
}

/// Adds `column IN (…)` where there is anything to choose from.
pub(crate) fn one_of(statement: &mut Statement, column: &str, values: impl Iterator<Item = Arg>) {
    let mut values = values.peekable();
    if values.peek().is_some() {
        statement.push(" AND ").push(column).push(" IN ").bind_all(values);
    }
}

impl Leg<'_> {
    pub(crate) const fn key(&self) -> &'static str {
        self.key
    }

    pub(crate) fn write(&self, statement: &mut Statement) {
        (self.write)(statement);
    }
}

/// The values of a filter, each once: a leg for each must not find the same key twice.
pub(crate) fn distinct<T: PartialEq + Clone>(values: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}
