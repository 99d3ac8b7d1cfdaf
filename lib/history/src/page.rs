//! Pages of a list, each begun where another ended.

/// Which end of a list comes first; lists are sorted by id, and so by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    Ascending,
    /// The newest first.
    Descending,
}

/// Where a page begins, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// At the list's beginning.
    Start,
    /// After the item of this id, which need not exist.
    After(String),
    /// So that it ends just before the item of this id, which need not exist.
    Before(String),
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most so many items, 1 to 250.
    pub limit: usize,
    /// Which end comes first.
    pub order: Order,
    /// Where it begins.
    pub cursor: Cursor,
}

/// A page that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf<T> {
    /// The items, in the order that was asked for.
    pub items: Vec<T>,
    /// Whether nothing follows in the direction of the cursor.
    pub done: bool,
}
