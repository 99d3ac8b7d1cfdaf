//! What a string is once its escapes are read.
//!
//! Escapes can name half of a surrogate pair, which no UTF-8 has. So a text is held in WTF-8: UTF-8
//! but for such halves, which have three bytes of their own. Two texts are the same to a parser
//! exactly if these bytes are.

use std::borrow::Cow;
use std::ops::Deref;

/// The text of a string, in WTF-8.
#[derive(Debug)]
pub(super) struct Text<'a>(Cow<'a, [u8]>);

impl<'a> Text<'a> {
    /// What stands between the quotes of a string without an escape.
    pub(super) fn plain(between: &'a [u8]) -> Self {
        Self(Cow::Borrowed(between))
    }

    /// What stands between the quotes of a string; nothing if an escape in it is none.
    pub(super) fn unescape(between: &[u8]) -> Option<Self> {
        let mut text = Vec::with_capacity(between.len());
        let mut rest = between;
        while let Some(escape) = rest.iter().position(|&byte| byte == b'\\') {
            text.extend_from_slice(&rest[..escape]);
            rest = &rest[escape + 1..];
            let (&kind, after) = rest.split_first()?;
            rest = after;
            match kind {
                b'"' | b'\\' | b'/' => text.push(kind),
                b'b' => text.push(0x08),
                b'f' => text.push(0x0c),
                b'n' => text.push(b'\n'),
                b'r' => text.push(b'\r'),
                b't' => text.push(b'\t'),
                b'u' => {
                    let (unit, after) = code_unit(rest)?;
                    let (code, after) = with_partner(unit, after);
                    push(&mut text, code);
                    rest = after;
                }
                _ => return None,
            }
        }
        text.extend_from_slice(rest);
        Some(Self(Cow::Owned(text)))
    }

    pub(super) fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Whether the escape, of which the backslash is gone, names half of a pair without the other half;
/// and what is after it.
pub(super) fn begins_lone_surrogate(escape: &[u8]) -> (bool, &[u8]) {
    match escape {
        [b'u', digits @ ..] => match code_unit(digits) {
            Some((unit, after)) => {
                let (code, after) = with_partner(unit, after);
                ((0xd800..0xe000).contains(&code), after)
            }
            None => (false, digits),
        },
        [_, after @ ..] => (false, after),
        [] => (false, escape),
    }
}

/// The four digits of an escape, and what is after them.
fn code_unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, after) = text.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0, |unit, &digit| {
        char::from(digit).to_digit(16).map(|value| unit << 4 | value)
    })?;
    Some((unit, after))
}

/// The code point that this unit begins, together with the escape after it if they are a pair.
fn with_partner(unit: u32, after: &[u8]) -> (u32, &[u8]) {
    if (0xd800..0xdc00).contains(&unit)
        && let Some(low) = after.strip_prefix(b"\\u")
        && let Some((low @ 0xdc00..0xe000, after)) = code_unit(low)
    {
        return (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), after);
    }
    (unit, after)
}

fn push(text: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(character) => {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        // Half of a pair, as three bytes.
        None => text.extend(
            [0xe0 | code >> 12, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f].map(|byte| byte as u8),
        ),
    }
}
