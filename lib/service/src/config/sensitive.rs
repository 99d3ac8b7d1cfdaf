//! Text that must not be shown.

use std::fmt;

/// A secret setting. `Debug` says `[REDACTED]`, and there is no `Display`.
///
/// Not comparable: comparing secrets takes constant time, which is the business of whoever
/// compares them.
#[derive(Clone)]
pub struct Sensitive(String);

impl Sensitive {
    /// Wraps `text`.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself. The one way to see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}
