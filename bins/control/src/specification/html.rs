//! Text as HTML.

use std::fmt::Write as _;

/// Text that means nothing but itself, between tags and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A line of prose: what is between backticks is code.
pub(super) fn prose(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        let _ = match index % 2 {
            0 => write!(html, "{part}"),
            _ => write!(html, "<code>{part}</code>"),
        };
    }
    html
}

/// Paragraphs, which blank lines part.
pub(super) fn paragraphs(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>\n", prose(paragraph))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn backticks_are_code_and_blank_lines_part_paragraphs() {
        let html = paragraphs("Say `a<b`.\n\nDone & \"gone\".\n");
        assert_eq!(html, "<p>Say <code>a&lt;b</code>.</p>\n<p>Done &amp; &quot;gone&quot;.</p>\n");
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_becomes_a_tag(text in "[a-z<>&'\"` \n]{0,40}") {
            let own = ["<p>", "</p>", "<code>", "</code>"];
            let rest = own.iter().fold(paragraphs(&text), |html, tag| html.replace(tag, ""));
            prop_assert!(!rest.contains(['<', '>', '"', '\'']));
        }
    }
}
