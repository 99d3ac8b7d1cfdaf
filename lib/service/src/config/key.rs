//! What may be configured, declared as values.

use std::fmt::Write as _;

/// One setting: its name, what it is when nobody sets it, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it stands in the file, such as `worker.ack_wait_ms`.
    pub path: &'static str,
    /// Its default as text. Empty where there is none: whether it must then be set depends on how
    /// it is read ([`Reader`](super::Reader) says which methods insist).
    pub default: &'static str,
    /// The unit of a number (`ms`, `bytes`), or empty.
    pub unit: &'static str,
    /// What it means, in a sentence, as it appears in the reference.
    pub doc: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
}

impl Key {
    /// A setting whose value may be shown.
    ///
    /// # Panics
    /// Where `path` is not made of lower-case letters, digits, `_` and `.`; in a `const` this is an
    /// error of compilation.
    #[must_use]
    pub const fn new(
        path: &'static str,
        default: &'static str,
        unit: &'static str,
        doc: &'static str,
    ) -> Self {
        assert!(is_path(path), "a key's path is made of a-z, 0-9, `_` and `.`");
        Self { path, default, unit, doc, secret: false }
    }

    /// A setting whose value must never be shown. It has no default.
    ///
    /// # Panics
    /// As [`Key::new`].
    #[must_use]
    pub const fn secret(path: &'static str, doc: &'static str) -> Self {
        assert!(is_path(path), "a key's path is made of a-z, 0-9, `_` and `.`");
        Self { path, default: "", unit: "", doc, secret: true }
    }

    /// Its environment variable: `worker.ack_wait_ms` is `POSTHASTE_WORKER_ACK_WAIT_MS`.
    #[must_use]
    pub fn env_name(&self) -> String {
        format!("POSTHASTE_{}", self.path.to_ascii_uppercase().replace('.', "_"))
    }
}

const fn is_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.') {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes[0] != b'.' && bytes[bytes.len() - 1] != b'.'
}

/// A Markdown table of `keys`, in their order, for the documentation.
#[must_use]
pub fn reference(keys: &[Key]) -> String {
    let mut table = String::from(
        "| variable | file key | unit | default | meaning |\n| --- | --- | --- | --- | --- |\n",
    );
    for key in keys {
        let code = |text: &str| match text {
            "" => "–".to_owned(),
            text => format!("`{}`", text.replace('|', "\\|")),
        };
        let unit = if key.unit.is_empty() { "–" } else { key.unit };
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | `{}` | {unit} | {} | {} |",
            key.env_name(),
            key.path,
            code(key.default),
            key.doc.replace('|', "\\|"),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Key = Key::new("worker.ack_wait_ms", "45000", "ms", "How long a claim is ours.");

    #[test]
    fn the_variable_follows_from_the_path() {
        assert_eq!(WAIT.env_name(), "POSTHASTE_WORKER_ACK_WAIT_MS");
    }

    #[test]
    fn paths_are_checked() {
        assert!(is_path("a.b_c2"));
        for bad in ["", ".a", "a.", "A", "a-b", "a b"] {
            assert!(!is_path(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_reference_is_a_table() {
        let token = Key::secret("auth.key", "Signs a|b.");
        let expected = "\
| variable | file key | unit | default | meaning |
| --- | --- | --- | --- | --- |
| `POSTHASTE_WORKER_ACK_WAIT_MS` | `worker.ack_wait_ms` | ms | `45000` | How long a claim is ours. |
| `POSTHASTE_AUTH_KEY` | `auth.key` | – | – | Signs a\\|b. |
";
        assert_eq!(reference(&[WAIT, token]), expected);
    }
}
