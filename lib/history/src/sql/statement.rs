//! Statements as values: text with places, and what goes there, in order. Nothing a caller says is
//! ever part of the text.

/// What goes into one place of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arg {
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
    NullText,
    NullInt,
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Option<String>> for Arg {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::NullText, Self::Text)
    }
}

impl From<Option<i64>> for Arg {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::NullInt, Self::Int)
    }
}

/// A statement in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) args: Vec<Arg>,
}

impl Statement {
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), args: Vec::new() }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds text, and a place (`?`) that holds `arg`.
    pub(crate) fn bind(&mut self, sql: &str, arg: impl Into<Arg>) -> &mut Self {
        self.args.push(arg.into());
        self.sql.push_str(sql);
        self.sql.push('?');
        self
    }

    /// Adds `(…, …, …)`, a place for each.
    pub(crate) fn bind_all(&mut self, args: impl IntoIterator<Item = Arg>) -> &mut Self {
        let mut before = "(";
        for arg in args {
            self.bind(before, arg);
            before = ", ";
        }
        self.push(")")
    }
}

/// Statements that write `rows` with `head` before them and `tail` behind, in portions of a size
/// that stays the same from batch to batch, so that each is prepared once.
pub(crate) fn insert(
    head: &str,
    rows: impl IntoIterator<Item = Vec<Arg>>,
    tail: &str,
) -> Vec<Statement> {
    /// Places a statement may have: engines allow 32,766 and more.
    const ARGS: usize = 8_000;
    /// The sizes of portions, the greatest that fits first.
    const SIZES: [usize; 4] = [500, 100, 10, 1];
    let rows: Vec<_> = rows.into_iter().collect();
    let width = rows.first().map_or(1, Vec::len).max(1);
    let mut statements = Vec::new();
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let left = rows.len();
        let fits = |size: &usize| *size <= left && size * width <= ARGS;
        let size = SIZES.into_iter().find(fits).unwrap_or(1);
        let mut statement = Statement::new(head);
        for (at, row) in rows.by_ref().take(size).enumerate() {
            statement.push(if at == 0 { " " } else { ", " }).bind_all(row);
        }
        statement.push(" ").push(tail);
        statements.push(statement);
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_what_is_bound_in_order() {
        let mut statement = Statement::new("SELECT 1 WHERE a = ");
        statement.bind("", "x").bind(" AND b > ", 7).push(" AND (c, d) IN (VALUES ");
        statement.bind_all([Arg::NullInt, Arg::NullText]).push(")");
        assert_eq!(statement.sql, "SELECT 1 WHERE a = ? AND b > ? AND (c, d) IN (VALUES (?, ?))");
        assert_eq!(statement.args.len(), 4);
    }

    #[test]
    fn rows_come_in_portions_of_few_sizes() {
        let rows = |count: i64| (0..count).map(|n| vec![Arg::Int(n)]);
        let sizes = |count| {
            let all = insert("INSERT INTO t VALUES", rows(count), "");
            all.iter().map(|statement| statement.args.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(0), Vec::<usize>::new());
        assert_eq!(sizes(612), [500, 100, 10, 1, 1]);
        let wide = insert("", (0..500).map(|_| vec![Arg::Int(0); 20]), "");
        assert_eq!(wide.len(), 5);
    }
}
