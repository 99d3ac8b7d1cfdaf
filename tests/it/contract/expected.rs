//! A contract as it is written down.

use std::collections::BTreeMap;

/// Operations and the models they speak of.
#[derive(Default)]
pub(super) struct Contract {
    pub(super) operations: Vec<Operation>,
    pub(super) models: BTreeMap<String, Model>,
}

#[derive(Default)]
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, Kind)>,
    pub(super) body: Option<Kind>,
    /// Good answers and what they hold.
    pub(super) answers: Vec<(String, Option<Kind>)>,
}

pub(super) enum Model {
    Object(Vec<Field>),
    Enum(Vec<String>),
    Alias(Kind),
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) is_required: bool,
    pub(super) kind: Kind,
}

/// The kind of a value.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) is_nullable: bool,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Any,
    /// `string`, `integer`, `number`, `boolean` or `object`.
    Plain(String),
    List(Box<Kind>),
    Map(Box<Kind>),
    Model(String),
}

impl Contract {
    pub(super) fn parse(text: &str) -> Self {
        let mut contract = Self::default();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for block in lines.split(|line| line.trim().is_empty()).filter(|block| !block.is_empty()) {
            let (head, rest) = (block[0], &block[1..]);
            match head.split_once(' ').unwrap() {
                ("model", name) => {
                    let fields = rest.iter().map(|line| field(line)).collect();
                    contract.models.insert(name.to_owned(), Model::Object(fields));
                }
                ("enum", text) => {
                    let (name, values) = text.split_once(": ").unwrap();
                    let values = values.split(' ').map(str::to_owned).collect();
                    contract.models.insert(name.to_owned(), Model::Enum(values));
                }
                ("alias", text) => {
                    let (name, kind) = text.split_once(": ").unwrap();
                    contract.models.insert(name.to_owned(), Model::Alias(self::kind(kind)));
                }
                (method, rest_of_head) => {
                    let path = rest_of_head.split(' ').next().unwrap();
                    contract.operations.push(operation(method, path, rest));
                }
            }
        }
        contract
    }
}

fn operation(method: &str, path: &str, lines: &[&str]) -> Operation {
    let mut operation =
        Operation { method: method.to_owned(), path: path.to_owned(), ..Operation::default() };
    for line in lines {
        let (what, rest) = line.trim().split_once(' ').unwrap();
        let (name, kind) = match rest.split_once(": ") {
            Some((name, text)) => (name, Some(kind(text))),
            None => (rest, None),
        };
        match what {
            "query" => operation.query.push((name.to_owned(), kind.unwrap())),
            "body:" => operation.body = Some(self::kind(rest)),
            "answer" => operation.answers.push((name.to_owned(), kind)),
            other => panic!("{other} in {path}"),
        }
    }
    operation
}

fn field(line: &str) -> Field {
    let (name, text) = line.trim().split_once(": ").unwrap();
    let is_required = !name.ends_with('?');
    Field { name: name.trim_end_matches('?').to_owned(), is_required, kind: kind(text) }
}

fn kind(text: &str) -> Kind {
    let (text, is_nullable) = match text.strip_suffix("|null") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let inner = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let shape = if let Some(item) = inner('[', ']') {
        Shape::List(Box::new(kind(item)))
    } else if let Some(value) = inner('{', '}') {
        Shape::Map(Box::new(kind(value)))
    } else if text == "any" {
        Shape::Any
    } else if matches!(text, "string" | "integer" | "number" | "boolean" | "object") {
        Shape::Plain(text.to_owned())
    } else {
        Shape::Model(text.to_owned())
    };
    Kind { is_nullable, shape }
}
