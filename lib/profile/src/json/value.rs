//! A JSON value that still has the text of its numbers.

use std::collections::HashMap;

use super::text::Text;

/// A value of a document. At most some 40 bytes for each byte of its text.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// `null`, `true` or `false`.
    Literal(&'static str),
    /// As it is written; RFC 8259's grammar holds.
    Number(&'a str),
    String(Text<'a>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// Members of different names, in the order in which the names first came.
#[derive(Debug)]
pub(super) struct Object<'a>(pub(super) Vec<Member<'a>>);

#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) name: Text<'a>,
    pub(super) value: Value<'a>,
}

/// Up to here each name is held against each other.
const FEW: usize = 8;

impl<'a> Object<'a> {
    /// Of members that have the same name, the last value stays in the first one's place.
    pub(super) fn of(mut members: Vec<Member<'a>>) -> Self {
        let repeats =
            if members.len() <= FEW { repeats_of_few(&members) } else { repeats_of_many(&members) };
        if repeats.is_empty() {
            return Self(members);
        }
        for &(first, repeat) in &repeats {
            members.swap(first, repeat);
        }
        let mut gone = repeats.iter().map(|&(_, repeat)| repeat).peekable();
        let mut position = 0;
        members.retain(|_| {
            let goes = gone.next_if_eq(&position).is_some();
            position += 1;
            !goes
        });
        Self(members)
    }

    /// Whether PHP takes it for a list: the names are 0, 1, 2 and so on.
    pub(super) fn is_list_like(&self) -> bool {
        self.0.iter().enumerate().all(|(position, member)| {
            array_index(&member.name).is_some_and(|index| index as usize == position)
        })
    }

    /// In the order in which JavaScript has properties: array indices first and ascending, then
    /// the others as they came. `__proto__` is a name like any other to its parser.
    pub(super) fn in_ecma_order(&self) -> Vec<&Member<'a>> {
        let mut members: Vec<_> = self.0.iter().collect();
        if members.iter().any(|member| array_index(&member.name).is_some()) {
            // Stable, and none is after all others.
            members.sort_by_key(|member| array_index(&member.name).unwrap_or(u32::MAX));
        }
        members
    }

    /// In the order of the names' UTF-16 code units (RFC 8785 §3.2.3).
    pub(super) fn in_utf16_order(&self) -> Vec<&Member<'a>> {
        let mut members: Vec<_> = self.0.iter().collect();
        members.sort_by_cached_key(|member| member.name.lossy().encode_utf16().collect::<Vec<_>>());
        members
    }
}

/// Where names come again, in order: the first place, and the place itself.
fn repeats_of_few(members: &[Member<'_>]) -> Vec<(usize, usize)> {
    let mut repeats = Vec::new();
    for (position, member) in members.iter().enumerate() {
        let first = members[..position].iter().position(|earlier| *earlier.name == *member.name);
        repeats.extend(first.map(|first| (first, position)));
    }
    repeats
}

fn repeats_of_many(members: &[Member<'_>]) -> Vec<(usize, usize)> {
    let mut firsts = HashMap::with_capacity(members.len());
    let mut repeats = Vec::new();
    for (position, member) in members.iter().enumerate() {
        let first = *firsts.entry(&*member.name).or_insert(position);
        if first != position {
            repeats.push((first, position));
        }
    }
    repeats
}

/// The name as an array index of ECMAScript, 0 to 2³² − 2 without leading zeros.
fn array_index(name: &[u8]) -> Option<u32> {
    if name.is_empty() || name.len() > 10 || name[0] == b'0' && name.len() > 1 {
        return None;
    }
    let index = name.iter().try_fold(0_u64, |index, digit| {
        digit.is_ascii_digit().then(|| index * 10 + u64::from(digit - b'0'))
    })?;
    u32::try_from(index).ok().filter(|&index| index != u32::MAX)
}
