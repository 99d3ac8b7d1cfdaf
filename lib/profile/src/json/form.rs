//! The forms in which values are written.

/// How values are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Whose notation of numbers, escapes of strings and view of objects.
    pub(super) language: Language,
    pub(super) digits: Digits,
    pub(super) order: Order,
    /// Whether half of a surrogate pair is written as an escape, or refused.
    pub(super) allows_lone_surrogates: bool,
    pub(super) is_indented: bool,
    /// How long all may get that is written to, in bytes.
    pub(super) longest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// ECMAScript's `JSON.stringify`.
    Ecma,
    /// PHP's `json_encode` with default flags.
    Php,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Digits {
    /// All that the text has.
    All,
    /// Those of the double that the text is read as.
    OfDouble,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    AsWritten,
    Ecma,
    Utf16,
}

impl Form {
    /// As ECMAScript, digits apart.
    pub(super) const ECMA: Self = Self {
        language: Language::Ecma,
        digits: Digits::All,
        order: Order::Ecma,
        allows_lone_surrogates: false,
        is_indented: false,
        longest: usize::MAX,
    };
    /// As PHP, digits apart.
    pub(super) const PHP: Self =
        Self { language: Language::Php, order: Order::AsWritten, ..Self::ECMA };
}
