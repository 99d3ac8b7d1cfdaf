//! JSON whose objects keep the order of their keys, and reading it so that every fault is found.

use std::{
    cell::{Cell, RefCell},
    fmt,
    ops::RangeInclusive,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;

use crate::{Fault, faults::Faults};

/// A JSON value. The order of keys is that of the text, for an envelope is sent in the order in
/// which it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
                Ok(Node::Flag(flag))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
                Ok(Node::Number(number.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
                Ok(Node::Number(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
                Ok(Number::from_f64(number).map_or(Node::Null, Node::Number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = all.next_element()? {
                    list.push(one);
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Node, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = all.next_entry()? {
                    fields.push(field);
                }
                Ok(Node::Object(fields))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// Written out as JSON, in the order in which it was read.
impl serde::Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(k, v)| (k, v))),
        }
    }
}

/// An object being read. Whatever nobody has asked for by the time it is dropped is a fault: a
/// misspelt setting must not be taken for one that was left out.
pub(crate) struct Section<'a> {
    fields: &'a [(String, Node)],
    pointer: String,
    faults: &'a Faults,
    asked: RefCell<Vec<&'a str>>,
    /// Whether the object is there at all.
    present: Cell<bool>,
}

impl<'a> Section<'a> {
    /// The object at `pointer`; where it is something else that is a fault, and it reads as empty.
    pub(crate) fn new(node: &'a Node, pointer: String, faults: &'a Faults) -> Self {
        let fields = if let Node::Object(fields) = node {
            fields.as_slice()
        } else {
            faults.add(pointer.as_str(), "must be an object");
            &[]
        };
        let present = Cell::new(matches!(node, Node::Object(_)));
        Self { fields, pointer, faults, asked: RefCell::default(), present }
    }

    /// The pointer of a field.
    pub(crate) fn at(&self, name: &str) -> String {
        child(&self.pointer, name)
    }

    pub(crate) const fn faults(&self) -> &'a Faults {
        self.faults
    }

    /// Reports a fault in a field.
    pub(crate) fn fault(&self, name: &str, problem: impl Into<String>) {
        self.faults.add(self.at(name), problem);
    }

    /// A field, if it is there and not `null`.
    pub(crate) fn field(&self, name: &'a str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(name);
        let found = self.fields.iter().find(|(key, _)| key == name).map(|(_, node)| node)?;
        (*found != Node::Null).then_some(found)
    }

    fn required(&self, name: &'a str) -> Option<&'a Node> {
        let found = self.field(name);
        if found.is_none() && self.present.get() {
            self.fault(name, "is missing");
        }
        found
    }

    /// A field that must be there, read by `read`, whose error says what is wrong with it.
    pub(crate) fn want<T>(
        &self,
        name: &'a str,
        read: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.required(name)?;
        self.read(name, node, read)
    }

    /// A field that may be left out, or be `null`.
    pub(crate) fn may<T>(
        &self,
        name: &'a str,
        read: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.field(name)?;
        self.read(name, node, read)
    }

    fn read<T>(
        &self,
        name: &str,
        node: &'a Node,
        read: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        read(node).map_err(|problem| self.fault(name, problem)).ok()
    }

    /// An object that must be there.
    pub(crate) fn section(&self, name: &'a str) -> Option<Self> {
        let node = self.required(name)?;
        Some(Self::new(node, self.at(name), self.faults))
    }

    /// An object that may be left out.
    pub(crate) fn maybe_section(&self, name: &'a str) -> Option<Self> {
        let node = self.field(name)?;
        Some(Self::new(node, self.at(name), self.faults))
    }

    /// The fields, in order, of an object whose keys are data.
    pub(crate) fn entries(&self) -> &'a [(String, Node)] {
        self.asked.borrow_mut().extend(self.fields.iter().map(|(name, _)| name.as_str()));
        self.fields
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        for (place, (name, _)) in self.fields.iter().enumerate() {
            if !asked.contains(&name.as_str()) {
                self.fault(name, "is not known here");
            } else if self.fields[..place].iter().any(|(earlier, _)| earlier == name) {
                self.fault(name, "is given twice");
            }
        }
    }
}

/// A key as a part of a JSON Pointer (RFC 6901 §3).
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The pointer of what `pointer` holds under `key`. Never much longer than a fault tells, for each
/// value of a document has one made.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    if pointer.len() >= Fault::POINTER_MAX {
        return pointer.to_owned();
    }
    let key = &key[..key.floor_char_boundary(Fault::POINTER_MAX)];
    format!("{pointer}/{}", escape(key))
}

/// At most so many bytes of a text, in whole characters.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

pub(crate) fn text(node: &Node) -> Result<&str, String> {
    if let Node::Text(text) = node { Ok(text) } else { Err("must be a string".into()) }
}

pub(crate) fn flag(node: &Node) -> Result<bool, String> {
    if let Node::Flag(flag) = node { Ok(*flag) } else { Err("must be true or false".into()) }
}

pub(crate) fn list(node: &Node) -> Result<&[Node], String> {
    if let Node::List(list) = node { Ok(list) } else { Err("must be a list".into()) }
}

/// A whole number within a range.
pub(crate) fn whole(range: RangeInclusive<u64>) -> impl Fn(&Node) -> Result<u64, String> {
    move |node| {
        let number = if let Node::Number(number) = node { number.as_u64() } else { None };
        let (least, most) = (range.start(), range.end());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }
}

/// One of a few words, each with what it means.
pub(crate) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Node) -> Result<T, String> {
    move |node| {
        let found = if let Node::Text(text) = node {
            words.iter().find(|(word, _)| word == text).map(|(_, meaning)| *meaning)
        } else {
            None
        };
        found.ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!("must be one of: {}", words.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(json: &str, read: impl FnOnce(&Section<'_>)) -> Vec<String> {
        let node: Node = serde_json::from_str(json).unwrap();
        let faults = Faults::default();
        read(&Section::new(&node, String::new(), &faults));
        faults.into_vec().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_fault_is_found_and_has_its_place() {
        let found = faults_of(r#"{"a~/": 1, "b": {"c": "x"}, "d": null, "d": 2}"#, |top| {
            assert!(top.want("missing", text).is_none());
            assert_eq!(top.may("d", whole(1..=2)), None);
            let b = top.section("b").unwrap();
            assert!(b.want("c", flag).is_none());
        });
        assert_eq!(
            found,
            [
                "/missing: is missing",
                "/b/c: must be true or false",
                "/a~0~1: is not known here",
                "/d: is given twice",
            ]
        );
        assert_eq!(faults_of("[]", |top| _ = top.want("a", text)), ["/: must be an object"]);
    }
}
