//! The envelope: a JSON template whose variables are filled in.
//!
//! # Invariants
//! - Keys are sent in the order of the template.
//! - A producer's JSON is spliced in as text; nothing in it is read as a number.
//! - What is absent is not `null`: its key is left out, or `null` is written, as the profile says;
//!   a `null` that the producer gave stays.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::{
    document::{Faults, Node, escape},
    variable::{Piece, Scope, Variable, pieces},
};

/// How deep a template may be.
const DEPTH_MAX: usize = 16;

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

impl Template {
    pub(crate) fn read(node: &Node, pointer: &str, faults: &Faults) -> Option<Self> {
        Self::read_within(node, pointer, faults, DEPTH_MAX)
    }

    fn read_within(node: &Node, pointer: &str, faults: &Faults, depth: usize) -> Option<Self> {
        let Some(depth) = depth.checked_sub(1) else {
            faults.add(pointer, format!("is deeper than {DEPTH_MAX}"));
            return None;
        };
        Some(match node {
            Node::Null => Self::Constant("null".into()),
            Node::Flag(flag) => Self::Constant(flag.to_string()),
            Node::Number(number) => Self::Constant(number.to_string()),
            Node::Text(text) => match pieces(text, Scope::Body) {
                Err(problem) => {
                    faults.add(pointer, problem);
                    return None;
                }
                Ok(pieces) => match pieces.as_slice() {
                    [] => Self::Constant("\"\"".into()),
                    [Piece::Literal(text)] => Self::Constant(quoted(text)),
                    [Piece::Variable(variable)] => Self::Variable(*variable),
                    _ => Self::Text(pieces),
                },
            },
            Node::List(list) => {
                let read = |(place, node)| {
                    Self::read_within(node, &format!("{pointer}/{place}"), faults, depth)
                };
                // All of them are read before one that cannot be ends it.
                let read: Vec<_> = list.iter().enumerate().map(read).collect();
                Self::List(read.into_iter().collect::<Option<_>>()?)
            }
            Node::Object(fields) => {
                let read = |(place, (key, node)): (usize, &(String, Node))| {
                    let at = format!("{pointer}/{}", escape(key));
                    if fields[..place].iter().any(|(earlier, _)| earlier == key) {
                        faults.add(&at, "is given twice");
                    }
                    Some((quoted(key), Self::read_within(node, &at, faults, depth)?))
                };
                let read: Vec<_> = fields.iter().enumerate().map(read).collect();
                Self::Object(read.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    /// Whether this is the payload and nothing else.
    pub(crate) fn is_bare(&self) -> bool {
        *self == Self::Variable(Variable::EventData)
    }

    /// Writes the template out, without white space of its own.
    pub(crate) fn write(&self, values: &impl Values, omit_absent: bool, out: &mut String) {
        match self {
            Self::Constant(json) => out.push_str(json),
            Self::Variable(variable) => match values.value(*variable) {
                None => out.push_str("null"),
                Some(Value::Json(json)) => out.push_str(json),
                Some(Value::Number(number)) => out.push_str(&number),
                Some(Value::Text(text)) => out.push_str(&quoted(&text)),
            },
            Self::Text(pieces) => out.push_str(&quoted(&filled(pieces, values))),
            Self::List(list) => {
                for (place, one) in list.iter().enumerate() {
                    out.push(if place == 0 { '[' } else { ',' });
                    one.write(values, omit_absent, out);
                }
                out.push_str(if list.is_empty() { "[]" } else { "]" });
            }
            Self::Object(fields) => {
                out.push('{');
                let mut first = true;
                for (key, value) in fields {
                    let absent =
                        |variable: &Variable| omit_absent && values.value(*variable).is_none();
                    if matches!(value, Self::Variable(variable) if absent(variable)) {
                        continue;
                    }
                    if !std::mem::take(&mut first) {
                        out.push(',');
                    }
                    out.push_str(key);
                    out.push(':');
                    value.write(values, omit_absent, out);
                }
                out.push('}');
            }
        }
    }
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
mod tests {
    use super::*;

    struct Known(Option<&'static str>);

    impl Values for Known {
        fn value(&self, variable: Variable) -> Option<Value<'_>> {
            match variable {
                Variable::EventData => Some(Value::Json(r#"{ "n": 1.50 }"#)),
                Variable::EventType => Some(Value::Text("a\"b".into())),
                Variable::EventTime => Some(Value::Number("17".into())),
                Variable::EventMeta => self.0.map(Value::Json),
                _ => None,
            }
        }
    }

    fn written(template: &str, meta: Option<&'static str>, omit_absent: bool) -> String {
        let node: Node = serde_json::from_str(template).unwrap();
        let faults = Faults::default();
        let template = Template::read(&node, "", &faults).unwrap();
        let mut out = String::new();
        template.write(&Known(meta), omit_absent, &mut out);
        out
    }

    #[test]
    fn order_is_kept_and_a_producers_json_is_spliced_as_it_is() {
        let template = r#"{"z": "{{event.type}}", "a": "{{event.data}}", "at": "{{event.time}}",
            "text": "<{{event.type}}>", "v": [1, "{{event.time}}", {}, []], "n": null}"#;
        assert_eq!(
            written(template, None, true),
            r#"{"z":"a\"b","a":{ "n": 1.50 },"at":17,"text":"<a\"b>","v":[1,17,{},[]],"n":null}"#
        );
        assert_eq!(written(r#""{{event.data}}""#, None, true), r#"{ "n": 1.50 }"#);
    }

    #[test]
    fn absent_is_not_null() {
        let template = r#"{"meta": "{{event.meta}}", "x": true}"#;
        assert_eq!(written(template, None, true), r#"{"x":true}"#);
        assert_eq!(written(template, None, false), r#"{"meta":null,"x":true}"#);
        assert_eq!(written(template, Some("null"), true), r#"{"meta":null,"x":true}"#);
    }

    #[test]
    fn every_faulty_place_of_a_template_is_named() {
        let json = r#"{"a/b": ["{{event.id", "{{attempt.unix}}"], "c": 1, "c": 2}"#;
        let node: Node = serde_json::from_str(json).unwrap();
        let faults = Faults::default();
        Template::read(&node, "/body/template", &faults);
        let found: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.pointer).collect();
        let list = "/body/template/a~1b";
        assert_eq!(found, [format!("{list}/0"), format!("{list}/1"), "/body/template/c".into()]);
    }
}
