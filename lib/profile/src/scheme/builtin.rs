//! The schemes that are known by name: those of widely used senders.

use std::sync::LazyLock;

use super::SchemeSpec;

static BUILTINS: LazyLock<Vec<SchemeSpec>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads and compiles every scheme in the file")]
    serde_json::from_str(include_str!("../../schemes.json")).expect("the embedded file is valid")
});

impl SchemeSpec {
    /// Every scheme that may be called by its name alone.
    #[must_use]
    pub fn builtins() -> &'static [Self] {
        &BUILTINS
    }

    /// The scheme of this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        BUILTINS.iter().find(|spec| spec.name == name).cloned()
    }
}
