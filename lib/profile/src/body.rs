//! The envelope: a JSON template whose variables are filled in.
//!
//! # Invariants
//! - Keys are sent in the order of the template.
//! - A producer's JSON is spliced in as text; nothing in it is read as a number.
//! - What is absent is not `null`: its key is left out, or `null` is written, as the profile says;
//!   a `null` that the producer gave stays.
//! - What a producer may have made large stands in a template once at most, and no body is longer
//!   than [`BODY_MAX`].

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::{
    document::{Node, child},
    faults::Faults,
    variable::{Piece, Scope, Variable, pieces},
};

/// How deep a template may be.
pub(crate) const DEPTH_MAX: usize = 16;

/// The longest body that is written, in bytes. A payload of 1 MiB, which is as long as they are,
/// grows at most sixfold when PHP writes it, and all else in an envelope is small.
pub const BODY_MAX: usize = 8 * 1024 * 1024;

/// The body would be longer than [`BODY_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// What a variable stands for.
pub(crate) enum Value<'a> {
    /// JSON, as its producer wrote it.
    Json(&'a str),
    /// Text, a string where JSON wants a value.
    Text(Cow<'a, str>),
    /// Text that JSON writes as a number.
    Number(String),
}

/// Knows what variables stand for; `None` for what nobody said.
pub(crate) trait Values {
    fn value(&self, variable: Variable) -> Option<Value<'_>>;
}

/// A value of the template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Template {
    /// JSON without variables.
    Constant(String),
    /// A string that is nothing but a variable: the variable's own JSON.
    Variable(Variable),
    /// A string with variables in it.
    Text(Vec<Piece>),
    List(Vec<Template>),
    /// Keys are JSON strings, quotes included.
    Object(Vec<(String, Template)>),
}

/// Reads a template.
struct Reader<'f> {
    faults: &'f Faults,
    /// What has been spliced in of the variables that may be large.
    spliced: Vec<Variable>,
}

impl Reader<'_> {
    fn value(&mut self, node: &Node, pointer: &str, depth: usize) -> Option<Template> {
        let Some(depth) = depth.checked_sub(1) else {
            self.faults.add(pointer, format!("is deeper than {DEPTH_MAX}"));
            return None;
        };
        Some(match node {
            Node::Null => Template::Constant("null".into()),
            Node::Flag(flag) => Template::Constant(flag.to_string()),
            Node::Number(number) => Template::Constant(number.to_string()),
            Node::Text(text) => self.text(text, pointer)?,
            Node::List(list) => {
                let read = |(place, node): (usize, _)| {
                    self.value(node, &child(pointer, &place.to_string()), depth)
                };
                // All of them are read before one that cannot be ends it.
                let read: Vec<_> = list.iter().enumerate().map(read).collect();
                Template::List(read.into_iter().collect::<Option<_>>()?)
            }
            Node::Object(fields) => {
                let read = |(place, (key, node)): (usize, &(String, Node))| {
                    let at = child(pointer, key);
                    if fields[..place].iter().any(|(earlier, _)| earlier == key) {
                        self.faults.add(&at, "is given twice");
                    }
                    Some((quoted(key), self.value(node, &at, depth)?))
                };
                let read: Vec<_> = fields.iter().enumerate().map(read).collect();
                Template::Object(read.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    fn text(&mut self, text: &str, pointer: &str) -> Option<Template> {
        let pieces = pieces(text, Scope::Body).map_err(|problem| self.faults.add(pointer, problem));
        let pieces = pieces.ok()?;
        for piece in &pieces {
            let Piece::Variable(variable @ (Variable::EventData | Variable::EventMeta)) = piece
            else {
                continue;
            };
            if self.spliced.contains(variable) {
                self.faults.add(pointer, "event.data and event.meta may each stand here once");
                break;
            }
            self.spliced.push(*variable);
        }
        Some(match pieces.as_slice() {
            [] => Template::Constant("\"\"".into()),
            [Piece::Literal(text)] => Template::Constant(quoted(text)),
            [Piece::Variable(variable)] => Template::Variable(*variable),
            _ => Template::Text(pieces),
        })
    }
}

impl Template {
    pub(crate) fn read(node: &Node, pointer: &str, faults: &Faults) -> Option<Self> {
        Reader { faults, spliced: Vec::new() }.value(node, pointer, DEPTH_MAX)
    }

    /// Whether this is the payload and nothing else.
    pub(crate) fn is_bare(&self) -> bool {
        *self == Self::Variable(Variable::EventData)
    }

    /// Writes the template out, without white space of its own.
    ///
    /// # Errors
    /// [`TooLong`]; then `out` has a part of it.
    pub(crate) fn write(
        &self,
        values: &impl Values,
        omit_absent: bool,
        out: &mut String,
    ) -> Result<(), TooLong> {
        match self {
            Self::Constant(json) => push(out, json)?,
            Self::Variable(variable) => match values.value(*variable) {
                None => push(out, "null")?,
                Some(Value::Json(json)) => push(out, json)?,
                Some(Value::Number(number)) => push(out, &number)?,
                Some(Value::Text(text)) => push(out, &quoted(&text))?,
            },
            Self::Text(pieces) => push(out, &quoted(&filled(pieces, values)))?,
            Self::List(list) => {
                for (place, one) in list.iter().enumerate() {
                    push(out, if place == 0 { "[" } else { "," })?;
                    one.write(values, omit_absent, out)?;
                }
                push(out, if list.is_empty() { "[]" } else { "]" })?;
            }
            Self::Object(fields) => {
                push(out, "{")?;
                let mut first = true;
                for (key, value) in fields {
                    let absent =
                        |variable: &Variable| omit_absent && values.value(*variable).is_none();
                    if matches!(value, Self::Variable(variable) if absent(variable)) {
                        continue;
                    }
                    if !std::mem::take(&mut first) {
                        push(out, ",")?;
                    }
                    push(out, key)?;
                    push(out, ":")?;
                    value.write(values, omit_absent, out)?;
                }
                push(out, "}")?;
            }
        }
        Ok(())
    }
}

fn push(out: &mut String, text: &str) -> Result<(), TooLong> {
    if text.len() > BODY_MAX.saturating_sub(out.len()) {
        return Err(TooLong);
    }
    out.push_str(text);
    Ok(())
}

/// A text with its variables filled in; what is absent leaves nothing.
pub(crate) fn filled(pieces: &[Piece], values: &impl Values) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Variable(variable) => match values.value(*variable) {
                None => {}
                Some(Value::Json(json)) => text.push_str(json),
                Some(Value::Number(number)) => text.push_str(&number),
                Some(Value::Text(value)) => text.push_str(&value),
            },
        }
    }
    text
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

#[cfg(test)]
mod tests;
